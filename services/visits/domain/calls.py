"""A contact in progress: whether it may begin, when it began and when its talk ended (business time)."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.visits.domain.errors import (
    CustomerInCall,
    CustomerRefused,
    NotDialled,
    OutsideHours,
    VisitPostponed,
    VisitWithdrawn,
)
from services.visits.domain.notices import words_of
from services.visits.domain.visit import Visit


@dataclass(frozen=True, slots=True)
class Line:
    """What counts beside the visit: is its contact window open, is a colleague with the customer (their id), has the
    customer refused this way of contact since the visit was released."""

    open_now: bool
    colleague: str = ""
    refused: bool = False


def begin(visit: Visit, line: Line, now: datetime) -> Visit:
    """The contact begins; one that goes on already goes on.

    Raises VisitWithdrawn, VisitPostponed, CustomerRefused, CustomerInCall, OutsideHours: what was right when the visit was
    claimed may be so no more.
    """
    if visit.call_started_at is not None:
        return visit
    if visit.cancel_reason and not visit.practice_call:
        raise VisitWithdrawn(f"{words_of(visit.cancel_reason)}；请退回该单")
    if visit.postpone_reason:
        raise VisitPostponed(f"{words_of(visit.postpone_reason)}；请退回该单，到时会重新下达")
    if line.refused or visit.customer.do_not_contact:
        raise CustomerRefused("客户已拒绝此方式的联系；请退回该单")
    if line.colleague:
        raise CustomerInCall(f"同事 {line.colleague} 正在联系这位客户")
    if not line.open_now and visit.callback_at is None:
        raise OutsideHours("现在不在可拨打时段内，客户也没有约定此时回呼")
    return replace(visit, call_started_at=now)


def end_talk(visit: Visit, now: datetime) -> Visit:
    """The line is closed, what is left is to wrap up; closed once, it stays so. Raises NotDialled."""
    if visit.call_started_at is None:
        raise NotDialled
    return visit if visit.call_ended_at else replace(visit, call_ended_at=now)


def talk_seconds(visit: Visit, now: datetime) -> int:
    """How long the contact took as far as is known: until the line was closed, or until now; 0 without one."""
    if visit.call_started_at is None:
        return 0
    return max(0, round(((visit.call_ended_at or now) - visit.call_started_at).total_seconds()))


def wrap_up_seconds(visit: Visit, now: datetime) -> int:
    """How long the agent has been wrapping up; 0 before the line was closed."""
    return max(0, round((now - visit.call_ended_at).total_seconds())) if visit.call_ended_at else 0
