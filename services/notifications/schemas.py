"""What notifications says and takes over HTTP; numbers and addresses are masked."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.notifications.domain.lint import Finding, kept_template, lint, lint_rules
from services.notifications.domain.refusals import ALL_PROMOTION, FORGOTTEN, RefusedChannel
from services.notifications.domain.rules import Rule
from services.notifications.domain.send import Category, Channel, Send, State
from services.notifications.store.catalogue import Document
from services.notifications.store.contacts import Consent, OptOut
from services.notifications.store.doubtful import BrokenRow, DoubtfulReply
from shared.bodies import Body
from shared.mail_addresses import LONGEST, MailAddress
from shared.moments import Instant
from shared.practice import AboutCustomer
from shared.privacy import PREFIX, Sealer, TypedNumber, mask_text
from shared.privacy.codes import hide_codes

# what people type is kept without whole numbers
Text = Annotated[str, AfterValidator(mask_text)]


class SendOut(AboutCustomer):
    """一条发送记录。"""

    id: UUID = Field(description="发送编号，也是提交给运营商的 OutId")
    channel: Channel = Field(description="渠道：sms 短信 / email 邮件")
    category: Category = Field(description="类别：verify 验证码 / notice 通知 / promotion 推广（含问候）")
    purpose: str = Field(description="用途")
    template: str = Field(description="模板")
    template_version: int = Field(description="模板版本")
    recipient_masked: str = Field(description="接收号码或邮箱（已脱敏）；尚未确定时为空")
    subject: str = Field(description="邮件标题")
    text: str = Field(description="内容（已脱敏）")
    state: State = Field(
        description="planned 待发 / leased 发送中 / accepted 已提交 / unknown 结果未知 / delivered 已送达 / "
        "failed 失败 / suppressed 不发"
    )
    reason: str = Field(
        description="失败、未知或不发的原因；set_aside：处理中断 3 次且运营商没有收到，已搁置，排除原因后可重发"
    )
    provider: str = Field(description="运营商")
    provider_ref: str = Field(description="运营商回执编号")
    attempts: int = Field(description="提交次数")
    cause_id: str = Field(description="事由：单号、任务、投诉轮次或日期")
    lineage: str = Field(description="血缘编号，由首个事实贯穿到底")
    branch: str = Field(description="分公司")
    kind: str = Field(description="业务类别")
    planned_at: datetime = Field(description="计划时间")
    not_before: datetime = Field(description="最早发送时间")
    expires_at: datetime = Field(description="过期时间")
    submitted_at: datetime | None = Field(description="最近一次提交时间")
    accepted_at: datetime | None = Field(description="运营商受理时间")
    finished_at: datetime | None = Field(description="结束时间")
    resend_of: UUID | None = Field(description="由哪条失败记录重发而来")


def shown_send(send: Send, sealer: Sealer) -> SendOut:
    same = {name: getattr(send, name) for name in SendOut.model_fields if name not in ("recipient_masked", "text")}
    return SendOut(**same, recipient_masked=_masked(send, sealer), text=mask_text(hide_codes(sealer, send.text)))


def _masked(send: Send, sealer: Sealer) -> str:
    if send.channel == "sms":
        return sealer.masked(send.recipient)
    return "、".join(_masked_address(address, sealer) for address in send.recipient.split(",") if address)


def _masked_address(address: str, sealer: Sealer) -> str:
    return sealer.masked(address) if address.startswith(PREFIX) else mask_address(address)


def mask_address(address: str) -> str:
    """`z***@example.com`."""
    name, at, host = address.rpartition("@")
    return f"{name[:1]}***{at}{host}"


class NewSend(Body):
    """人工发送的消息：只用已审核的模板，不发自由文本。"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"customer_id": "C88231", "template": "thank_you", "data": {"order_no": "SO1"}}]
        }
    )

    customer_id: str = Field(min_length=1, max_length=64, description="客户编号")
    template: str = Field(min_length=1, max_length=64, description="模板名")
    purpose: Text = Field(default="", max_length=64, description="用途；缺省为模板名")
    phone: TypedNumber = Field(default="", description="手机号；缺省用客户最新号码")
    email: MailAddress = Field(default="", max_length=200, description="邮箱；缺省用客户最新邮箱")
    data: dict[str, Any] = Field(default={}, description="模板变量所需内容；其中的号码以脱敏形式发送")


