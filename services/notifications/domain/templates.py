"""Message templates: an SMS is a text the provider has approved plus parameters; an e-mail is a text of our own.

Expressions are Jinja2 in a sandbox of its smallest useful part: names, attributes, comparisons, if/else and a few filters.
No loops, no calls, no arithmetic, capped sizes: whoever edits a template can't stop the service with it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Literal

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import ConfigDict

from services.notifications.domain.errors import CannotRender
from services.notifications.domain.send import Category, Channel
from shared.zone import ORG_ZONE

MOST_SOURCE = 4_000  # characters
MOST_OUTPUT = 8_000
MOST_PARAM = 200
DEEPEST = 20  # of an expression: what is deeper ends in the limits of the interpreter
MOST_PARTS = 10  # SMS that one message is billed as
MOST_NAMES = 50  # params, samples and provider codes of a template
EXCERPT = 150
ALLOWED_FILTERS = ("default", "d", "trim", "upper", "lower", "int", "first", "last", "length")
Review = Literal["pending", "approved", "rejected"]
_ALLOWED_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Filter,
    nodes.Keyword,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Test,
    nodes.Getattr,
    nodes.Getitem,
)


@dataclass(frozen=True)
class MessageTemplate:
    """`text` may use only the names in `params`; each param is an expression over the facts. `sample` previews it.

    `codes` holds each provider's template code and `sign` the signature (签名); `review` is the provider's verdict.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str
    title: str
    channel: Channel
    category: Category
    text: str
    sign: str = ""
    subject: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    sample: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    review: Review = "pending"
    most_parts: int = 2


@dataclass(frozen=True)
class Message:
    """What is sent: the provider gets `params`; `text` and `subject` are what the receiver reads."""

    params: Mapping[str, str]
    subject: str
    text: str


class _Environment(ImmutableSandboxedEnvironment):
    """Arithmetic that can explode is refused even if it got past the parser's check."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        raise SecurityError(f"模板中不允许使用 {operator}")


def _day(value: Any) -> str:
    """`3月2日` of a datetime or ISO text, in the organisation's zone."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    local = at.astimezone(ORG_ZONE) if at.tzinfo else at
    return f"{local.month}月{local.day}日"


def _minute(value: Any) -> str:
    """`2026年3月13日 17:30` of a datetime or ISO text, in the organisation's zone."""
    at = (value if isinstance(value, datetime) else datetime.fromisoformat(str(value))).astimezone(ORG_ZONE)
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


def _excerpt(value: Any) -> str:
    """The beginning of a text that may be too long for a parameter."""
    text = str(value)
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def _environment() -> _Environment:
    environment = _Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in ALLOWED_FILTERS} | {
        "day": _day,
        "minute": _minute,
        "excerpt": _excerpt,
    }
    return environment


ENVIRONMENT = _environment()


def names_in(source: str) -> set[str]:
    """The top-level names a source uses. Raises CannotRender when it is not a template we allow."""
    return {name.name for name in parsed(source).find_all(nodes.Name)}


def parsed(source: str) -> nodes.Template:
    """The syntax tree. Raises CannotRender for a syntax error, a forbidden construct or too much text."""
    if len(source) > MOST_SOURCE:
        raise CannotRender(f"模板超过 {MOST_SOURCE} 字")
    try:
        tree = ENVIRONMENT.parse(source)
    except TemplateError as error:
        raise CannotRender(f"模板语法错误：{error.message}") from error
    except (RecursionError, ValueError) as error:
        raise CannotRender("模板中的括号、条件或数字太多太长") from error
    if _is_deep(tree):
        raise CannotRender(f"模板中的括号、条件或取值最多嵌套 {DEEPEST} 层")
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED_NODES):
            raise CannotRender(f"模板中不允许使用 {type(node).__name__}")
        if isinstance(node, nodes.Filter) and node.name not in ENVIRONMENT.filters:
            raise CannotRender(f"模板中不允许使用过滤器 {node.name}")
        if isinstance(node, nodes.Test) and node.name not in ENVIRONMENT.tests:
            raise CannotRender(f"模板中没有判断 is {node.name}")
        if isinstance(node, nodes.Const) and isinstance(node.value, float) and not math.isfinite(node.value):
            raise CannotRender("模板中的数字太大")  # Jinja would write it as a name that doesn't exist
    return tree


def _is_deep(node: nodes.Node) -> bool:
    level = [node]
    for _ in range(DEEPEST):
        level = [below for one in level for below in one.iter_child_nodes()]
    return bool(level)


@lru_cache(maxsize=512)
def _compiled(source: str) -> Template:
    parsed(source)
    return ENVIRONMENT.from_string(source)


def render(source: str, values: Mapping[str, Any]) -> str:
    """The text. Raises CannotRender for a name without a value, or too much output."""
    pieces, size = [], 0
    try:
        for piece in _compiled(source).generate(values):
            size += len(piece)
            if size > MOST_OUTPUT:
                raise CannotRender(f"内容超过 {MOST_OUTPUT} 字")
            pieces.append(piece)
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise CannotRender(f"内容无法生成：{error}") from error
    return "".join(pieces)


def compose(template: MessageTemplate, facts: Mapping[str, Any]) -> Message:
    """The message these facts give. Raises CannotRender, also for a parameter that is too long or holds a link."""
    params = {name: _param(name, render(source, facts)) for name, source in template.params.items()}
    return Message(params, render(template.subject, params), render(template.text, params))


def _param(name: str, value: str) -> str:
    value = value.strip()
    if len(value) > MOST_PARAM:
        raise CannotRender(f"变量 {name} 超过 {MOST_PARAM} 字")
    if has_link(value):
        raise CannotRender(f"变量 {name} 含有链接，运营商不允许")
    return value


def has_link(value: str) -> bool:
    lowered = value.lower()
    return "://" in lowered or "www." in lowered
