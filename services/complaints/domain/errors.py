"""What can stand in the way of a change, named as facts."""

from shared.errors import Conflict, NotFound


class CaseNotFound(NotFound):
    title = "没有这个投诉"
    code = "case-not-found"


class CaseIsFinal(Conflict):
    title = "投诉已闭环或已驳回，不能再改"
    code = "case-is-final"


class CaseNotAssigned(Conflict):
    title = "投诉尚未派发，不能整改或重办"
    code = "case-not-assigned"


class CaseNotResolved(Conflict):
    title = "投诉尚未整改，没有可重办的结果"
    code = "case-not-resolved"


class CaseAlreadyResolved(Conflict):
    title = "投诉已整改，正等待二次回访"
    code = "case-already-resolved"


class CustomerOpinionMissing(Conflict):
    """R12.4: not archived before the customer's opinion was collected."""

    title = "尚未征求客户意见，不能办结"
    code = "customer-opinion-missing"


class ReplyTimeNotAhead(Conflict):
    title = "承诺的答复时间须晚于现在"
    code = "reply-time-not-ahead"
