"""The pytest plugin: servers, databases, brokers and the clock; and no event may be published unlike its contract."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import asyncpg
import hypothesis
import pytest

from shared.clock import ManualClock
from shared.ids import new_id
from shared.messaging import strict
from shared.messaging.kafka import KafkaBroker
from shared.messaging.memory import MemoryBroker
from shared.messaging.tables import (
    API_KEYS,
    AUDIT_CHAIN,
    AUDIT_CHECKPOINT,
    CORE_0001,
    DEPLOYMENT,
    ENDED_SESSIONS,
    ERASURE,
    ORGANISATION,
    VOID_SESSIONS,
)
from shared.testing import servers
from shared.testing.databases import Databases
from shared.testing.events import NOON

hypothesis.settings.register_profile("huifang", deadline=None)  # a loaded machine is no counter-example
hypothesis.settings.load_profile("huifang")

strict.STRICT = True
os.environ["HUIFANG_STRICT_EVENTS"] = "1"  # for the processes that tests start

MARKER_OF_FIXTURE = {"service_dsn": "db", "postgres_server": "db", "kafka_server": "kafka", "kafka_broker": "kafka"}


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups, and may have come first
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a test costs is a marker derived from its fixtures. Tests of one file run in one process unless a group says
    otherwise: what they share is started once. The groups, which take longest, come first, so that no process waits for
    another in the end."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path)))
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in MARKER_OF_FIXTURE:
                item.add_marker(MARKER_OF_FIXTURE[fixture])


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A long text or file gives a test no name: nobody reads it, and files made for a test hold the time at which they were
    made, so that two processes would know one test by two names."""
    return argname if isinstance(val, (str, bytes)) and len(val) > 80 else None


@pytest.fixture(autouse=True)
def published_events_are_as_declared() -> Iterator[list[str]]:
    """Fails the test in which an event was published unlike its contract, whatever became of the error.

    A test that means to do so takes the fixture and empties the list.
    """
    strict.found.clear()
    yield strict.found
    assert not strict.found, "\n".join(strict.found)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A superuser's DSN on the tests' PostgreSQL."""
    with servers.test_postgres() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def kafka_server() -> Iterator[str]:
    """Bootstrap address of the tests' Apache Kafka."""
    with servers.test_kafka() as bootstrap:
        yield bootstrap


@pytest.fixture
async def service_dsn(postgres_server: str) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """`await service_dsn("visits")`: DSN of a fresh database with that service's schema; "" for an empty one."""
    databases = Databases(postgres_server)
    yield databases.clone
    await databases.drop_all()


@pytest.fixture
async def core_dsn(service_dsn: Callable[[str], Awaitable[str]]) -> str:
    """DSN of a fresh database with nothing but the core's tables."""
    dsn = await service_dsn("")
    connection = await asyncpg.connect(dsn)
    await connection.execute(CORE_0001)
    await connection.execute(
        ";".join(
            (
                *AUDIT_CHAIN,
                *AUDIT_CHECKPOINT,
                ENDED_SESSIONS,
                VOID_SESSIONS,
                API_KEYS,
                ORGANISATION,
                DEPLOYMENT,
                ERASURE,
            )
        )
    )
    await connection.close()
    return dsn


@pytest.fixture
def clock() -> ManualClock:
    """2026-03-02 10:00 +08:00, a Monday."""
    return ManualClock(NOON)


@pytest.fixture
def topic_prefix() -> str:
    """A prefix of topics and groups that no other test uses."""
    return f"t{new_id().hex[-12:]}-"


@pytest.fixture
def memory_broker() -> MemoryBroker:
    return MemoryBroker()


@pytest.fixture
def kafka_broker(kafka_server: str) -> KafkaBroker:
    """The real broker; use `topic_prefix` to be alone."""
    return KafkaBroker(kafka_server)
