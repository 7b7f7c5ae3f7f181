"""What visits refuse, as facts with a Chinese title."""

from shared.errors import Conflict, Forbidden, HuifangError, InvalidInput, NotFound, Unavailable


class VisitNotFound(NotFound):
    title = "没有这张回访单"
    code = "visit-not-found"


class ClaimedByOther(Conflict):
    title = "该单已被他人领取"
    code = "claimed-by-other"


class NotClaimed(Conflict):
    title = "请先领取该单"
    code = "not-claimed"


class NotClaimable(Conflict):
    """`errors` lists every rule that keeps the caller from it."""

    title = "不能领取该单"
    code = "not-claimable"


class AgentAway(Conflict):
    title = "示忙、小休或离线时不能领取"
    code = "agent-away"


class AgentOffShift(Conflict):
    title = "不在班次内，不能领取"
    code = "agent-off-shift"


class AgentFull(Conflict):
    title = "手上的单已达上限"
    code = "agent-full"


class InvalidCompanion(InvalidInput):
    title = "同行人员不能是本人"
    code = "invalid-companion"


class NotYourTeam(Forbidden):
    title = "只能领取本人所在班组的单"
    code = "not-your-team"


class VisitWithdrawn(Conflict):
    """The task was cancelled after the visit was claimed."""

    title = "该单已撤销，不要再联系客户"
    code = "visit-withdrawn"


class VisitPostponed(Conflict):
    """The task was postponed after the visit was claimed."""

    title = "该单已推迟，现在不要联系客户"
    code = "visit-postponed"


class CustomerRefused(Conflict):
    title = "客户已拒绝联系"
    code = "customer-refused"


class CustomerInCall(Conflict):
    title = "同事正在联系这位客户"
    code = "customer-in-call"


class OutsideHours(Conflict):
    title = "现在不可拨打"
    code = "outside-hours"


class NotDialled(Conflict):
    title = "还没有拨打"
    code = "not-dialled"


class VisitAlreadyFinished(Conflict):
    title = "该单已办结"
    code = "visit-finished"


class AnsweredByCustomer(VisitAlreadyFinished):
    """The customer answered by themselves while an agent had the visit."""

    title = "客户已经自助作答，该单已办结"
    code = "answered-by-customer"


class CodeNotUsable(InvalidInput):
    """Nothing can be answered with this code: mistyped, used, expired, called off. Which of them is told to nobody."""

    title = "这个编号现在不能使用"
    code = "code-not-usable"


class ReplyNotFound(NotFound):
    title = "没有这条数字回复"
    code = "stray-reply-not-found"


class ReplyAlreadySettled(Conflict):
    title = "这条回复已经处理"
    code = "stray-reply-settled"


class ReplyOfNoVisit(Conflict):
    title = "这条回复不能作为该单的回答"
    code = "stray-reply-of-no-visit"


class VisitNotFinished(Conflict):
    title = "该单尚未办结"
    code = "visit-not-finished"


class NotCorrectable(Conflict):
    title = "这份记录不能更正"
    detail = "只有已完成的回访可以更正答案；未成功或等待再次联系的，请更正呼叫结果"
    code = "not-correctable"


class NotYourRecord(Forbidden):
    title = "只能更正本人办结的回访"
    code = "not-your-record"


class CorrectionTooLate(Conflict):
    title = "本人更正的时限已过，请主管更正"
    code = "correction-too-late"


class NothingCorrected(InvalidInput):
    title = "没有改动任何内容"
    code = "nothing-corrected"


class InvalidAttempt(InvalidInput):
    title = "通话小结填写有误"
    code = "invalid-attempt"


class ResultNotSelectable(InvalidAttempt):
    """The work rules have no such result code, or have retired it; `detail` names those to choose from."""

    title = "该呼叫结果不能选用"
    code = "result-not-selectable"


class InvalidWorkRules(InvalidInput):
    """`errors` lists each field with what is wrong and what to write."""

    title = "作业规则有误"
    code = "invalid-work-rules"


class WorkRulesNotFound(NotFound):
    title = "没有这一版作业规则"
    code = "work-rules-not-found"


class InvalidAnswers(InvalidInput):
    """`errors` lists each question with what is wrong."""

    title = "答案填写有误"
    code = "invalid-answers"


class AnswersMissing(InvalidInput):
    """`errors` lists each required question without an answer."""

    title = "还有必答题没有回答"
    code = "answers-missing"


class QuestionnaireNotFound(NotFound):
    title = "没有这份问卷"
    code = "questionnaire-not-found"


class QuestionnaireNotPublished(Conflict):
    """A visit names a questionnaire nobody has published: without questions no follow-up can be effective."""

    title = "该单指定的问卷尚未发布"
    code = "questionnaire-not-published"


class InvalidQuestionnaire(InvalidInput):
    """`errors` lists every fault found."""

    title = "问卷定义有误"
    code = "invalid-questionnaire"


class PhoneUnknown(HuifangError):
    status = 404
    title = "该客户没有可用的电话号码"
    code = "phone-unknown"


class NoLine(Conflict):
    title = "本部署没有接入话务线路"
    code = "no-line"


class LineRefused(Conflict):
    title = "话务线路没有接受这次拨打"
    code = "line-refused"


class CallNotFound(NotFound):
    title = "没有这通电话"
    code = "call-not-found"


class RecordingNotFound(NotFound):
    title = "这次联系没有录音"
    code = "recording-not-found"


class NotOnSite(Conflict):
    title = "该单不是上门回访"
    code = "not-on-site"


class SignatureMissing(InvalidInput):
    title = "还没有客户签名"
    code = "signature-missing"


class NoAppointment(Conflict):
    title = "还没有与客户约定上门时间"
    code = "no-appointment"


class AttachmentNotFound(NotFound):
    title = "没有这份签名或照片"
    code = "attachment-not-found"


class NotYourAttachment(Forbidden):
    title = "只有上门的坐席本人、主管和审计可以查看"
    code = "not-your-attachment"


class AttachmentHandedIn(Conflict):
    title = "已随结果提交的签名和照片不能删除"
    code = "attachment-handed-in"


class TooManyAttachments(Conflict):
    title = "照片已达上限"
    code = "too-many-attachments"


class UnusableAttachment(InvalidInput):
    """The file is no picture that can be kept; `detail` says why."""

    title = "照片不能用"
    code = "unusable-attachment"


class FilesUnavailable(Unavailable):
    title = "照片暂时无法保存或读取，请稍后重试"
    code = "files-unavailable"
