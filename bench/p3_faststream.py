"""P3: the decide path against FastStream and SQLModel, one message and one transaction at a time, into the same tables."""

import asyncio
import time
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from faststream import AckPolicy
from faststream.kafka import KafkaBroker as RivalBroker
from faststream.kafka import KafkaMessage
from sqlalchemy import BigInteger, Column, Identity, LargeBinary, SmallInteger
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.decide_load import facts, load_policies, produce
from bench.harness import Row, Servers, compare
from bench.p1_decide import EVENTS, decide_all
from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer, updated
from services.scheduler.domain.decide import decide
from services.scheduler.domain.ledger.contacts import Contact
from services.scheduler.domain.task import Task
from services.scheduler.models import CustomerRow, DecisionRow, DueRow, LedgerRow, TaskRow
from services.scheduler.procedures.announce import _common
from services.scheduler.procedures.plans import fact_of
from services.scheduler.store import policies
from services.scheduler.store import tasks as task_store
from services.scheduler.store.rows import dump
from shared.calendar import OFFICIAL
from shared.contracts.base import INTAKE, TASKS
from shared.contracts.intake import number_of
from shared.contracts.registry import wire_type
from shared.contracts.tasks import FollowupPlanned
from shared.db import engine_for, service_metadata
from shared.ids import new_id
from shared.messaging.event import Event, decode, encode
from shared.messaging.outbox import pack_headers, shard_of
from shared.messaging.partitions import Partitions
from shared.zone import local_day

MESSAGES = 500
GOAL = 60.0


class Core(SQLModel, registry=registry(metadata=service_metadata())):
    pass


class InboxRow(Core, table=True):
    __tablename__ = "inbox"
    consumer: str = Field(primary_key=True)
    event_day: Any = Field(sa_column=Column(DecisionRow.__table__.c.day.type, primary_key=True))  # type: ignore[attr-defined]
    event_key: UUID = Field(primary_key=True)


class OutboxRow(Core, table=True):
    __tablename__ = "outbox"
    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    shard: int = Field(sa_column=Column(SmallInteger))
    topic: str
    key: str
    headers: bytes = Field(sa_column=Column(LargeBinary))
    value: bytes = Field(sa_column=Column(LargeBinary))
    at: datetime = Field(sa_column=Column(DueRow.__table__.c.due_at.type))  # type: ignore[attr-defined]


async def measure(servers: Servers, rounds: int) -> Row:
    template = await servers.database("scheduler")
    await load_policies(servers, template)
    prefix, small = f"p3{new_id().hex[-8:]}-", f"p3s{new_id().hex[-8:]}-"
    await produce(servers, prefix, facts(EVENTS))
    await produce(servers, small, facts(EVENTS)[:MESSAGES])

    async def ours() -> float:
        dsn = await servers.copy(template)
        await servers.checkpoint()
        return await decide_all(servers, dsn, prefix)

    async def rival() -> float:
        dsn = await servers.copy(template)
        await servers.checkpoint()
        return await _decide_singly(servers, dsn, small)

    return await compare("P3", "决策全路径 / FastStream + SQLModel 逐条处理", GOAL, ours, rival, rounds)


async def _decide_singly(servers: Servers, dsn: str, prefix: str) -> float:
    engine = engine_for(dsn, 5, "bench-rival")
    await Partitions(engine).ensure("inbox", {event.day for event in facts(EVENTS)[:MESSAGES]})
    await Partitions(engine).ensure("decision", {event.day for event in facts(EVENTS)[:MESSAGES]})
    async with AsyncSession(engine) as session:
        book = PolicyBook(await policies.list_active(session, OFFICIAL), 1)
    broker = RivalBroker(servers.bootstrap)
    done: list[float] = []
    finished = asyncio.Event()

    @broker.subscriber(
        prefix + INTAKE, group_id=f"rival{new_id().hex[-8:]}", auto_offset_reset="earliest", ack_policy=AckPolicy.ACK
    )
    async def decide_one(body: dict[str, Any], message: KafkaMessage) -> None:
        headers = [(name, value.encode()) for name, value in message.headers.items()]
        await _take_effect(engine, book, decode(headers, message.body))
        done.append(time.perf_counter())
        if len(done) == MESSAGES:
            finished.set()

    async with broker:
        await broker.start()
        await finished.wait()
    await engine.dispose()
    return (MESSAGES - 1) / (done[-1] - done[0])


async def _take_effect(engine: AsyncEngine, book: PolicyBook, event: Event) -> None:
    """What our handler does, written the usual way: a session, some look-ups, some rows, a commit."""
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        if await session.get(InboxRow, ("scheduler", event.day, event.event_key)):
            return
        session.add(InboxRow(consumer="scheduler", event_day=event.day, event_key=event.event_key))
        fact = fact_of(event)
        kept = await session.get(CustomerRow, fact.customer_id, with_for_update=True)
        known = Customer(kept.id, kept.profile, kept.as_of, kept.older) if kept else Customer(fact.customer_id)
        customer = updated(known, fact)
        await session.merge(
            CustomerRow(
                id=customer.id,
                profile=dict(customer.profile),
                as_of=customer.as_of,
                older=dict(customer.older),
                opted_out={},
                memory=[],
                paused_until=None,
            )
        )
        customer = await _with_plans(session, customer)
        decision, _ = decide(fact, book.panel_for(fact.type).ask(fact, customer), customer)
        session.add(
            DecisionRow(
                day=event.day, event_key=fact.key, event_id=fact.id, source=fact.source, event_type=fact.name,
                customer_id=fact.customer_id, subject=number_of(fact.data), at=fact.at, decided_at=fact.at,
                outcome=decision.outcome, details=_plain(list(decision.details)),
            )
        )  # fmt: skip
        for task in decision.tasks:
            await _save(session, task, event)


async def _with_plans(session: AsyncSession, customer: Customer) -> Customer:
    ledger = (await session.exec(select(LedgerRow).where(col(LedgerRow.customer_id) == customer.id))).all()
    open_tasks = await task_store.find_open(session, [customer.id], lock=True)
    contacts = tuple(Contact(row.task_id, row.day, row.purpose, tuple(row.policies), row.tier) for row in ledger)
    return customer._replace(contacts=contacts, open=open_tasks.get(customer.id, ()))


async def _save(session: AsyncSession, task: Task, event: Event) -> None:
    values = {column: getattr(task, column) for column in task_store.COLUMNS}
    body = _plain({name: getattr(task, name) for name in task_store.BODY})
    await session.merge(TaskRow(**values, planned_at=event.time, changed_at=event.time, body=body, life=[]))
    await session.merge(DueRow(task_id=task.id, customer_id=task.customer_id, due_at=task.due_at))
    if task.counted:
        day = local_day(task.due_at)
        row = LedgerRow(task_id=task.id, customer_id=task.customer_id, day=day, state="reserved", purpose=task.purpose,
                        policies=list(task.counted), tier=task.tier)  # fmt: skip
        await session.merge(row)
    data = FollowupPlanned.model_validate(_plain(_common(task))).model_dump(mode="json")
    planned = Event(
        str(new_id()), "/bench", wire_type("followup.planned"), event.time, event.key, data, lineage=event.lineage
    )
    headers, value = encode(planned)
    session.add(
        OutboxRow(
            shard=shard_of(event.key),
            topic=TASKS,
            key=event.key,
            headers=pack_headers(headers),
            value=value,
            at=event.time,
        )
    )


def _plain(value: Any) -> Any:
    """Through JSON, as a jsonb column takes it."""
    return orjson.loads(dump(value))