class DocumentOut(BaseModel):
    """模板或规则的一个版本。"""

    name: str = Field(description="名称")
    version: int = Field(description="版本，从 1 起；内容不变则版本不变")
    usable: bool = Field(description="是否可用（模板须已审核通过）")
    body: dict[str, Any] = Field(description="内容")
    created_at: datetime = Field(description="保存时间")
    created_by: str = Field(description="保存人")
    findings: list[str] = Field(default=[], description="检查的结果：须改正的和提醒")


def shown_document(document: Document, findings: Iterable[Finding] = ()) -> DocumentOut:
    same = {name: getattr(document, name) for name in DocumentOut.model_fields if name != "findings"}
    return DocumentOut(**same, findings=[str(finding) for finding in findings])


def findings_about(document: Document, rules: Iterable[Rule], provider: str) -> list[Finding]:
    """What the lint says of a template as it stands, with the rules that use it and the provider that is configured."""
    template = kept_template(document.body)
    using = [rule for rule in rules if rule.enabled and rule.template == template.name]
    return [*lint(template, provider), *lint_rules(template, using)]


class NewOptOut(Body):
    """他人告知的退订：某客户、某号码或某邮箱，或客户与其中之一。"""

    model_config = ConfigDict(json_schema_extra={"example": {"customer_id": "C88231", "note": "来电要求不再接收短信"}})

    customer_id: str = Field(default="", max_length=64, description="客户编号")
    phone: TypedNumber = Field(default="", description="手机号")
    email: MailAddress = Field(default="", max_length=LONGEST, description="邮箱；仅用于邮件的退订，不分大小写")
    channel: RefusedChannel = Field(default="sms", description="渠道：sms 短信 / email 邮件 / phone 电话回访")
    scope: Text = Field(
        default=ALL_PROMOTION, max_length=64, description="范围：* 全部推广 / notice 全部通知 / all 一切 / 某一用途"
    )
    note: Text = Field(default="", max_length=200, description="说明")


class OptOutOut(BaseModel):
    id: UUID = Field(description="退订编号")
    customer_id: str = Field(description="客户编号")
    phone_masked: str = Field(description="脱敏号码")
    email_masked: str = Field(description="脱敏邮箱")
    channel: str = Field(description="渠道：sms 短信 / email 邮件 / phone 电话回访")
    scope: str = Field(description="范围：* 全部推广 / notice 全部通知 / all 一切 / 某一用途")
    how: Literal["reply", "by_hand"] = Field(description="方式：reply 回复退订 / by_hand 人工登记")
    note: str = Field(description="说明或回复内容")
    by: str = Field(description="登记人")
    created_at: datetime = Field(description="登记时间")
    revoked_at: datetime | None = Field(description="撤销时间")


def shown_opt_out(opt_out: OptOut, sealer: Sealer) -> OptOutOut:
    same = {name: getattr(opt_out, name) for name in OptOutOut.model_fields if not name.endswith("_masked")}
    known = "" if opt_out.recipient.startswith(FORGOTTEN) else opt_out.recipient
    if opt_out.channel == "email":
        return OptOutOut(**same, phone_masked="", email_masked=_masked_address(known, sealer) if known else "")
    return OptOutOut(**same, phone_masked=sealer.masked(known), email_masked="")


class NewConsent(Body):
    """同意的证据：以何种方式、同意了哪段文字。"""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "customer_id": "C88231",
                "how": "营业厅签字",
                "text": "同意接收本公司的优惠短信，可随时回复 T 退订",
            }
        }
    )

    customer_id: str = Field(min_length=1, max_length=64, description="客户编号")
    how: Text = Field(min_length=1, max_length=200, description="取得方式，例如 营业厅签字、APP 勾选")
    text: Text = Field(min_length=1, max_length=2000, description="客户同意的原文（其中的号码脱敏后留存）")
    given_at: Instant | None = Field(default=None, description="同意时间；缺省为现在")


