"""The result of a visit's last attempt is corrected: 号码错误 was recorded, say, though the customer was reached.

The visit is put back to where it stood before that attempt, and the right result is decided on by today's work rules: it
ends as of the moment of the contact, or it is tried again from now on. A visit that had failed is opened again by that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.visits.domain.attempts import Attempt, Report, record
from services.visits.domain.errors import NotCorrectable, NothingCorrected
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.visit import IDLE, State, Visit, expires_at, facts_of
from services.visits.domain.work_rules import WorkRules
from shared.contracts import EventData
from shared.contracts.visits import (
    AttemptSaid,
    CustomerNumberCorrected,
    VisitAttemptCorrected,
    VisitAttempted,
    VisitReopened,
)

WAITS = frozenset({State.OPEN, State.WAITING, State.APPOINTED, State.INVITED})
NUMBER_ENDING = "invalid_number"
WHY_NOT = {
    State.COMPLETED: "回访已完成，请更正答案",
    State.CANCELLED: "该单已取消，不再联系",
    State.CLAIMED: "该单正在回访中，请在小结时如实填写",
    State.POSTPONED: "该单已推迟，等待重新下达",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultVersion:
    """What an attempt's result was from `at` on: 0 is the first, recorded by who made the attempt."""

    attempt_id: UUID
    number: int
    at: datetime
    by: str
    reason: str = ""
    result: str
    own_code: str
    person: str
    note: str


@dataclass(frozen=True, slots=True)
class Why:
    """Who corrects, when and for which reason; it is the `number`th correction of the attempt."""

    number: int
    by: str
    reason: str
    at: datetime


Corrected = tuple[Visit, Attempt, list[EventData]]


def last_attempt(visit: Visit, made: Sequence[Attempt]) -> Attempt:
    """The attempt whose result may be corrected. Raises NotCorrectable, which says why."""
    if visit.state not in WAITS and visit.state is not State.FAILED:
        raise NotCorrectable(WHY_NOT[visit.state])
    if not made:
        raise NotCorrectable("这张单没有联系过，没有可更正的结果")
    return made[-1]


def versions_of(attempt: Attempt, known: Sequence[ResultVersion]) -> list[ResultVersion]:
    """All versions of an attempt's result, also of one that was never corrected."""
    return list(known) or [_version(attempt, 0, attempt.agent, "", attempt.at)]


def correct_result(
    visit: Visit, last: Attempt, report: Report, questionnaire: Questionnaire | None, rules: WorkRules, why: Why
) -> Corrected:
    """The visit and its `last` attempt with the result of `report`, and what is told of it.

    Raises NothingCorrected, NotCorrectable when there is no time left to try again, and what `attempts.record` raises.
    """
    report = replace(
        report,
        id=last.id,
        note=report.note or last.note,
        talk_seconds=last.talk_seconds if report.talk_seconds is None else report.talk_seconds,
        wrap_up_seconds=last.wrap_up_seconds if report.wrap_up_seconds is None else report.wrap_up_seconds,
    )
    if report.code.code == (last.own_code or last.result):
        raise NothingCorrected
    ends = report.code.ending is not None
    if not ends and (until := expires_at(visit, rules.grace)) and why.at >= until:
        raise NotCorrectable("该单的最后期限已过，不能再联系；只能更正为完成、部分完成、拒访等已办结的结果")
    back = _before(visit, last)
    after, attempt, events = record(back, report, questionnaire, rules, last.at if ends else why.at)
    kept = replace(attempt, at=last.at, phone_masked=last.phone_masked, callback_kept=last.callback_kept)
    return after, kept, _events(visit, back, last, kept, events, rules, why)


def version_after(attempt: Attempt, why: Why) -> ResultVersion:
    return _version(attempt, why.number, why.by, why.reason, why.at)


def _version(attempt: Attempt, number: int, by: str, reason: str, at: datetime) -> ResultVersion:
    return ResultVersion(
        attempt_id=attempt.id, number=number, at=at, by=by, reason=reason, result=attempt.result,
        own_code=attempt.own_code, person=attempt.person, note=attempt.note,
    )  # fmt: skip


def _before(visit: Visit, last: Attempt) -> Visit:
    """The visit as its agent held it before the attempt."""
    codes = {last.result, last.own_code} - {""}
    tally = {code: number - (code in codes) for code, number in visit.tally.items()}
    held: dict[str, Any] = {"state": State.CLAIMED, "agent": last.agent, "companion": last.companion}
    held["call_started_at"] = last.started_at
    undone: dict[str, Any] = {"ended": "", "outcome": None, "finished_at": None, "next_at": None, "callback_at": None}
    return replace(
        visit,
        **{**IDLE, **held, **undone},
        callback_owner="",
        tally={code: number for code, number in tally.items() if number},
        attempts=visit.attempts - 1,
        reopened=visit.reopened + (visit.state is State.FAILED),
    )


def _events(
    visit: Visit, back: Visit, last: Attempt, attempt: Attempt, events: Sequence[EventData], rules: WorkRules, why: Why
) -> list[EventData]:
    """Instead of a second attempt, that the first one had another result; then, of a failed visit, that it is open again."""
    first, *others = events
    assert isinstance(first, VisitAttempted)
    before = AttemptSaid(
        result=last.result,
        connected=last.connected,
        talk_seconds=last.talk_seconds,
        wrap_up_seconds=last.wrap_up_seconds,
        own_code=last.own_code,
        result_title=rules.label_of(last.own_code or last.result),
    )
    now = dict(first) | {"at": last.at, "callback_kept": last.callback_kept}
    told: list[EventData] = [
        VisitAttemptCorrected(
            **now, before=before, correction=why.number, reason=why.reason, corrected_by=why.by, corrected_at=why.at
        )
    ]
    if visit.state is State.FAILED:
        told.append(
            VisitReopened(
                **facts_of(visit),
                reason=visit.ended,
                failed_at=visit.finished_at,
                reopened_by=why.by,
                why=why.reason,
                reopened_at=why.at,
            )
        )
    return [*told, *_number_right(back, last, attempt, rules, why), *others]


def _number_right(visit: Visit, last: Attempt, attempt: Attempt, rules: WorkRules, why: Why) -> list[EventData]:
    """The number that was told to be wrong reaches the customer after all, where it was not replaced by another one."""
    was, now = (rules.results.get(one.own_code or one.result) for one in (last, attempt))
    card = visit.customer
    if not (was and was.ending == NUMBER_ENDING and now and now.ending != NUMBER_ENDING):
        return []
    if not card.phone or card.phone_masked != last.phone_masked:
        return []
    number = {"phone": card.phone, "phone_masked": card.phone_masked, "learned_at": why.at}
    return [CustomerNumberCorrected(**facts_of(visit), **number)]
