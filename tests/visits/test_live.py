"""Agents' pages are nudged when something of theirs has changed, and only they, for as long as they are signed in."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import asyncpg
import pytest
from prometheus_client import REGISTRY

from shared.live import Live
from shared.live import streams as limits
from shared.live.listener import CHANNEL
from shared.messaging import Work
from shared.sessions import COOKIE, Session, end_session, void_sessions
from tests.hostile.wire import listening
from tests.visits.conftest import HAPPY, Desk, cancelled, released
from tests.visits.streams import BEAT, CHANGED, LIVE, PATIENCE, QUEUE, asked, bearer, cookie, streamed

COUNT = "huifang_http_request_seconds_count"
End = Callable[[Work, Session], Awaitable[None]]


@pytest.fixture
async def port(desk: Desk) -> AsyncIterator[int]:
    async with listening(desk.served.app) as port:
        yield port


def live_of(desk: Desk) -> Live:
    live = desk.served.runtime.live
    assert live is not None
    return live


def due_of(desk: Desk, name: str) -> list[frozenset[str]]:
    """What this person's streams in this process are still to be told."""
    return [stream.due for stream in live_of(desk).streams._open if stream.who.id == name]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.to_thread(time.sleep, 0.01)


async def closed(desk: Desk, left: int = 0) -> None:
    """Until so many streams are left."""
    await until(lambda: len(live_of(desk).streams) == left)


async def test_a_visit_that_is_released_nudges_those_who_may_claim_it_and_nobody_else(desk: Desk, port: int) -> None:
    async with AsyncExitStack() as stack:
        own = await stack.enter_async_context(streamed(port, bearer("1001", teams=["hotline"], units=["B1"])))
        await stack.enter_async_context(streamed(port, bearer("1002", teams=["backoffice"])))
        await stack.enter_async_context(streamed(port, bearer("1003", units=["B2"])))
        whole = await stack.enter_async_context(streamed(port, bearer("1004")))
        await desk.served.deliver(released("T1"))
        assert await own.changed() == QUEUE
        assert await whole.changed() == QUEUE
        assert due_of(desk, "1002") == due_of(desk, "1003") == [frozenset()]  # they heard of it at the same moment


async def test_who_holds_a_visit_is_nudged_when_it_is_taken_away(desk: Desk, port: int) -> None:
    await desk.claimed("T1")
    headers = bearer("1001", teams=["elsewhere"])
    async with streamed(port, headers) as holder, streamed(port, bearer("1002")) as colleague:
        await desk.served.deliver(cancelled("T1"))
        assert await holder.changed() == CHANGED
        assert await colleague.changed() == QUEUE


async def test_what_only_the_holder_changes_is_told_to_nobody(desk: Desk, port: int) -> None:
    visit = await desk.claimed("T1")
    heard: asyncio.Queue[str] = asyncio.Queue()
    connection = await asyncpg.connect(desk.served.runtime.db.dsn)
    try:
        await connection.add_listener(CHANNEL, lambda *told: heard.put_nowait(told[3]))
        async with desk.agent() as client:
            seen = await desk.seen(visit)
            answers = {"answers": HAPPY}
            assert (await client.put(f"/api/v1/visits/{visit}/answers", json=answers, headers=seen)).is_success
            assert (await client.post(f"/api/v1/visits/{visit}/dial")).is_success
        await connection.execute(f"NOTIFY {CHANNEL}, 'the end'")
        assert await asyncio.wait_for(heard.get(), PATIENCE) == "the end"
    finally:
        await connection.close()


async def test_many_changes_at_once_are_told_to_everybody(desk: Desk, port: int) -> None:
    async with streamed(port, bearer("1003", units=["B2"])) as stream:
        await desk.served.deliver(
            *(
                released(f"T{number}", customer=f"C{number}", branch=f"a-branch-with-a-name-{number}")
                for number in range(300)
            )
        )
        assert await stream.changed() == CHANGED


