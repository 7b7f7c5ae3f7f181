"""Why a customer was, or was not, followed up: the facts found, what was decided on them, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.scheduler.domain.detail import KeptDetail
from services.scheduler.domain.explain.arithmetic import arithmetic_text
from services.scheduler.domain.explain.decision import ENDS, explain, local_text, summary
from services.scheduler.domain.explain.life import Entry, life_of
from services.scheduler.domain.task import NAMES, Task, TaskState
from shared.contracts.registry import by_name

TIMED = ("planned", "merged", "capped")


class Recorded(NamedTuple):
    """A decision as it is on record."""

    event_id: str
    source: str
    event_type: str
    customer_id: str
    at: datetime
    decided_at: datetime
    outcome: str
    details: Sequence[KeptDetail]


class Lived(NamedTuple):
    """A task with when it was planned and what became of it since."""

    task: Task
    planned_at: datetime
    life: Sequence[Entry]


@dataclass(frozen=True)
class Records:
    """What is known: decisions on the facts in question, oldest first, and the tasks about them.

    `titles` names policies, `kinds` the event kinds that packs declare; `contents` are policy versions' canonical contents.
    """

    decisions: Sequence[Recorded]
    tasks: Sequence[Lived] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    contents: Mapping[tuple[str, int], Mapping[str, Any]] = field(default_factory=dict)


class Part(NamedTuple):
    """A fact with its decision, or a task with its life, in sentences."""

    about: str
    sentences: list[str]


def answer_of(records: Records) -> str:
    """The question answered in one sentence: by the best that became of a task, else by the newest decision."""
    tasks = sorted((lived.task for lived in records.tasks), key=lambda task: _RANK[task.state])
    if tasks:
        return _answers(tasks[0])
    newest = records.decisions[-1]
    return summary(newest.outcome, newest.details)


def tell(records: Records) -> list[Part]:
    """The facts in the order they were decided on, then the tasks."""
    takers = _takers(records)
    tasks = [
        Part(f"任务 {task.id}", life_of(task, planned_at, life, takers.get(task.id, "")))
        for task, planned_at, life in records.tasks
    ]
    return [_decision(one, records) for one in records.decisions] + tasks


_RANK: dict[TaskState, int] = {"done": 0, "released": 1, "planned": 2, "failed": 3, "expired": 4, "cancelled": 5}


def _answers(task: Task) -> str:
    reason = f"：{ENDS.get(task.reason, task.reason)}" if task.reason else ""
    if task.state == "done":
        return "已送达。" if task.is_message else "已回访。"
    if task.state == "released":
        return "已下达，等待联系的结果。"
    if task.state == "planned":
        return f"已计划，{local_text(task.due_at)} 起联系{reason}。"
    return f"未回访：任务{NAMES[task.state]}{reason}。"


def _decision(one: Recorded, records: Records) -> Part:
    declared = by_name(one.event_type)
    title = declared.title if declared else records.kinds.get(one.event_type, one.event_type)
    sentences = [f"{local_text(one.decided_at)} 作出决定。"]
    sentences += explain(one.outcome, one.details, records.titles)
    if not one.details and one.outcome == "no_policy_matches":
        sentences.append("没有策略由此类事件触发。")
    sentences += _arithmetic(one, records)
    return Part(f"{title} {one.event_id}（{one.source}），发生于 {local_text(one.at)}", sentences)


def _arithmetic(one: Recorded, records: Records) -> list[str]:
    """What the moments were computed from, where they count from the fact itself."""
    timed = [
        ((detail["policy"], detail["version"]), detail.get("base") or one.at, detail.get("calendar", ""))
        for detail in one.details
        if detail["result"] in TIMED and not {"occasion", "because", "step"} & detail.keys()
    ]
    return [
        f"策略 {key[0]} 的时间{arithmetic_text(records.contents[key], at, calendar)}"
        for key, at, calendar in timed
        if key in records.contents
    ]


def _takers(records: Records) -> dict[UUID, str]:
    """Task → the one that took its matters over."""
    return {
        UUID(detail["partner"]): detail["task"]
        for one in records.decisions
        for detail in one.details
        if detail["result"] == "planned" and detail.get("partner")
    }
