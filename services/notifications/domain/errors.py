"""What can be wrong, as facts."""

from shared.errors import Conflict, InvalidInput, NotFound


class SendNotFound(NotFound):
    title = "没有这条发送记录"
    code = "send-not-found"


class OptOutNotFound(NotFound):
    title = "没有这条退订记录"
    code = "opt-out-not-found"


class ReplyNotFound(NotFound):
    title = "没有这条待判定的回复"
    code = "reply-not-found"


class ReplyAlreadyDecided(Conflict):
    title = "这条回复已经判定"
    code = "reply-already-decided"


class TemplateNotUsable(Conflict):
    """No version of the template is approved by its provider."""

    title = "模板不存在或尚未通过审核"
    code = "template-not-usable"


class OnlyFailedIsSentAgain(Conflict):
    """Anything but a definite failure may still arrive, so it is never sent again."""

    title = "只有发送失败的记录可以重发"
    code = "only-failed-is-sent-again"


class AlreadySentAgain(Conflict):
    title = "这条记录已经重发过"
    code = "already-sent-again"


class TemplateRejected(InvalidInput):
    """`problems` lists every finding of the lint, in Chinese."""

    title = "模板未通过检查"
    code = "template-rejected"


class RuleRejected(InvalidInput):
    title = "通知规则有误"
    code = "rule-rejected"


class CannotRender(ValueError):
    """A text could not be made from the facts given; says why, in Chinese."""
