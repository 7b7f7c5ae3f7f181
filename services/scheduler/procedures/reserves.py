"""Whom a draw has lost is replaced by the next in reserve."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.scheduler.domain.decide import Decision
from services.scheduler.domain.later.reserve import (
    Name,
    in_order_of_loss,
    names_of,
    names_of_decision,
    plan_lost,
    release_lost,
    reserve_occasion,
    visit_lost,
)
from services.scheduler.domain.task import Task
from services.scheduler.procedures.announce import announce_occasion
from services.scheduler.procedures.policies import Policies
from services.scheduler.store import draws, picks
from services.scheduler.store import tasks as task_store
from services.scheduler.store.picks import Called
from shared.messaging import Event, Work
from shared.observability.catalogue import POLICIES, counter

CALLED = counter(
    "huifang_scheduler_drawn_total", "Facts called for contact by draws", "抽取并安排的数量",
    labels={"reason": ("drawn", "reserve")},
)  # fmt: skip
USED_UP = counter(
    "huifang_scheduler_reserve_used_up_total", "Lost contacts of a draw for which no reserve was left", "备选用尽次数",
    labels={"policy": POLICIES},
)  # fmt: skip


async def call_reserves(work: Work, policies: Policies, lost: Mapping[Name, datetime]) -> None:
    """For each contact that was drawn and is lost (since when), call the next in reserve of its draw and stratum.

    `lost` is in the order of loss, in which reserves are called; so it does not matter what is handled at once.
    """
    if not lost:
        return
    found = await picks.find_called(work.session, {event_id for _, (event_id, _), _ in lost})
    for called, since in in_order_of_loss(lost, found):
        await _call_next(work, policies, called, since)


async def replace_unreached(work: Work, policies: Policies, events: Sequence[Event]) -> None:
    """Call reserves for contacts that visits could not make."""
    failed = {UUID(one.data["task_id"]): one for one in events if visit_lost(one.name, one.data)}
    if not failed:
        return
    tasks = {task.id: task for task in await task_store.find_tasks(work.session, failed)}
    heard = [(tasks[task_id], event) for task_id, event in failed.items() if task_id in tasks]
    await call_reserves(work, policies, {name: event.time for task, event in heard for name in names_of(task)})


async def replace_cancelled(
    work: Work, policies: Policies, tasks: Sequence[Task], came_up_at: Mapping[UUID, datetime]
) -> None:
    """Call reserves for contacts that were called off at release: as of when each came up for it, however late that was."""
    lost = [task for task in tasks if release_lost(task.state, task.reason)]
    lost.sort(key=lambda task: (came_up_at[task.id], task.id))
    await call_reserves(work, policies, {name: came_up_at[task.id] for task in lost for name in names_of(task)})


async def replace_unplanned(work: Work, policies: Policies, decisions: Sequence[Decision]) -> None:
    """Call reserves for what was drawn and could not be planned."""
    lost = [one for one in decisions if plan_lost(one)]
    await call_reserves(work, policies, {name: one.at for one in lost for name in names_of_decision(one)})


async def _call_next(work: Work, policies: Policies, called: Called, since: datetime) -> None:
    stratum = await picks.lose(work.session, called)
    draw = await draws.get_draw(work.session, called.draw_id)
    if stratum is None or draw is None:
        return
    fact = await picks.call_next(work.session, draw, stratum)
    if fact is None:
        USED_UP.labels(draw.policy_id).inc()
    else:
        policy = await policies.version(draw.policy_id, draw.policy_version)
        announce_occasion(work, reserve_occasion(policy, fact, draw.period, since))
        CALLED.labels("reserve").inc()
