"""How visits look in the queue and beside a call: a few words each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.visits.domain.script import said_title
from services.visits.domain.visit import CALLBACK_RANK, State, Visit
from shared.contracts.registry import by_name
from shared.zone import ORG_ZONE, local_day

Urgency = Literal["late", "soon", "calm", "none"]
SOON = timedelta(hours=4)
RATINGS = {5: "非常满意", 4: "满意", 3: "一般", 2: "不满意", 1: "非常不满意"}
ENDINGS = {
    "unreachable": "未联系上",
    "refused": "拒访",
    "invalid_number": "号码无效",
    "expired": "已过期",
}
STATES = {
    State.OPEN: "待回访",
    State.CLAIMED: "回访中",
    State.WAITING: "待重拨",
    State.APPOINTED: "已约回呼",
    State.POSTPONED: "已推迟",
    State.COMPLETED: "已完成",
    State.FAILED: "未成功",
    State.CANCELLED: "已取消",
    State.INVITED: "等客户自助作答",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the queue. `due` is how long there is left, `urgency` its colour and sign, `correctable` what may be
    corrected."""

    id: str
    name: str
    source: str
    title: str
    due: str
    urgency: Urgency
    tries: str
    held: bool
    claimable: bool
    customer_id: str
    correctable: Literal["answers", "result", ""]


def row_of(visit: Visit, now: datetime) -> Row:
    due, urgency = _due(visit, now)
    return Row(
        id=str(visit.id),
        name=visit.customer.name or "客户",
        source=(source := source_of(visit)),
        title=_title(visit, source),
        due=due,
        urgency=urgency,
        tries=f"第 {visit.attempts + 1} 次" if visit.attempts else "首次",
        held=visit.state is State.CLAIMED,
        claimable=visit.state is State.OPEN,
        customer_id=visit.customer.id,
        correctable=_correctable(visit),
    )


def _correctable(visit: Visit) -> Literal["answers", "result", ""]:
    """What of a visit its agent may find wrong: the answers, or the result it failed or waits by."""
    if visit.practice:
        return ""
    if visit.state is State.COMPLETED:
        return "answers"
    tried = visit.attempts > 0 and visit.state in (State.FAILED, State.WAITING)
    return "result" if tried else ""


def _title(visit: Visit, source: str) -> str:
    """What the first matter is about: in its sender's words, else its number; the kind stands before it."""
    if not visit.matters:
        return ""
    first = visit.matters[0]
    return said_title(first) or first.title.removeprefix(source).strip()


def source_of(visit: Visit) -> str:
    """What the matter is called, such as 维修结案; 二次回访 when a complaint is asked about again."""
    if visit.round > 1:
        return "二次回访"
    known = by_name(visit.kind)
    return known.title if known else _as_titled(visit)


def _as_titled(visit: Visit) -> str:
    """A kind that a pack declares, by the first matter's title, in which the document's number follows the kind's name."""
    first = visit.matters[0] if visit.matters else None
    return (first.title.removesuffix(first.subject).strip() if first else "") or visit.kind


def result_of(visit: Visit) -> str:
    """What a finished visit came to, else its state."""
    if visit.outcome and (rating := visit.outcome.get("rating")):
        return RATINGS[rating]
    return ENDINGS.get(visit.ended, STATES[visit.state])


def clock_text(at: datetime, now: datetime) -> str:
    """`14:30`, `明天 14:30` or `3 月 5 日 14:30`, in the organisation's zone."""
    local, today = at.astimezone(ORG_ZONE), local_day(now)
    day = {0: "", 1: "明天 ", -1: "昨天 "}.get((local.date() - today).days, f"{local.month} 月 {local.day} 日 ")
    return f"{day}{local:%H:%M}"


def _due(visit: Visit, now: datetime) -> tuple[str, Urgency]:
    if visit.finished:
        return result_of(visit), "none"
    if visit.state is State.CLAIMED:
        return "正在回访", "none"
    if visit.state is State.APPOINTED and visit.next_at:
        return f"约 {clock_text(visit.next_at, now)}", "calm"
    if visit.state is State.WAITING and visit.next_at:
        return f"{clock_text(visit.next_at, now)} 重拨", "none"
    if visit.rank == CALLBACK_RANK:
        return "回呼到点", "late"
    return _left(visit.deadline_at, now)


def _left(deadline: datetime | None, now: datetime) -> tuple[str, Urgency]:
    if deadline is None:
        return "无时限", "none"
    left = deadline - now
    if left < timedelta():
        return f"超时 {_hours(-left)}", "late"
    if left <= SOON:
        return f"剩 {_hours(left)}", "soon"
    return f"{clock_text(deadline, now)} 前", "calm"


def _hours(amount: timedelta) -> str:
    if amount >= timedelta(days=1):
        return f"{amount.days} 天"
    minutes = int(amount.total_seconds()) // 60
    return f"{minutes // 60}:{minutes % 60:02}"
