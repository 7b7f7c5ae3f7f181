"""Errors are facts with a status and a Chinese title; the edge turns them into RFC 9457 problems."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class HuifangError(Exception):
    """Base of every error a user may see.

    `status` is the HTTP status, `title` the Chinese headline, `code` the stable machine name; `detail` says what
    happened this time (Chinese) and `extra` carries further members of the problem document.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "系统内部错误"
    code: ClassVar[str] = "internal-error"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extra = extra


class NotFound(HuifangError):
    status = 404
    title = "没有找到"
    code = "not-found"


class CustomerNotFound(NotFound):
    """Also one of other units, and one of whom is not known whose they are."""

    title = "没有这位客户"
    code = "customer-not-found"


class Conflict(HuifangError):
    """The state does not allow this now."""

    status = 409
    title = "当前状态不允许此操作"
    code = "conflict"


class InvalidInput(HuifangError):
    status = 422
    title = "提交的内容有误"
    code = "invalid-input"


class BadRequest(HuifangError):
    status = 400
    title = "请求无法解析"
    code = "bad-request"


class Unauthorized(HuifangError):
    status = 401
    title = "需要有效的访问密钥"
    code = "unauthorized"


class Forbidden(HuifangError):
    status = 403
    title = "没有权限"
    code = "forbidden"


class PasswordChangeRequired(Forbidden):
    """Somebody signed in with a password that was given to them, and has not chosen one of their own yet."""

    title = "请先修改初始密码"
    code = "password-change-required"


class WholeOrganisationOnly(Forbidden):
    """Something that belongs to no unit was asked for by somebody limited to units."""

    title = "这属于整个组织，限于部分单位的权限不能查看或更改"
    code = "whole-organisation-only"


class PayloadTooLarge(HuifangError):
    status = 413
    title = "请求内容过大"
    code = "payload-too-large"


class BodyTooLarge(PayloadTooLarge):
    """More than the service takes, refused while it arrives."""

    code = "http-413"


class BodyTooLate(HuifangError):
    """The body did not arrive in time."""

    status = 408
    title = "请求超时"
    code = "http-408"


class ForeignHost(HuifangError):
    """The request was for another host (RFC 9110 §7.4)."""

    status = 421
    title = "不认识的主机名"
    code = "foreign-host"


class PreconditionFailed(HuifangError):
    """If-Match did not match: somebody changed it meanwhile (RFC 9110 §13.1.1)."""

    status = 412
    title = "内容已被他人修改，请刷新后重试"
    code = "precondition-failed"


class PreconditionRequired(HuifangError):
    status = 428
    title = "修改时须带 If-Match"
    code = "precondition-required"


class TooManyFailures(HuifangError):
    """Wrong credentials again and again (RFC 6585 §4); `retry_after` in seconds."""

    status = 429
    title = "尝试次数过多，请稍后再试"
    code = "too-many-failures"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"{retry_after} 秒后可以再试", retry_after=retry_after)


class Unavailable(HuifangError):
    status = 503
    title = "服务暂不可用，请稍后重试"
    code = "unavailable"


def raises(*errors: type[HuifangError]) -> Callable[[F], F]:
    """Says what a dependency or a route raises; the API description tells it of every route that has it."""

    def note(function: F) -> F:
        function.__dict__["raises"] = errors
        return function

    return note


def raised_by(function: Any) -> Iterable[type[HuifangError]]:
    """What `raises` says of the function."""
    errors: Iterable[type[HuifangError]] = getattr(function, "raises", ())
    return errors


def refuse(faults: Sequence[tuple[str, str]]) -> None:
    """Raises InvalidInput that names each field of (dotted path, reason), when there are any."""
    if faults:
        fields = "、".join(dict.fromkeys(field for field, _ in faults[:5]))
        listed = [{"field": field, "message": reason} for field, reason in faults[:50]]
        raise InvalidInput(f"请检查：{fields}（{faults[0][1]}）", errors=listed)
