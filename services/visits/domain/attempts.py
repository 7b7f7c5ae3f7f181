"""What one attempt leads to: completed, failed, a callback, another try, and the events that tell of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from services.visits.domain import contact_result
from services.visits.domain.answering import require_complete, validated
from services.visits.domain.calls import talk_seconds, wrap_up_seconds
from services.visits.domain.errors import InvalidAttempt, QuestionnaireNotPublished
from services.visits.domain.hours import read_hours
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.results import ResultCode
from services.visits.domain.signing import UNSIGNED, Signing, require_signed
from services.visits.domain.visit import State, Visit, expires_at, facts_of, fail, finish, put_back
from services.visits.domain.work_rules import WorkRules
from shared.contracts import EventData
from shared.contracts.visits import (
    AttemptResult,
    CustomerNumberCorrected,
    VisitAttempted,
    VisitCallbackAgreed,
    VisitCompleted,
    VisitDissatisfied,
    VisitProblemFound,
)
from shared.profile import with_right_numbers

Person = Literal["self", "family", "other"]
EMPTY = Questionnaire(id="", title="", questions=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the agent says about one attempt. `corrected_phone` is (sealed token, masked form).

    The agreed callback is `callback_owner`'s own, "" = the queue's. `language` is what the customer speaks, where the agent
    does not.
    """

    id: UUID
    code: ResultCode
    person: Person = "self"
    answers: Mapping[str, Any] | None = None
    talk_seconds: int | None = 0
    wrap_up_seconds: int | None = 0
    note: str = ""
    callback_at: datetime | None = None
    corrected_phone: tuple[str, str] | None = None
    callback_owner: str = ""
    language: str = ""
    signing: Signing = UNSIGNED

    @property
    def result(self) -> AttemptResult:
        """The platform's code, of which the deployment's own is one kind."""
        return self.code.means


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try as it is kept: the `number`th of its visit.

    It began at `started_at`, where it was dialled through the platform. `callback_kept`: whether the time agreed with the
    customer was kept; None where there was none. `signer` and `unsigned_reason` as in `domain.signing`.
    `own_code` is the deployment's own code that was chosen, "" where it was the platform's.
    """

    id: UUID
    visit_id: UUID
    number: int
    at: datetime
    agent: str
    result: AttemptResult
    connected: bool
    person: str
    talk_seconds: int
    wrap_up_seconds: int
    note: str
    phone_masked: str
    next_at: datetime | None
    started_at: datetime | None = None
    companion: str = ""
    callback_kept: bool | None = None
    signer: str = ""
    unsigned_reason: str = ""
    own_code: str = ""


Decision = tuple[Visit, list[EventData]]


def record(
    visit: Visit, report: Report, questionnaire: Questionnaire | None, rules: WorkRules, now: datetime
) -> tuple[Visit, Attempt, list[EventData]]:
    """What `report` makes of a visit its agent holds.

    Raises InvalidAttempt, InvalidAnswers, AnswersMissing or SignatureMissing when the report cannot be true as it stands, and
    QuestionnaireNotPublished when the questions it should have asked are unknown.
    """
    _require_consistent(report, visit.customer.phone, now)
    if report.callback_at and visit.on_site and visit.callback_at and not report.note.strip():
        raise InvalidAttempt("改约须在备注中说明原因")
    require_signed(visit, report.result == "completed", report.signing)
    dialled = visit.customer.phone_masked
    kept = _is_kept(visit, rules, now)
    tried = _tried(visit, report, questionnaire)
    attempted = _attempted(tried, report, kept, now)
    decided, events = _decide(tried, report, questionnaire, rules, now)
    attempt = Attempt(
        id=report.id,
        visit_id=visit.id,
        number=tried.attempts,
        at=now,
        agent=visit.agent,
        result=report.result,
        connected=report.code.connected,
        person=report.person if report.code.connected else "",
        talk_seconds=report.talk_seconds or 0,
        wrap_up_seconds=report.wrap_up_seconds or 0,
        note=report.note,
        phone_masked=dialled,
        next_at=decided.next_at,
        started_at=visit.call_started_at,
        companion=visit.companion,
        callback_kept=kept,
        signer=report.signing.signer,
        unsigned_reason=report.signing.reason,
        own_code=report.code.code if report.code.own else "",
    )
    return decided, attempt, [attempted, *_learned(visit, tried, report, now), *events]


def learns_number(report: Report) -> bool:
    """Whether the report says that a number is wrong, or a new one."""
    return report.code.ending == "invalid_number" or report.corrected_phone is not None


def _learned(visit: Visit, tried: Visit, report: Report, now: datetime) -> list[EventData]:
    """A number that is wrong or new is a fact of its own."""
    wrong = visit.customer.phone if report.code.ending == "invalid_number" else None
    phone, masked = report.corrected_phone or (None, "")
    if not wrong and not phone:
        return []
    number = {"wrong": wrong, "phone": phone, "phone_masked": masked, "learned_at": now}
    return [CustomerNumberCorrected(**facts_of(tried), **number)]


def timed(report: Report, visit: Visit, now: datetime) -> Report:
    """The report with the seconds its agent left open, by when the platform dialled and the line was closed."""
    talk, wrap_up = report.talk_seconds, report.wrap_up_seconds
    return replace(
        report,
        talk_seconds=(talk_seconds(visit, now) if report.code.connected else 0) if talk is None else talk,
        wrap_up_seconds=wrap_up_seconds(visit, now) if wrap_up is None else wrap_up,
    )


def _require_consistent(report: Report, dialled: str | None, now: datetime) -> None:
    code = report.code
    if code.needs_note and not report.note.strip():
        raise InvalidAttempt(f"结果为「{code.label}」时须填写备注")
    if code.ending == "completed" and report.person == "other":
        raise InvalidAttempt("接听的不是本人或可代答的家属，请选择「非本人」")
    if (report.callback_at is not None) != (report.result == "callback_agreed"):
        raise InvalidAttempt("预约回呼须填写约定时间，其他结果不能填写")
    if report.callback_at is not None and report.callback_at <= now:
        raise InvalidAttempt("约定的回呼时间已经过去")
    if report.corrected_phone and report.code.ending == "invalid_number" and report.corrected_phone[0] == dialled:
        raise InvalidAttempt("更正后的号码与拨打的号码相同")
    if report.language and report.result != "language_barrier":
        raise InvalidAttempt("客户所讲的语言只在「语言不通」时填写")


def _is_kept(visit: Visit, rules: WorkRules, now: datetime) -> bool | None:
    """Whether the customer was called at the time agreed with them; None where none was agreed."""
    if visit.callback_at is None:
        return None
    return (visit.call_started_at or now) <= visit.callback_at + rules.callback_kept_within


def _tried(visit: Visit, report: Report, questionnaire: Questionnaire | None) -> Visit:
    answers = dict(visit.answers)
    if report.answers is not None:
        answers = validated(questionnaire or EMPTY, {**answers, **report.answers})
    customer = visit.customer
    if report.corrected_phone:
        token, masked = report.corrected_phone
        wrong = customer.phone if report.code.ending == "invalid_number" else None
        customer = with_right_numbers(customer, wrong, token, masked)
    codes = {report.result, report.code.code}
    tally = {**visit.tally, **{code: visit.tally.get(code, 0) + 1 for code in codes}}
    needs = tuple(dict.fromkeys((*visit.needs, report.language))) if report.language else visit.needs
    values: dict[str, Any] = {"callback_at": None, "callback_owner": "", "needs": needs}
    return replace(visit, answers=answers, customer=customer, tally=tally, attempts=visit.attempts + 1, **values)


def _attempted(visit: Visit, report: Report, kept: bool | None, now: datetime) -> VisitAttempted:
    return VisitAttempted(
        **facts_of(visit),
        attempt_id=str(report.id),
        at=now,
        result=report.result,
        connected=report.code.connected,
        talk_seconds=report.talk_seconds or 0,
        wrap_up_seconds=report.wrap_up_seconds or 0,
        callback_kept=kept,
        own_code=report.code.code if report.code.own else "",
        result_title=report.code.label,
    )


def _decide(
    visit: Visit, report: Report, questionnaire: Questionnaire | None, rules: WorkRules, now: datetime
) -> Decision:
    code = report.code
    if code.ending == "completed":
        return complete(visit, report, questionnaire, now)
    if code.ending == "refused":
        return fail(visit, "refused", now)
    if visit.cancel_reason:
        return finish(visit, State.CANCELLED, now, ended=visit.cancel_reason), []
    if report.callback_at is not None:
        return _appoint(visit, report.callback_at, report.callback_owner, rules)
    if code.ending == "invalid_number" and not report.corrected_phone:
        return fail(visit, "invalid_number", now)
    return _try_again(visit, code, rules, now)


def _appoint(visit: Visit, callback_at: datetime, owner: str, rules: WorkRules) -> Decision:
    at = rules.hours.earliest(callback_at)  # the customer's own time, whatever the policy's window
    last = expires_at(visit, rules.grace)
    if last is not None and at >= last:
        raise InvalidAttempt("约定时间晚于该单的最后期限")
    event = VisitCallbackAgreed(**facts_of(visit), callback_at=at)
    return put_back(replace(visit, callback_at=at, callback_owner=owner), State.APPOINTED, at), [event]


def _try_again(visit: Visit, code: ResultCode, rules: WorkRules, now: datetime) -> Decision:
    tries = visit.attempts - visit.tally.get("callback_agreed", 0)
    if tries >= rules.most_attempts or visit.tally[code.code] >= code.most:
        if may_still_answer(visit, code, rules, now):
            return put_back(visit, State.INVITED), []
        return fail(visit, "unreachable", now)
    hours = read_hours(visit.hours, rules.calendar) if visit.hours else rules.hours
    next_at = hours.after(code.wait, now, code.frames)
    last = expires_at(visit, rules.grace)
    if last is not None and next_at >= last:  # rather at another time of the day than not at all
        next_at = hours.after(code.wait, now)
    if next_at <= now:
        return put_back(visit, State.OPEN), []
    return put_back(visit, State.WAITING, next_at), []


def may_still_answer(visit: Visit, code: ResultCode, rules: WorkRules, now: datetime) -> bool:
    """Whether a customer whom nobody reached by phone has been, or is to be, asked by a message."""
    invited = visit.invited_until is not None and now < visit.invited_until
    return invited or (code.code in rules.invite_after and is_askable(visit))


def is_askable(visit: Visit) -> bool:
    """Whether a message can bring the customer questions: there are some, there is a number, and it is no practice."""
    return bool(visit.questionnaire and visit.customer.phone) and not (visit.practice or visit.practice_call)


def complete(visit: Visit, report: Report, questionnaire: Questionnaire | None, now: datetime) -> Decision:
    """The visit ends with what was answered, and the events that tell of it.

    Raises AnswersMissing where the report says that all was, and QuestionnaireNotPublished.
    """
    if questionnaire is None and visit.questionnaire:
        raise QuestionnaireNotPublished(f"问卷 {visit.questionnaire} 尚未发布，不能办结")
    asked = questionnaire or EMPTY
    if report.result == "completed":
        require_complete(asked, visit.answers)
    elif report.code.needs_answers and asked.questions and not visit.answers:
        raise InvalidAttempt(f"结果为「{report.code.label}」时至少要有一题的答案；一题也没有问到，请改选其他结果")
    found = contact_result.found_in(visit, asked, visit.answers, report.note)
    completed = finish(visit, State.COMPLETED, now, answers=found.answers, outcome=found.outcome)
    facts = contact_result.facts_of_result(completed)
    events: list[EventData] = [VisitCompleted(**facts)]
    if contact_result.is_dissatisfied(found.outcome):
        events.append(VisitDissatisfied(**facts))
    if contact_result.is_problem(found.outcome):
        events.append(VisitProblemFound(**facts))
    return completed, events