async def test_a_stream_more_than_there_may_be_is_refused_and_one_that_ends_makes_room(desk: Desk, port: int) -> None:
    live_of(desk).streams.most = 2
    async with streamed(port, bearer("1001")):
        async with streamed(port, bearer("1002")), asked(port, bearer("1003")) as third:
            await third.answer.aread()
            assert third.answer.status_code == 503
            assert third.answer.json()["type"] == "urn:huifang:problem:too-many-streams"
        await closed(desk, left=1)
        async with streamed(port, bearer("1003")):
            pass


async def test_nobody_takes_the_streams_of_others(desk: Desk, port: int) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(limits.MOST_OF_ONE):
            await stack.enter_async_context(streamed(port, bearer("1001")))
        async with asked(port, bearer("1001")) as more:
            assert more.answer.status_code == 503
        async with streamed(port, bearer("1002")):
            pass


async def sign_out(work: Work, session: Session) -> None:
    await end_session(work, session)


async def disable(work: Work, session: Session) -> None:
    await void_sessions(work, session.principal.id, work.clock.machine() + timedelta(seconds=1))


@pytest.mark.parametrize("end", [sign_out, disable])
async def test_the_stream_of_who_is_not_let_in_any_more_ends(desk: Desk, port: int, end: End) -> None:
    live_of(desk).beat = 0.05
    headers = cookie(desk.served)
    session = desk.served.runtime.signer.read(headers["Cookie"].removeprefix(f"{COOKIE}="), desk.clock.machine())
    async with streamed(port, headers) as stream, streamed(port, cookie(desk.served, "1002")) as other:
        assert await stream.next() == BEAT
        async with desk.served.runtime.db.work() as work:
            await end(work, session)
        assert await stream.changed() is None
        assert await other.next() == BEAT
    async with asked(port, headers) as again:
        assert again.answer.status_code == 401


async def test_a_stream_ends_by_itself_and_the_page_opens_another(desk: Desk, port: int) -> None:
    live_of(desk).life = (0.0, 0.0)
    async with streamed(port, bearer("1001")) as stream:
        assert await stream.next() is None
    await closed(desk)


async def test_a_server_that_stops_waits_for_no_stream(desk: Desk) -> None:
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(PATIENCE):
            async with listening(desk.served.app) as port:
                streams = [await stack.enter_async_context(streamed(port, bearer(f"100{n}"))) for n in range(3)]
        assert [await stream.next() for stream in streams] == [None] * 3


async def test_streams_end_with_the_connection_that_listens_and_new_ones_are_nudged(desk: Desk, port: int) -> None:
    async with streamed(port, bearer("1001")) as stream:
        assert await end_listening(desk) == 1
        assert await stream.changed() is None
    async with streamed(port, bearer("1001")) as stream:
        await desk.served.deliver(released("T1"))
        assert await stream.changed() == QUEUE


async def test_without_a_database_to_listen_to_there_is_no_stream(
    desk: Desk, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_args: object, **_options: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncpg, "connect", refuse)
    monkeypatch.setattr("shared.live.listener.PATIENCE", 0.1)
    async with asked(port, bearer("1001")) as refused:
        assert refused.answer.status_code == 503
    monkeypatch.undo()
    async with streamed(port, bearer("1001")):
        pass


async def end_listening(desk: Desk) -> int:
    """How many connections that listen were ended."""
    connection = await asyncpg.connect(desk.served.runtime.db.dsn)
    try:
        ended = await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'huifang-visits-live' AND datname = current_database()"
        )
    finally:
        await connection.close()
    return len(ended)


async def test_a_stream_is_counted_as_a_request_that_was_answered_at_once(
    desk: Desk, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    labels = {"service": "visits", "method": "GET", "route": LIVE, "status": "200"}
    async with streamed(port, bearer("1001")) as stream:
        await desk.served.deliver(released("T1"))
        assert await stream.changed() == QUEUE
        counted = REGISTRY.get_sample_value(COUNT, labels)
    await closed(desk)
    assert counted is not None
    assert REGISTRY.get_sample_value(COUNT, labels) == counted
    said = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert [line["status"] for line in said if line["event"] == "request" and line["route"] == LIVE] == [200]
