"""What must be right about a template before it can be used (integration.md §7): findings in Chinese, none when it is fine."""

import math
import re
from collections.abc import Mapping
from typing import Any

from jinja2 import nodes
from pydantic import TypeAdapter, ValidationError

from services.notifications.domain.errors import CannotRender, TemplateRejected
from services.notifications.domain.templates import MessageTemplate, has_link, names_in, parsed, render
from shared.invalid import place, told

OPT_OUT_TEXT = "拒收请回复R"
ONE_PART = 70  # characters of UCS-2 in a single SMS
LONG_PART = 67  # in each part of a longer one
BANNED = (
    "贷款",
    "发票",
    "中奖",
    "免费领取",
    "返现",
    "赌博",
    "棋牌",
    "博彩",
    "代开",
    "加微信",
    "点击链接",
    "最低价",
    "绝对",
)
_ADJACENT = re.compile(r"\}\}\s*\{\{")
_TEMPLATE = TypeAdapter(MessageTemplate)


def parse_template(document: Mapping[str, Any]) -> MessageTemplate:
    """The template a document describes. Raises TemplateRejected with everything that is wrong with it."""
    try:
        template = _TEMPLATE.validate_python(document)
    except ValidationError as error:
        wrong = [f"{place(found)}：{told(found)}" for found in error.errors()]
        raise TemplateRejected("模板字段有误：" + "；".join(wrong), problems=wrong) from error
    problems = lint(template)
    if problems:
        raise TemplateRejected("；".join(problems), problems=problems)
    return template


def kept_template(document: Mapping[str, Any]) -> MessageTemplate:
    """A template that was checked when it was saved."""
    return _TEMPLATE.validate_python(document)


def template_document(template: MessageTemplate) -> dict[str, Any]:
    """The template as JSON-able data; `kept_template` gives it back."""
    document: dict[str, Any] = _TEMPLATE.dump_python(template, mode="json")
    return document


def lint(template: MessageTemplate) -> list[str]:
    """All findings, in Chinese."""
    try:
        if unknown := _names(template):
            return unknown
        full = f"【{template.sign}】" + preview(template) if template.channel == "sms" else preview(template)
    except CannotRender as error:
        return [str(error)]
    problems = _words(template, full)
    return problems + (_sms(template, full) if template.channel == "sms" else _email(template))


def preview(template: MessageTemplate) -> str:
    """The text with its sample values. Raises CannotRender."""
    return render(template.text, template.sample)


def parts(text: str) -> int:
    """How many SMS a text (signature included) is billed as."""
    return 1 if len(text) <= ONE_PART else math.ceil(len(text) / LONG_PART)


def _names(template: MessageTemplate) -> list[str]:
    for source in template.params.values():
        parsed(source)
    unknown = (names_in(template.text) | names_in(template.subject)) - set(template.params)
    missing = set(template.params) - set(template.sample)
    return [f"正文用到了 params 中没有的变量：{'、'.join(sorted(unknown))}"] * bool(unknown) + [
        f"缺少示例值（sample）：{'、'.join(sorted(missing))}"
    ] * bool(missing)


def _words(template: MessageTemplate, full: str) -> list[str]:
    problems = [f"含有违禁词“{word}”" for word in BANNED if word in full]
    if template.category == "promotion" and not template.text.rstrip().endswith(OPT_OUT_TEXT):
        problems.append(f"推广类必须以“{OPT_OUT_TEXT}”结尾（节日、生日问候属推广类）")
    if template.category != "promotion" and OPT_OUT_TEXT in full:
        problems.append(f"通知类和验证码不得含有“{OPT_OUT_TEXT}”")
    return problems


def _sms(template: MessageTemplate, full: str) -> list[str]:
    problems = []
    if not template.sign:
        problems.append("短信模板必须有签名（sign）")
    if not template.codes:
        problems.append("短信模板必须有运营商模板编号（codes）")
    if _ADJACENT.search(template.text):
        problems.append("两个变量不能相邻，中间须有文字")
    if any(has_link(value) for value in template.sample.values()):
        problems.append("变量中不允许有链接")
    if not _only_names(template.text):
        problems.append("短信正文须与报备的模板一致：只能含变量名，不能含条件或过滤器（请写在 params 中）")
    if parts(full) > template.most_parts:
        problems.append(
            f"含签名共 {len(full)} 字，要拆成 {parts(full)} 条（单条 {ONE_PART} 字，长短信每条 {LONG_PART} 字），"
            f"超过了允许的 {template.most_parts} 条"
        )
    return problems


def _only_names(source: str) -> bool:
    plain = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name)
    return all(isinstance(node, plain) for node in parsed(source).find_all(nodes.Node))


def _email(template: MessageTemplate) -> list[str]:
    return [] if template.subject.strip() else ["邮件模板必须有标题（subject）"]
