"""Why a customer was, or was not, followed up: everything on record about a document or an event, told in sentences."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.adapters.waiting import find_waiting
from services.scheduler.domain.explain.decision import local_text, policies_in
from services.scheduler.domain.explain.story import Lived, Part, Recorded, Records, answer_of, tell
from services.scheduler.procedures.standings import with_standings
from services.scheduler.store import decisions, kinds, policies, tasks
from services.scheduler.store.decisions import StoredDecision
from services.scheduler.store.unhandled import Unhandled, find_unhandled
from shared.contracts.intake import number_of, unit_of
from shared.messaging import Event
from shared.messaging.broker import Broker, BrokerUnavailable
from shared.scope import Scope

MOST_DECISIONS = 100
MOST_TASKS = 50
LOST = "没有收到这样的事实：请核对编号；来源是否推送、网关是否拒收，可在接入中心查原文。决定记录只保留有限的时间。"


@dataclass(frozen=True)
class Question:
    """An event by the sender's id (and source), or a customer's document by its number."""

    customer_id: str = ""
    order: str = ""
    event_id: str = ""
    source: str = ""

    def is_about(self, event: Event) -> bool:
        if self.event_id:
            return event.id == self.event_id and self.source in ("", event.source)
        return event.key == self.customer_id and number_of(event.data) == self.order


class Answer(NamedTuple):
    """The question answered in one sentence, then everything that is known. `found`: a decision was made."""

    found: bool
    answer: str
    parts: list[Part]


class Queue(NamedTuple):
    """Where events wait to be handled: a consumer group and its topics."""

    broker: Broker
    group: str
    topics: Sequence[str]


async def answer(session: AsyncSession, question: Question, queue: Queue, scope: Scope) -> Answer:
    """Answer from the records in `scope`; where there are none, from what waits or could not be handled."""
    found = await _decisions(session, question, scope)
    if not found:
        return await _undecided(session, question, queue, scope)
    records = await _records(session, found, scope)
    return Answer(True, answer_of(records), tell(records))


async def _decisions(session: AsyncSession, question: Question, scope: Scope) -> list[StoredDecision]:
    if question.event_id:
        return await decisions.find_of_events(session, [(question.event_id, question.source)], scope, MOST_DECISIONS)
    return await decisions.find_about(session, question.customer_id, question.order, scope, MOST_DECISIONS)


async def _records(session: AsyncSession, found: Sequence[StoredDecision], scope: Scope) -> Records:
    """With the tasks about the facts, and the decisions on later events that planned some of these tasks."""
    facts = {(one.event_id, one.source) for one in found}
    customers = sorted({one.customer_id for one in found} - {""})
    about = await tasks.find_about(session, customers, sorted(facts), MOST_TASKS, scope)
    later = sorted({(stored.task.event_id, stored.task.event_source) for stored in about} - facts)
    if later:
        found = [*found, *await decisions.find_of_events(session, later, scope, MOST_DECISIONS)]
    found = sorted(found, key=lambda one: (one.decided_at, one.event_key))
    found = await with_standings(session, found)
    ids = policies_in(*(one.details for one in found))
    versions = {(detail["policy"], detail["version"]) for one in found for detail in one.details if "version" in detail}
    return Records(
        [_recorded(one) for one in found],
        [Lived(stored.task, stored.planned_at, stored.life) for stored in about],
        await policies.get_titles(session, ids),
        {kind.event: kind.title for kind in await kinds.list_declared(session)},
        await policies.get_contents(session, versions),
    )


def _recorded(one: StoredDecision) -> Recorded:
    return Recorded(
        one.event_id, one.source, one.event_type, one.customer_id, one.at, one.decided_at, one.outcome, one.details
    )


async def _undecided(session: AsyncSession, question: Question, queue: Queue, scope: Scope) -> Answer:
    """Dead letters, of which nobody knows whose they are, are told to those who see the whole organisation."""
    event_id = question.event_id or None
    asked = (event_id, question.customer_id, question.order, MOST_DECISIONS)
    dead = await find_unhandled(session, *asked) if scope.whole else []
    if dead:
        return Answer(False, "事实已收到，但处理失败，尚未作出决定。", [_dead(one) for one in dead])
    try:
        return await _waiting(queue, lambda event: question.is_about(event) and scope.sees(unit_of(event.data)))
    except BrokerUnavailable:
        return Answer(False, LOST, [Part("排队情况", ["消息系统暂时不可用，查不到是否在排队。"])])


def _dead(one: Unhandled) -> Part:
    sentences = [f"死信 {one.id}：{one.error}。", "更正后可由运维重放，届时会作出决定。"]
    return Part(f"{one.event_type} {one.event_id}", sentences)


async def _waiting(queue: Queue, wanted: Callable[[Event], bool]) -> Answer:
    waiting = await find_waiting(queue.broker, queue.group, queue.topics, wanted)
    if waiting.events:
        return Answer(False, "网关已接收，正在排队，尚未作出决定。", [*_parts(waiting.events)])
    behind = f"排队的 {waiting.looked_at} 个事件中没有它" if waiting.looked_at else "没有事件在排队"
    more = "" if waiting.whole else "；排队的事件很多，只看了最前面的"
    return Answer(False, LOST, [Part("排队情况", [f"{behind}{more}。"])])


def _parts(events: Iterable[Event]) -> Iterable[Part]:
    for event in events:
        yield Part(f"{event.name} {event.id}（{event.source}）", [f"发生于 {local_text(event.time)}，等待处理。"])
