"""Reading real databases and a real broker."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.commands.reconcile import CANNOT_TELL, app
from deploy.local.settings import SERVICES
from deploy.reconcile.databases import count_waiting, read_kept
from deploy.reconcile.kept import Case
from deploy.reconcile.recount import reconcile
from deploy.reconcile.topics import count_behind, read_topics
from services.complaints.app import create_app
from services.complaints.settings import ComplaintsSettings
from shared.clock import ManualClock
from shared.contracts import topics
from shared.messaging import Event
from shared.messaging.broker import Message
from shared.messaging.event import encode
from shared.messaging.kafka import KafkaBroker
from shared.testing import Served, serve
from tests.deploy_reconcile.story import events, heard, told, topic_of

Dsns = dict[str, str]


@pytest.fixture
async def dsns(service_dsn: Callable[[str], Awaitable[str]]) -> Dsns:
    """Six empty databases."""
    return {service: await service_dsn(service) for service in SERVICES}


@pytest.fixture
async def complaints(dsns: Dsns, clock: ManualClock) -> AsyncIterator[Served]:
    async with serve(create_app, ComplaintsSettings, dsns["complaints"], clock=clock) as served:
        yield served


async def publish(broker: KafkaBroker, prefix: str, sent: list[Event]) -> None:
    await broker.ensure_topics({prefix + topic: 2 for topic in topics()})
    producer = await broker.producer()
    messages = [Message(prefix + topic_of(one), one.key, *encode(one)) for one in sent]
    await producer.publish(messages)
    await producer.stop()


async def test_empty_databases_hold_nothing(dsns: Dsns) -> None:
    kept = await read_kept(dsns)
    assert (kept.identities, kept.tasks, kept.cases, kept.figures) == (set(), {}, {}, {})
    assert await count_waiting(dsns) == dict.fromkeys(SERVICES, 0)


async def test_cases_outbox_and_dead_letters_are_read_from_where_the_service_keeps_them(
    dsns: Dsns, complaints: Served
) -> None:
    broken = told("visit.dissatisfied", visit_id="V9", completed_at="yesterday")
    await complaints.deliver(told("visit.dissatisfied", visit_id="V1"), broken)
    await complaints.run_job("assign")
    kept = await read_kept(dsns)
    assert list(kept.cases.values()) == [Case("visit", "V1", "assigned", 0)]
    assert kept.outbox["complaints"] == len(await complaints.published())
    assert [(letter.service, letter.event_id) for letter in kept.letters] == [("complaints", broken.id)]
    assert (await count_waiting(dsns))["complaints"] == kept.outbox["complaints"]


async def test_topics_are_read_whole_and_doubles_seen_through(kafka_broker: KafkaBroker, topic_prefix: str) -> None:
    await publish(kafka_broker, topic_prefix, events() + events())
    listener = heard([])
    async for portion in read_topics(kafka_broker.bootstrap, topic_prefix):
        listener.take(portion)
    assert listener.counts == heard().counts
    assert listener.recount.result() == heard().recount.result()


async def test_a_groups_lag_is_counted(kafka_broker: KafkaBroker, topic_prefix: str) -> None:
    await publish(kafka_broker, topic_prefix, events())
    group = f"{topic_prefix}huifang-visits"

    async def nothing() -> None: ...

    member = await kafka_broker.subscribe(group, [f"{topic_prefix}tasks-v1"], nothing)
    polled = []
    while not polled:
        polled = await member.poll(1, 1.0)
    await member.commit({(polled[0].topic, polled[0].partition): polled[0].offset + 1})
    await member.stop()
    of_tasks = sum(topic_of(sent) == "tasks-v1" for sent in events())
    assert await count_behind(kafka_broker.bootstrap, [group, "nobody"]) == {group: of_tasks - 1, "nobody": 0}


async def test_a_platform_that_has_done_nothing_agrees(
    dsns: Dsns, kafka_broker: KafkaBroker, topic_prefix: str
) -> None:
    await publish(kafka_broker, topic_prefix, [])
    run: dict[str, Any] = {"postgres": dsns, "kafka": kafka_broker.bootstrap}
    result = await reconcile(run, 0, lambda _: None, topic_prefix)
    assert [check for check in result.checks if not check.agrees] == []


async def test_events_that_no_database_knows_are_mismatches(
    dsns: Dsns, kafka_broker: KafkaBroker, topic_prefix: str
) -> None:
    await publish(kafka_broker, topic_prefix, events())
    run: dict[str, Any] = {"postgres": dsns, "kafka": kafka_broker.bootstrap}
    result = await reconcile(run, 0, lambda _: None, topic_prefix)
    assert not result.agrees


def test_without_a_running_platform_the_command_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUIFANG_VAR", str(tmp_path))
    answer = CliRunner().invoke(app, [])
    assert answer.exit_code == CANNOT_TELL
    assert "make run" in answer.stderr
