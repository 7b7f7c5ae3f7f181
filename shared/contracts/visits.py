"""What happened when somebody was contacted, published by visits."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from shared.contracts.base import VISITS, EventData, contract
from shared.contracts.common import Channel, CustomerCard, Matter, Part, Resolution, Satisfaction

ConnectedResult = Literal["completed", "partly", "callback_agreed", "refused", "wrong_person", "language_barrier"]
UnconnectedResult = Literal[
    "no_answer", "busy", "powered_off", "suspended", "invalid_number", "wrong_number", "restricted"
]
AttemptResult = ConnectedResult | UnconnectedResult


class Visit(EventData):
    """The work item an event is about, as it was then."""

    visit_id: str
    task_id: str
    policy_id: str
    policy_version: int
    round: int = 1
    customer: CustomerCard
    matters: list[Matter]
    kind: str
    branch: str = ""
    team: str = ""
    agent: str = ""
    channel: Channel = "phone"
    case_id: str | None = None
    due_at: datetime
    deadline_at: datetime | None = None
    attempts: int = Field(default=0, ge=0, description="attempts so far")


@contract("visit.attempted", topic=VISITS, owner="visits", title="已尝试联系")
class VisitAttempted(Visit):
    attempt_id: str
    at: datetime
    result: AttemptResult
    connected: bool
    talk_seconds: int = 0
    wrap_up_seconds: int = 0
    callback_kept: bool | None = Field(
        default=None, description="whether the time agreed with the customer was kept; null where none was agreed"
    )
    own_code: str = Field(
        default="", description="a result code of the deployment's own, of which `result` is the meaning"
    )
    result_title: str = Field(
        default="", description="what the deployment calls the result; empty = as the platform does"
    )


class AttemptSaid(Part):
    """What an attempt said before its result was corrected; fields as in `VisitAttempted`."""

    result: AttemptResult
    connected: bool
    talk_seconds: int = 0
    wrap_up_seconds: int = 0
    own_code: str = ""
    result_title: str = ""


@contract("visit.attempt_corrected", topic=VISITS, owner="visits", title="呼叫结果已更正")
class VisitAttemptCorrected(VisitAttempted):
    """The attempt had another result than was told; `at` and `agent` stay. What follows from it is told besides."""

    before: AttemptSaid
    correction: int = Field(ge=1, description="which correction of the attempt's result this is")
    reason: str
    corrected_by: str
    corrected_at: datetime


class Said(Part):
    """What the customer said; fields as in `VisitResult`."""

    effective: bool
    satisfaction: Satisfaction | None = None
    rating: int | None = Field(default=None, ge=1, le=5)
    responded: bool | None = None
    resolved: bool | None = None
    resolution: Resolution | None = None
    answers: dict[str, Any] = {}
    score: float | None = None
    reasons: list[str] = []
    problems: list[str] = []
    remark: str = ""


class MatterResult(Said):
    """What a contact about several matters came to for one of them."""

    event_id: str
    event_source: str = ""
    questionnaire: str = ""
    questionnaire_version: int = 0


class Record(Said):
    """What a contact came to, as its record said before a correction."""

    dissatisfied: bool = False
    results: list[MatterResult] = []


class VisitResult(Visit):
    """A contact with answers; `rating` is 1 (worst) to 5, None when the customer gave none."""

    questionnaire: str = ""
    questionnaire_version: int = 0
    effective: bool = Field(description="right person and all required questions answered")
    satisfaction: Satisfaction | None = None
    rating: int | None = Field(default=None, ge=1, le=5)
    responded: bool | None = Field(default=None, description="12345 响应: the unit had contacted the citizen")
    resolved: bool | None = Field(default=None, description="12345 解决")
    resolution: Resolution | None = Field(default=None, description="as resolved, which is null where partly")
    answers: dict[str, Any] = {}
    score: float | None = None
    reasons: list[str] = []
    problems: list[str] = Field(default=[], description="answers that make it a problem case (R07.5)")
    remark: str = ""
    completed_at: datetime
    on_time: bool = True
    results: list[MatterResult] = Field(
        default=[], description="one for each matter of a contact about several; the fields above say the worst of them"
    )
    correction: int = Field(
        default=0, ge=0, description="which correction of its record tells this; 0 = the record as it was finished"
    )
    reopened: int = Field(default=0, ge=0, description="how often the visit had failed and was opened again before")


@contract("visit.completed", topic=VISITS, owner="visits", title="回访完成")
class VisitCompleted(VisitResult):
    """Published once for every visit that ended with the right person, effective or partial."""


@contract("visit.dissatisfied", topic=VISITS, owner="visits", title="客户不满意")
class VisitDissatisfied(VisitResult):
    """Published beside visit.completed when the customer is dissatisfied, and beside each visit.corrected by which its
    record comes to say so."""


@contract("visit.problem_found", topic=VISITS, owner="visits", title="发现问题件")
class VisitProblemFound(VisitResult):
    """Published beside visit.completed when an answer makes it a problem case (R07.5), and beside each visit.corrected by
    which its record comes to say so."""


@contract("visit.corrected", topic=VISITS, owner="visits", title="回访记录已更正")
class VisitCorrected(VisitResult):
    """The record of a completed visit says something else from now on; `completed_at` and `agent` stay."""

    before: Record
    dissatisfied: bool = False
    reason: str
    corrected_by: str
    corrected_at: datetime


@contract("customer.number_corrected", topic=VISITS, owner="visits", title="客户号码已更正")
class CustomerNumberCorrected(Visit):
    """A number of the customer was learned to be wrong, a new one was learned, or both. Numbers are sealed tokens."""

    wrong: str | None = Field(default=None, description="does not reach the customer")
    phone: str | None = Field(default=None, description="reaches the customer")
    phone_masked: str = ""
    learned_at: datetime


@contract("visit.failed", topic=VISITS, owner="visits", title="回访未成功")
class VisitFailed(Visit):
    reason: Literal["unreachable", "refused", "invalid_number", "expired"]
    failed_at: datetime


@contract("visit.reopened", topic=VISITS, owner="visits", title="回访重新打开")
class VisitReopened(Visit):
    """A visit that had failed has not: the result that ended it was wrong. What it comes to instead is told after this, at
    once or when it was tried again."""

    reason: Literal["unreachable", "refused", "invalid_number", "expired"] = Field(description="why it had failed")
    failed_at: datetime
    why: str
    reopened_by: str
    reopened_at: datetime


@contract("visit.invited", topic=VISITS, owner="visits", title="已邀请客户自助作答")
class VisitInvited(Visit):
    """The customer may answer by themselves, once: a message is to bring them the code."""

    invitation_id: str
    code: str = Field(description="what the customer types at the fixed address; sealed, see shared.privacy.codes")
    expires_at: datetime


@contract("visit.invitation_ended", topic=VISITS, owner="visits", title="邀请已失效")
class VisitInvitationEnded(Visit):
    """Nobody can answer with this invitation's code any more: a message with it need not go out."""

    invitation_id: str
    ended_at: datetime


@contract("visit.callback_agreed", topic=VISITS, owner="visits", title="已约定回呼")
class VisitCallbackAgreed(Visit):
    callback_at: datetime
