"""What visits refuse, as facts with a Chinese title."""

from shared.errors import Conflict, HuifangError, InvalidInput, NotFound


class VisitNotFound(NotFound):
    title = "没有这张回访单"
    code = "visit-not-found"


class ClaimedByOther(Conflict):
    title = "该单已被他人领取"
    code = "claimed-by-other"


class NotClaimed(Conflict):
    title = "请先领取该单"
    code = "not-claimed"


class VisitAlreadyFinished(Conflict):
    title = "该单已办结"
    code = "visit-finished"


class VisitNotFinished(Conflict):
    title = "该单尚未办结"
    code = "visit-not-finished"


class InvalidAttempt(InvalidInput):
    title = "通话小结填写有误"
    code = "invalid-attempt"


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