class ConsentOut(BaseModel):
    id: UUID = Field(description="同意记录编号")
    customer_id: str = Field(description="客户编号")
    how: str = Field(description="取得方式")
    text: str = Field(description="客户同意的原文")
    by: str = Field(description="登记人")
    given_at: datetime = Field(description="同意时间")
    recorded_at: datetime = Field(description="登记时间")


def shown_consent(consent: Consent) -> ConsentOut:
    return ConsentOut(**vars(consent))


class ReplyOut(BaseModel):
    content: str = Field(description="回复内容（已脱敏）")
    digit: int | None = Field(description="数字回复")
    refused: bool = Field(description="是否退订")
    send_id: UUID | None = Field(description="回复的是哪条消息")
    received_at: datetime = Field(description="收到时间")


def shown_reply(row: Mapping[str, Any]) -> ReplyOut:
    same = {name: row[name] for name in ReplyOut.model_fields if name != "content"}
    return ReplyOut(**same, content=mask_text(row["content"]))


class DoubtfulReplyOut(BaseModel):
    """一条可能是退订的回复。"""

    id: UUID = Field(description="编号")
    customer_id: str = Field(description="客户编号；号码无人认领时为空")
    phone_masked: str = Field(description="回复的号码（已脱敏）")
    content: str = Field(description="回复内容（已脱敏）")
    category: str = Field(description="所回复消息的类别：verify / notice / promotion；没有时为空")
    send_id: UUID | None = Field(description="回复的是哪条消息")
    received_at: datetime = Field(description="收到时间")
    refuses: bool | None = Field(description="是否退订；为空表示尚未判定")
    remark: str = Field(description="判定的备注")
    decided_by: str = Field(description="判定人；customer 表示客户其后明确退订")
    decided_at: datetime | None = Field(description="判定时间")


def shown_doubtful(reply: DoubtfulReply, sealer: Sealer) -> DoubtfulReplyOut:
    same = {name: getattr(reply, name) for name in DoubtfulReplyOut.model_fields if name != "phone_masked"}
    return DoubtfulReplyOut(
        **same | {"content": mask_text(reply.content)}, phone_masked=_shown(reply.recipient, sealer)
    )


def _shown(token: str, sealer: Sealer) -> str:
    """A number masked; one that was sealed with another key stays hidden."""
    try:
        return sealer.masked(token)
    except ValueError:
        return ""


class Decision(Body):
    """人工对一条回复的判定。"""

    refuses: bool = Field(description="是否退订")
    remark: Text = Field(default="", max_length=500, description="备注")


class BrokenRowOut(BaseModel):
    """运营商推送中无法识别的一条。"""

    id: UUID = Field(description="编号")
    provider: str = Field(description="运营商")
    kind: Literal["receipts", "replies"] = Field(description="receipts 回执 / replies 回复")
    content: str = Field(description="内容（已脱敏）")
    reason: str = Field(description="原因")
    received_at: datetime = Field(description="首次收到时间")


def shown_broken(row: BrokenRow) -> BrokenRowOut:
    return BrokenRowOut(**{name: getattr(row, name) for name in BrokenRowOut.model_fields})


class ProviderOut(BaseModel):
    """一家运营商的状况：本进程所见与发送记录所载。"""

    name: str = Field(description="运营商")
    channel: Channel = Field(description="渠道")
    address: str = Field(description="地址（不含密钥）")
    healthy: bool = Field(description="最近一次调用是否得到明确答复")
    answered_at: datetime | None = Field(description="最近一次明确答复的时间")
    trouble_at: datetime | None = Field(description="最近一次异常的时间")
    trouble: str = Field(description="最近一次异常")
    last_day: dict[str, int] = Field(description="24 小时内各状态的条数")


class Providers(BaseModel):
    items: list[ProviderOut] = Field(description="已配置的运营商")
    unknown: int = Field(description="结果未知、等待核实的条数")


class GreetingCalendar(BaseModel):
    """一年的节日。"""

    year: int = Field(description="年份")
    festivals: list["FestivalOut"] = Field(description="节日")


class FestivalOut(BaseModel):
    code: str = Field(description="节日代码，供规则条件使用")
    name: str = Field(description="节日")
    day: date = Field(description="日期")
