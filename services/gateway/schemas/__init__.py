"""What HTTP takes and gives, in the users' words."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.gateway.domain.writeback import WRITTEN_BACK
from shared.bodies import Body
from shared.privacy import require_no_number

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
Plain = Annotated[str, StringConstraints(max_length=300)]
Vocabulary = Literal["state", "urgency", "channel", "resolved", "satisfaction", "kind"]
Kind = Literal["erpnext", "odoo", "hotline", "cloudevents", "generic"]
ResultName = Literal[
    "visit.completed",
    "visit.corrected",
    "visit.failed",
    "visit.reopened",
    "complaint.resolved",
    "complaint.closed",
    "customer.number_corrected",
]
assert set(ResultName.__args__) == set(WRITTEN_BACK)  # type: ignore[attr-defined]


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ErrorOut(Out):
    field: str = Field(description="字段路径", examples=["data.customer.id"])
    reason: str = Field(description="原因", examples=["缺少必填字段"])


class ReceiptOut(Out):
    """一个事件的回执"""

    id: str = Field(description="发送方的事件编号")
    source: str = Field(description="发送方")
    status: Literal["accepted", "duplicate", "rejected"] = Field(description="已接收 / 重复 / 拒绝")
    event_id: str = Field(description="平台内的事件编号，可据此查询决定")
    lineage: str = Field(description="贯穿后续任务、回访、投诉的编号")
    errors: list[ErrorOut] = Field(description="拒绝原因")
    notes: list[ErrorOut] = Field(
        default=[], description="已接收，但其中未能识别的内容，如无法拨打的号码、不是日期的生日"
    )


class SubmitOut(BaseModel):
    accepted: int = Field(description="新接收")
    duplicate: int = Field(description="重复")
    rejected: int = Field(description="拒绝")
    items: list[ReceiptOut] = Field(description="逐条结果，与提交顺序一致")


class SourceOptions(Body):
    """消息的读法"""

    type: Plain = Field(default="", description="generic：业务类型，如 meter.read")
    fields: dict[str, Plain] = Field(
        default={}, description="字段映射：我方路径 → 对方路径", examples=[{"customer.id": "buyer.no"}]
    )
    constants: dict[str, Plain | bool | int] = Field(
        default={}, description="对方不发送的固定值", examples=[{"org.code": "CD"}]
    )
    words: dict[Vocabulary, dict[str, Plain]] = Field(
        default={},
        description="对方的用词 → 含义，整词匹配，先于内置词表：state 状态、urgency 紧急程度、channel 渠道、resolved 是否解决、"
        "satisfaction 满意度、kind 诉求性质；erpnext、odoo、generic 只有 state",
        examples=[{"state": {"待回访": "closed"}, "urgency": {"督办件": "critical"}}],
    )


class SourceIn(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"name": "erp-hz01", "kind": "erpnext"}})

    name: Annotated[Name, AfterValidator(require_no_number)] = Field(description="来源名称，出现在推送地址中")
    kind: Kind = Field(description="来源种类：erpnext、odoo、hotline（12345）、cloudevents、generic")
    zone: Plain = Field(default="Asia/Shanghai", description="对方不带时区的时间所在时区")
    options: SourceOptions = Field(default=SourceOptions(), description="来源种类的设置")


class SourceChange(Body):
    enabled: bool | None = Field(default=None, description="停用后一律拒收")
    zone: Plain | None = Field(default=None, description="对方不带时区的时间所在时区")
    options: SourceOptions | None = Field(default=None, description="消息的读法")


class SourceOut(Out):
    name: str = Field(description="来源名称")
    kind: str = Field(description="来源种类")
    zone: str = Field(description="没有时区的时间按此时区")
    enabled: bool = Field(description="是否启用")
    options: dict[str, Any] = Field(description="来源种类的设置")
    version: int = Field(description="版本；修改时作为 If-Match")
    created_at: datetime = Field(description="创建时间")
    updated_at: datetime = Field(description="修改时间")


class IssuedOut(SourceOut):
    """密钥只在此处出现一次"""

    token: str = Field(description="令牌，推送地址的一部分")
    path: str = Field(description="推送地址")
    secret: str | None = Field(description="签名密钥（仅 erpnext）")


class Rotation(Body):
    grace_hours: float = Field(default=24, ge=0, le=24 * 30, description="旧密钥继续有效的小时数，0 为立即失效")


class MessageOut(Out):
    id: UUID = Field(description="编号")
    source: str = Field(description="来源")
    kind: str = Field(description="来源种类")
    state: Literal["pending", "done"] = Field(description="待处理 / 已处理")
    result: str | None = Field(description="new 新建 / duplicate 重复 / rejected 拒绝 / ignored 忽略 / failed 失败")
    reason: str = Field(description="原因；已接收的，为其中未能识别的内容")
    event_id: str = Field(description="事件编号")
    number: str = Field(description="单据编号")
    attempts: int = Field(description="已处理几次")
    received_at: datetime = Field(description="收到时间")
    body: str = Field(description="原文（已脱敏）")
    practice: bool = Field(description="练习：发送方标明用于测试")


class ImportOut(Out):
    """上传文件的处理进度"""

    id: UUID = Field(description="编号")
    source: str = Field(description="来源")
    filename: str = Field(description="文件名")
    size: int = Field(description="文件大小（字节）")
    state: Literal["pending", "running", "done", "failed"] = Field(description="等待 / 处理中 / 完成 / 失败")
    reason: str = Field(description="整个文件无法处理的原因")
    total: int = Field(description="数据行数")
    position: int = Field(description="已处理行数")
    accepted: int = Field(description="接收几行")
    duplicate: int = Field(description="几行此前已接收")
    rejected: int = Field(description="几行有误")
    ignored: int = Field(description="几行不需要处理")
    created_by: str = Field(description="创建者")
    created_at: datetime = Field(description="创建时间")
    finished_at: datetime | None = Field(description="处理完的时间；未完时为空")
    practice: bool = Field(description="练习：上传时标明用于测试")


class EndpointIn(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "工单系统",
                "url": "https://oa.example.com/results",
                "sources": "/hotline/*",
                "types": [],
            }
        }
    )

    name: Plain = Field(min_length=1, description="名称")
    url: Plain = Field(description="接收地址")
    sources: Plain = Field(min_length=1, description="哪些来源的事实，可用 *", examples=["/hotline/*"])
    types: list[ResultName] = Field(default=[], description="哪些结果；空为全部")


class EndpointChange(Body):
    url: Plain | None = Field(default=None, description="接收地址")
    sources: Plain | None = Field(default=None, min_length=1, description="哪些来源的事实，可用 *")
    types: list[ResultName] | None = Field(default=None, description="哪些结果；空为全部")
    enabled: bool | None = Field(default=None, description="停用后不再投递")
    rotate_secret: Rotation | None = Field(default=None, description="更换签名密钥；期间以两个密钥签名")


class EndpointOut(Out):
    id: UUID = Field(description="编号")
    name: str = Field(description="名称")
    url: str = Field(description="推送地址")
    sources: str = Field(description="推送哪些来源的结果")
    types: list[str] = Field(description="推送哪些事件")
    enabled: bool = Field(description="是否启用")
    disabled_reason: str = Field(description="自动停用的原因")
    failing_since: datetime | None = Field(description="自何时起连续失败")
    version: int = Field(description="版本；修改时作为 If-Match")
    created_at: datetime = Field(description="创建时间")
    updated_at: datetime = Field(description="修改时间")


class EndpointIssuedOut(EndpointOut):
    secret: str | None = Field(description="签名密钥，只在新建或更换时给出一次")


class AttemptOut(Out):
    at: datetime = Field(description="推送时间")
    status: int = Field(description="HTTP 状态码，0 为没有得到回答")
    error: str = Field(description="错误；成功时为空")
    millis: int = Field(description="用时（毫秒）")


class DeliveryOut(Out):
    id: UUID = Field(description="编号")
    endpoint_id: UUID = Field(description="接收端编号")
    event_id: str = Field(description="事件编号")
    type: str = Field(description="事件类型")
    number: str = Field(description="单据编号")
    state: Literal["pending", "delivered", "failed"] = Field(description="待投递 / 已送达 / 已放弃")
    attempts: int = Field(description="已推送几次")
    next_at: datetime = Field(description="下次推送时间")
    last_status: int = Field(description="最近一次的 HTTP 状态码，0 为没有得到回答")
    last_error: str = Field(description="最近一次的错误")
    created_at: datetime = Field(description="创建时间")


class DeliveryDetailOut(DeliveryOut):
    body: str = Field(description="发送内容")
    log: list[AttemptOut] = Field(description="投递记录")
