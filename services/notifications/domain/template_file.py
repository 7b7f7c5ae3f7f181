"""A template and the rules that come with it, as people write them: every key declared once."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from services.notifications.domain.conditions import MESSAGES, SAY_CONDITION
from services.notifications.domain.older_rules import OLDER, WHERE
from services.notifications.domain.rules import AT_ONCE, MOST_EVENTS, MOST_RULES, MOST_VALID_HOURS, WHEN, Rule
from services.notifications.domain.send import Audience, Category, Channel
from services.notifications.domain.templates import MOST_NAMES, MOST_PARTS, MOST_SOURCE, MessageTemplate, Review
from shared.conditions.declared import Tree
from shared.declared.model import Declared, Filled, read
from shared.declared.section import Section, written
from shared.declared.values import Say
from shared.declared.words import Content, Event, Title

RULES = "rules"
Name = Annotated[str, Say("一个名称")]
Source = Annotated[str, Field(max_length=MOST_SOURCE), Say("一段文字，可用 {{ 变量 }}")]
Texts = Annotated[
    dict[str, Annotated[str, Field(max_length=MOST_SOURCE)]],
    Field(max_length=MOST_NAMES),
    Say(f"名称与文字，最多 {MOST_NAMES} 项，文字最长 {MOST_SOURCE} 个字，如 {{name: 张先生}}"),
]


class RuleEntry(Declared):
    """This event, on this condition, leads to this message at this time."""

    SAY: ClassVar[str] = "一条规则，如 {id: thanks, events: [order.completed], purpose: thank_you, template: thank_you}"
    ELSEWHERE: ClassVar[Mapping[str, str]] = {WHERE: OLDER}
    id: Name = Field(description="规则编号")
    events: Annotated[Filled[Event], Say(most=MOST_EVENTS)] = Field(
        description="哪些事件引起消息；生日为 calendar.birthday，节日为 calendar.festival",
        examples=[["order.completed"]],
    )
    purpose: Name = Field(description="用途，同一件事同一用途只发一次", examples=["thank_you"])
    template: Name = Field(description="用哪个模板", examples=["thank_you"])
    condition: Annotated[Content | None, Tree(MESSAGES, SAY_CONDITION)] = Field(
        None,
        description="事件的数据须满足的条件；字段为数据字段路径或 event.type",
        examples=[{"field": "grade", "op": "eq", "value": "major"}],
    )
    audience: Audience = Field(
        "customer", description="发给客户、经理（设置 manager_emails）还是主管（supervisor_emails）"
    )
    when: Annotated[str, Field(pattern=WHEN), Say('at_once、same_day，或时刻如 "09:00"')] = Field(
        AT_ONCE, description="何时发：立即、事件当天之内，或此后最近的一个时刻"
    )
    valid_hours: Annotated[int | float, Field(ge=0, le=MOST_VALID_HOURS), Say(f"0 到 {MOST_VALID_HOURS} 的数")] = Field(
        72, description="多少小时内还值得发；same_day 从当天结束算起"
    )
    once_per: Literal["cause", "day"] = Field("cause", description="每件事一条，或每位客户每天一条")
    needs_consent: bool = Field(False, description="是否只发给同意接收推广的客户")
    enabled: bool = Field(True, description="是否启用")

    def rule(self) -> Rule:
        keys = {key: getattr(self, key) for key in type(self).model_fields}
        return Rule(**keys | {"events": tuple(self.events), "valid_hours": float(self.valid_hours)})


class TemplateFile(Declared):
    name: Name = Field(description="模板编号，规则用它指明模板")
    title: Title = Field(description="中文名称")
    channel: Channel = Field(description="短信或邮件")
    category: Category = Field(description="验证码、通知或推广；问候属推广")
    text: Source = Field(description="正文，只能用 params 中的变量")
    sign: Name = Field("", description="短信签名")
    subject: Source = Field("", description="邮件标题，可用变量")
    params: Texts = Field(
        {}, description="变量的取值，可用事件的 data、客户的 customer", examples=[{"name": "{{ customer.name }}"}]
    )
    sample: Texts = Field({}, description="每个变量的示例值，用于预览", examples=[{"name": "张先生"}])
    codes: Texts = Field({}, description="各运营商的模板编号", examples=[{"aliyun": "SMS_100000001"}])
    review: Review = Field("pending", description="运营商的审核：待审、通过、未通过；通过的才使用")
    most_parts: int = Field(2, ge=1, le=MOST_PARTS, description="短信最多拆成几条计费")
    rules: Annotated[list[RuleEntry], Say(most=MOST_RULES)] = Field([], description="用这个模板的通知规则")

    def template(self) -> MessageTemplate:
        return MessageTemplate(**{key: getattr(self, key) for key in type(self).model_fields if key != RULES})


def read_template(document: Any) -> tuple[TemplateFile, Section]:
    """A template's document as far as it can be read, and where its mistakes are noted."""
    section = _opened(document)
    return read(TemplateFile, section), section


def read_rule(document: Any) -> tuple[RuleEntry, Section]:
    """A rule's document as far as it can be read, and where its mistakes are noted."""
    section = _opened(document)
    return read(RuleEntry, section), section


def _opened(document: Any) -> Section:
    """An older document without a condition says so by an empty `where`, as `rule_document` writes it."""
    section = Section("", {}, [])
    if isinstance(document, Mapping):
        section.values = {key: one for key, one in document.items() if key != WHERE or one}
    else:
        section.problem("", f"应写成“键: 值”的形式，现在是 {written(document)}")
    return section
