"""What complaints takes over HTTP."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from services.complaints.domain.opening import Report
from shared.bodies import STRIPPED, WRITTEN, Body
from shared.contracts.common import CustomerCard
from shared.contracts.complaints import Grade
from shared.moments import Instant
from shared.privacy import Sealer, TypedNumber, mask_prose, mask_text, require_no_number

# what people type is stored and published without whole phone numbers
_MASKED = AfterValidator(mask_text)
_MASKED_BUT_CODES = AfterValidator(mask_prose)
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000), WRITTEN, _MASKED]
Note = Annotated[str, StringConstraints(max_length=4000), STRIPPED, _MASKED]
Short = Annotated[str, StringConstraints(max_length=64), STRIPPED, _MASKED_BUT_CODES]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64), WRITTEN, _MASKED_BUT_CODES]

VisitId = Annotated[
    str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9-]*$"), AfterValidator(require_no_number)
]


class NewCustomer(Body):
    id: Annotated[str, StringConstraints(min_length=1, max_length=64), WRITTEN] = Field(description="客户编号")
    name: Short = Field(default="", description="姓名")
    phone: TypedNumber | None = Field(default=None, description="电话（入库即加密）")
    level: Short = Field(default="", description="客户等级")


class NewCase(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "customer": {"id": "C0001017", "name": "陈静"},
                "description": "来电反映抄表员态度差，要求道歉",
                "subject": "CB202603020088",
                "kind": "meter.read",
                "branch": "CD",
            }
        }
    )

    customer: NewCustomer = Field(description="客户")
    description: Text = Field(description="投诉内容")
    subject: Short = Field(default="", description="相关单号")
    kind: Short = Field(default="", description="业务类别，如 repair.closed")
    branch: Short = Field(default="", description="分公司编码")
    unit: Short = Field(default="", description="责任单位；不填则为分公司")
    grade: Grade | None = Field(default=None, description="等级；不填则按规则判定")
    visit_id: VisitId = Field(default="", description="在哪次回访中登记；同一次回访的不满意与人工登记只立一案")


class Assign(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"unit": "CD", "owner": "E1023"}})

    unit: Name = Field(description="责任单位")
    owner: Short = Field(default="", description="责任人；不填则仍由首问人负责")


class BulkAssign(Assign):
    model_config = ConfigDict(json_schema_extra={"example": {"ids": [], "unit": "CD", "owner": ""}})

    ids: list[UUID] = Field(min_length=1, max_length=200, description="投诉标识")


class Resolve(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"measures": "已上门复检并更换点火针，客户签字确认"}})

    measures: Text = Field(description="整改措施")


class Reason(Body):
    reason: Text = Field(description="原因")


class Close(Reason):
    customer_opinion: Note = Field(default="", description="已征求到的客户意见；未做二次回访时必填")


class Escalate(Body):
    note: Note = Field(default="", description="提级说明")


class Remark(Body):
    text: Text = Field(description="复核备注")


class Promise(Body):
    next_reply_at: Instant = Field(description="承诺的下次答复时间")


def report_of(new: NewCase, sealer: Sealer) -> Report:
    given = new.customer
    sealed = sealer.seal(given.phone) if given.phone else None
    card = CustomerCard(
        id=sealer.protect(given.id, "id"),
        name=given.name,
        phone=sealed,
        phone_masked=sealer.masked(sealed),
        level=given.level,
    )
    return Report(card, new.description, new.subject, new.kind, new.branch, new.unit, new.grade, new.visit_id)
