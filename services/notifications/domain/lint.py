"""What must be right about a template before it can be used (integration.md §7): findings in Chinese, none when it is fine."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes
from pydantic import TypeAdapter

from services.notifications.domain.errors import CannotRender, RuleRejected, TemplateRejected
from services.notifications.domain.rules import BIRTHDAY, FESTIVAL, MOST_RULES, Rule
from services.notifications.domain.template_file import RULES, read_rule, read_template
from services.notifications.domain.templates import MessageTemplate, has_link, names_in, parsed, render
from shared.conditions.tree import asked_for
from shared.declared.section import Problem

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
PROVIDERS = {"tencent": "腾讯云", "huawei": "华为云"}
PROVIDER_BANNED = {"tencent": ("问卷调查",), "huawei": ("问卷调查", "评价")}
_FEASTS = "节日|佳节|生日|新年|新春|春节|元旦|元宵|端午|中秋|国庆|重阳"
_GREETING = re.compile(rf"(?:{_FEASTS})[^。，！]{{0,4}}(?:快乐|愉快|吉祥|安康|问候|祝福)")
_WAY_OUT = re.compile(r"拒收请?回复?[RrTt]|回复?(?:R|TD?|N)退订|退订请?回复?[RrTtNn]")
_DOMAIN = re.compile(r"[a-z0-9-]\.(?:com|cn|net|top|cc|me|io|vip)(?![a-z0-9])", re.IGNORECASE)
_ADJACENT = re.compile(r"\}\}\s*\{\{")
_TEMPLATE = TypeAdapter(MessageTemplate)


@dataclass(frozen=True)
class Finding:
    """One thing about a template: at which key, and (Chinese) what is wrong and what to write. A `warning` stops nothing."""

    key: str
    text: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.key}：{self.text}"


def parse_template(document: Mapping[str, Any]) -> MessageTemplate:
    """The template a document describes, whose rules are left aside. Raises TemplateRejected with everything wrong with it."""
    declared, section = read_template({key: one for key, one in document.items() if key != RULES})
    if section.problems:
        wrong = [said(problem) for problem in section.problems]
        raise TemplateRejected("；".join(wrong), problems=wrong)
    template = declared.template()
    require_sound(lint(template))
    return template


def parse_rule(document: Any) -> Rule:
    """The rule a document describes. Raises RuleRejected, naming the keys that are wrong."""
    declared, section = read_rule(document)
    if section.problems:
        raise RuleRejected("；".join(map(said, section.problems)))
    return declared.rule()


def read_rules(documents: Any) -> list[Rule]:
    """The rules that come with a template. Raises RuleRejected."""
    if documents is None:
        return []
    if not isinstance(documents, list) or len(documents) > MOST_RULES:
        raise RuleRejected(f"rules 应为通知规则的列表，最多 {MOST_RULES} 条")
    return [parse_rule(document) for document in documents]


def said(problem: Problem) -> str:
    """A mistake of a document that has no file."""
    return f"{problem.key}：{problem.message}" if problem.key else problem.message


def require_sound(findings: Iterable[Finding]) -> None:
    """Raises TemplateRejected with the findings that are mistakes; warnings stop nothing."""
    problems = [str(finding) for finding in findings if not finding.warning]
    if problems:
        raise TemplateRejected("；".join(problems), problems=problems)


def kept_template(document: Mapping[str, Any]) -> MessageTemplate:
    """A template that was checked when it was saved."""
    return _TEMPLATE.validate_python(document)


def template_document(template: MessageTemplate) -> dict[str, Any]:
    """The template as JSON-able data; `kept_template` gives it back."""
    document: dict[str, Any] = _TEMPLATE.dump_python(template, mode="json")
    return document


def lint(template: MessageTemplate, provider: str = "") -> list[Finding]:
    """All findings about a template that is sent through `provider` ("" = not known which)."""
    try:
        if unknown := _names(template):
            return unknown
        full = f"【{template.sign}】" + preview(template) if template.channel == "sms" else preview(template)
    except CannotRender as error:
        return [Finding("text", str(error))]
    if template.channel == "email":
        return [*_words(template, full), *_email(template)]
    return [
        *_words(template, full),
        *_sms(template, full),
        *_provider_words(template, full),
        *_code(template, provider),
    ]


def lint_rules(template: MessageTemplate, rules: Iterable[Rule]) -> list[Finding]:
    """What is wrong with sending this template by these rules: greetings as notices, promotion without consent."""
    if template.category == "promotion":
        return [_consent(template, rule) for rule in rules if not rule.needs_consent and template.channel == "sms"]
    return [
        Finding(f"rules.{rule.id}", "问候属推广类，不能用通知类模板：另写一个 category: promotion 的模板给问候")
        for rule in rules
        if _greets(rule)
    ]


def _consent(template: MessageTemplate, rule: Rule) -> Finding:
    if _GREETING.search(template.text) or _greets(rule):
        return Finding(
            f"rules.{rule.id}", "问候也是商业性短信，未征得同意的客户可能投诉：宜写 needs_consent: true", True
        )
    return Finding(f"rules.{rule.id}", "推广短信须客户明示同意：写 needs_consent: true")


def _greets(rule: Rule) -> bool:
    return "greeting" in (*asked_for(rule.condition, "purpose"), rule.purpose) or bool(
        {BIRTHDAY, FESTIVAL} & set(rule.events)
    )


def preview(template: MessageTemplate) -> str:
    """The text with its sample values. Raises CannotRender."""
    return render(template.text, template.sample)


def parts(text: str) -> int:
    """How many SMS a text (signature included) is billed as."""
    return 1 if len(text) <= ONE_PART else math.ceil(len(text) / LONG_PART)


def _names(template: MessageTemplate) -> list[Finding]:
    for source in template.params.values():
        parsed(source)
    unknown = (names_in(template.text) | names_in(template.subject)) - set(template.params)
    missing = set(template.params) - set(template.sample)
    return [Finding("params", f"正文用到了 params 中没有的变量：{'、'.join(sorted(unknown))}")] * bool(unknown) + [
        Finding("sample", f"缺少示例值（sample）：{'、'.join(sorted(missing))}")
    ] * bool(missing)


def _words(template: MessageTemplate, full: str) -> list[Finding]:
    found = [Finding("text", f"含有违禁词“{word}”，请删去或换一种说法") for word in BANNED if word in full]
    if template.category == "promotion" and not template.text.rstrip().endswith(OPT_OUT_TEXT):
        found.append(Finding("text", f"推广类必须以“{OPT_OUT_TEXT}”结尾（节日、生日问候属推广类）"))
    if template.category != "promotion" and (way_out := _WAY_OUT.search(full)):
        found.append(Finding("text", f"通知类和验证码不得含有“{way_out[0]}”：请删去；若是推广，写 category: promotion"))
    if template.category != "promotion" and (greeting := _GREETING.search(full)):
        found.append(
            Finding("category", f"“{greeting[0]}”是问候，属推广类：写 category: promotion，并以“{OPT_OUT_TEXT}”结尾")
        )
    return found


def _provider_words(template: MessageTemplate, full: str) -> list[Finding]:
    """A word that one provider refuses is a mistake where the template is filed with it, else a doubt."""
    return [
        Finding(
            "text",
            f"{PROVIDERS[provider]}不接受“{word}”：请改为数字回复，如“回复1满意2基本满意3不满意”",
            provider not in template.codes,
        )
        for provider, words in PROVIDER_BANNED.items()
        for word in words
        if word in full
    ]


def _code(template: MessageTemplate, provider: str) -> list[Finding]:
    """Without the code of the provider that is configured each send would fail; an unapproved template sends nothing yet."""
    if not provider or provider in template.codes or not template.codes:
        return []
    said = f"没有 {provider} 的模板编号，平台配置的正是它，每次发送都会失败：写上 codes: {{{provider}: 该运营商的模板编号}}"
    return [Finding("codes", said, template.review != "approved")]


def _names_a_host(text: str) -> bool:
    """Whether a line of it names one behind its last @: what stands before an @ is whose mail it is."""
    return any(_DOMAIN.search(line.rpartition("@")[2]) for line in text.split("\n"))


def _sms(template: MessageTemplate, full: str) -> list[Finding]:
    found = []
    if not template.sign:
        found.append(Finding("sign", "短信模板必须有签名（sign）"))
    if not template.codes:
        found.append(Finding("codes", "短信模板必须有运营商模板编号（codes），如 codes: {aliyun: SMS_100000001}"))
    if _ADJACENT.search(template.text):
        found.append(Finding("text", "两个变量不能相邻，中间须有文字"))
    for name, source in template.params.items():
        if has_link(source) or _names_a_host(source) or _names_a_host(template.sample[name]):
            found.append(Finding(f"params.{name}", "变量中不允许有链接：把报备过的固定网址写进正文"))
    found += [
        Finding(f"sample.{name}", "变量中不允许有链接") for name, value in template.sample.items() if has_link(value)
    ]
    if not _only_names(template.text):
        found.append(
            Finding("text", "短信正文须与报备的模板一致：只能含变量名，不能含条件或过滤器（请写在 params 中）")
        )
    if parts(full) > template.most_parts:
        found.append(
            Finding(
                "text",
                f"含签名共 {len(full)} 字，要拆成 {parts(full)} 条（单条 {ONE_PART} 字，长短信每条 {LONG_PART} 字），"
                f"超过了允许的 {template.most_parts} 条：请缩短，或写 most_parts: {parts(full)}",
            )
        )
    return found


def _only_names(source: str) -> bool:
    plain = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name)
    return all(isinstance(node, plain) for node in parsed(source).find_all(nodes.Node))


def _email(template: MessageTemplate) -> list[Finding]:
    return [] if template.subject.strip() else [Finding("subject", "邮件模板必须有标题（subject）")]
