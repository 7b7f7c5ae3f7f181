"""Whose work a visit is: every rule that keeps somebody from claiming it, so that it can be explained as it is enforced.

The claim statement (`store/claims.py`) applies the same rules to the whole queue; a property test holds the two together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.visits.domain.appointments import is_own
from services.visits.domain.visit import CALLBACK_RANK, State, Visit
from shared.contracts.common import Channel
from shared.contracts.tasks import FollowupReleased
from shared.contracts.words import SKILLS, TEAM_ROLES, word_of

Rule = Literal[
    "state", "team", "doer", "independent", "first_agent", "companion", "skill", "callback_owner", "hours", "colleague",
    "refused", "away", "shift", "full",
]  # fmt: skip
ON_SITE = "on_site"
# paths of facts that name the person who did the work
WORKERS = ("worker.code", "engineer.code", "salesperson.code", "done_by")
WORKER, PART, AGENT = "worker:", "part:", "agent:"  # kinds of marks, see `marks_of`
NAMES = {
    State.CLAIMED: "已被领取",
    State.WAITING: "等待重拨，未到时间",
    State.APPOINTED: "已与客户约定回呼，未到时间",
    State.POSTPONED: "已被推迟，等待重新下达",
    State.INVITED: "已发消息，等客户自助作答",
    State.COMPLETED: "已完成",
    State.FAILED: "已结束，未成功",
    State.CANCELLED: "已取消",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that keeps the caller from claiming, and the sentence for them."""

    rule: Rule
    text: str


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who claims. Without `teams`: any team's visits that they see; without `skills`: nobody has said what they can do.

    `companion` comes along to a visit on site ("" = nobody).
    """

    agent: str
    teams: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    companion: str = ""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What counts beside the visit: is its contact window open, is the customer with a colleague (their id), has the
    customer refused meanwhile, is the caller away (their state in Chinese), the shift of a caller who is outside of it, how
    many more may they hold."""

    open_now: bool = True
    colleague: str = ""
    refused: bool = False
    away: str = ""
    off_shift: str = ""
    room: int = 1


def marks_of(agent: str, worker: str, teams: Iterable[str], units: Iterable[str]) -> tuple[str, ...]:
    """What a visit may be closed to, of one person: their id, their code as a worker, and what they are part of.

    That is their teams; without any, their units.
    """
    parts = tuple(teams) or tuple(units)
    codes = (worker,) if worker else ()
    return (f"{AGENT}{agent}", *(f"{WORKER}{code}" for code in codes), *(f"{PART}{part}" for part in (*codes, *parts)))


def closed_to(task: FollowupReleased, spoke: Iterable[str] = ()) -> tuple[str, ...]:
    """The marks of those who never get the task's visit.

    They are whoever did the work it asks about; the teams and units the task names, where its policy is independent of
    them; and in a second round the agents who `spoke` in the first.
    """
    workers = (code for matter in task.matters for code in _workers(matter.facts))
    marks = (
        *(f"{WORKER}{code}" for code in workers),
        *(f"{PART}{part}" for part in task.barred),
        *(f"{AGENT}{agent}" for agent in spoke),
    )
    return tuple(dict.fromkeys(marks))


def _workers(facts: Mapping[str, Any]) -> Iterable[str]:
    for path in WORKERS:
        value: Any = facts
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(value, str) and value:
            yield value


def needs_of(channel: Channel, before: Iterable[str] = ()) -> tuple[str, ...]:
    """Skills that a contact by this channel needs; of what was needed `before`, the customer's languages stay."""
    own = (ON_SITE,) if channel == ON_SITE else ()
    return (*own, *(need for need in before if need != ON_SITE))


def reasons_against(visit: Visit, who: Claimant, around: Circumstances) -> list[Reason]:
    """Why `who` may not claim this visit; none = they may. Whether they see it at all is the scope's matter."""
    found = [*_of_visit(visit, who, around), *_of_person(visit, who), *_of_caller(visit, who, around)]
    return [Reason(rule, text) for rule, text in found if text]


Found = Iterable[tuple[Rule, str]]


def _of_visit(visit: Visit, who: Claimant, around: Circumstances) -> Found:
    if visit.state is State.CLAIMED:
        yield "state", f"该单已被 {'您本人' if visit.agent == who.agent else visit.agent} 领取"
    elif visit.state is not State.OPEN and not is_own(visit, who.agent):
        yield "state", f"该单{NAMES[visit.state]}"
    if visit.callback_owner not in ("", who.agent):
        yield "callback_owner", f"客户约定由 {visit.callback_owner} 回呼，到时无人处理才转给他人"
    if not around.open_now and visit.rank != CALLBACK_RANK and not is_own(visit, who.agent):
        yield "hours", "现在不在该单的可拨打时段内"
    if around.colleague:
        yield "colleague", f"同事 {around.colleague} 正在联系这位客户"
    if around.refused:
        yield "refused", "客户刚刚拒绝了此方式的联系"


def _of_person(visit: Visit, who: Claimant) -> Found:
    if who.teams and visit.team not in who.teams:
        yield "team", f"该单属于班组 {visit.team or '（未指定，请主管改派）'}，您的班组是 {'、'.join(who.teams)}"
    hit = set(visit.closed_to) & set(who.marks)
    if any(mark.startswith(WORKER) for mark in hit):
        yield "doer", "这次服务由您本人完成，不能由您回访"
    if parts := [mark.removeprefix(PART) for mark in sorted(hit) if mark.startswith(PART)]:
        yield "independent", f"这次服务由 {'、'.join(parts)} 完成，策略要求由其他人员独立回访"
    if any(mark.startswith(AGENT) for mark in hit):
        yield "first_agent", "首次回访由您完成，二次回访须由另一位坐席进行"
    if visit.never_alone and not who.companion:
        yield "companion", f"上门回访不得由{alone_word(visit)}单独进行，领取时请填写同行人员"
    if who.skills and (lacking := [need for need in visit.needs if need not in who.skills]):
        yield "skill", f"该单需要：{'、'.join(word_of(SKILLS, need) for need in lacking)}"


def alone_word(visit: Visit) -> str:
    """Who does not make this visit on site by themselves, in words."""
    return "、".join(word_of(TEAM_ROLES, role) for role in visit.never_alone)


def _of_caller(visit: Visit, who: Claimant, around: Circumstances) -> Found:
    if around.away:
        yield "away", f"您现在是「{around.away}」，改为「示闲」后才能领取"
    if around.off_shift and not is_own(visit, who.agent):
        yield "shift", off_shift_text(around.off_shift)
    if around.room < 1:
        yield "full", "您手上的单已达上限，请先办结或退回"


def off_shift_text(shift: str) -> str:
    """Why somebody outside their shift gets nothing, as they are told."""
    return f"现在不在您的班次（{shift}）内，班次由主管设定"
