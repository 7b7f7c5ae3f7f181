"""What a stream tells when: soon, everything at once, and not too often."""

import asyncio

import pytest

from shared.live import streams
from shared.live.streams import MOST_OF_ONE, Streams, TooManyStreams
from shared.principal import Principal, Role

FAR = 60.0
ONE, BOTH = frozenset(["queue"]), frozenset(["queue", "notices"])


def somebody(name: str = "1001") -> Principal:
    return Principal(name, (Role.AGENT,))


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_what_changes_while_a_nudge_is_on_its_way_is_told_with_it() -> None:
    stream = Streams(1).open(somebody())
    stream.nudge(ONE, 0)
    stream.nudge(BOTH, 0)
    assert await stream.wait(now() + FAR) == BOTH
    assert await stream.wait(now()) == frozenset()


async def test_a_page_is_not_nudged_again_before_the_gap_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "GAP", 0.2)
    stream = Streams(1).open(somebody())
    stream.nudge(ONE, 0)
    assert await stream.wait(now() + FAR) == ONE
    told = now()
    stream.nudge(ONE, 0)
    assert await stream.wait(now() + FAR) == ONE
    assert now() - told >= 0.2


async def test_pages_of_many_do_not_all_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.random, "uniform", lambda _least, most: most)
    many = Streams(1000)
    waits: list[float] = []
    monkeypatch.setattr(streams.Stream, "nudge", lambda _stream, _parts, wait: waits.append(wait))
    few = [many.open(somebody(f"A{number}")) for number in range(5)]
    many.nudge(lambda who: ONE)
    assert waits == [5 / streams.PACE] * len(few)
    for number in range(500):
        many.open(somebody(f"B{number}"))
    waits.clear()
    many.nudge(lambda who: ONE if who.id.startswith("B") else ())
    assert waits == [streams.LONGEST_SPREAD] * 500


async def test_the_end_of_a_stream_is_heard_by_whoever_waits() -> None:
    kept = Streams(1)
    stream = kept.open(somebody())
    waiting = asyncio.create_task(stream.wait(now() + FAR))
    await asyncio.wait([waiting], timeout=0)
    kept.end_all()
    assert await waiting == frozenset()
    assert stream.ended


async def test_a_place_is_free_again_once_its_stream_is_closed_however_often() -> None:
    kept = Streams(MOST_OF_ONE + 1)
    own = [kept.open(somebody()) for _ in range(MOST_OF_ONE)]
    with pytest.raises(TooManyStreams):
        kept.open(somebody())
    other = kept.open(somebody("1002"))
    with pytest.raises(TooManyStreams):
        kept.open(somebody("1003"))
    kept.close(own[0])
    kept.close(own[0])
    assert len(kept) == MOST_OF_ONE
    kept.open(somebody())
    kept.close(other)
    assert "1002" not in kept._of
