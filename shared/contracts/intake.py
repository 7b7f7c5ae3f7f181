"""Business facts from outside, published by the gateway; payloads as agreed with ERP and 12345 senders."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from shared.contracts.base import INTAKE, EventData, contract
from shared.contracts.common import Code, Customer, Decimal, Named, Org, Part, Resolution, Satisfaction

DateName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
MOST_LINES = 2000  # of an order
DONE_BY = ("provider.code", "host_dept.code", "worker.code", "engineer.code")  # who did the work, as facts tell it
_BRANCHES = ("org", "host_dept", "provider")
_NUMBERS = ("order_no", "work_order_no", "case_no", "account_no", "project_no", "alarm_no")


class Line(Part):
    sku: str = ""
    name: str = ""
    qty: Decimal = "1"
    unit: str = ""
    amount: Decimal | None = None
    serial_no: str = ""
    category: str = ""


class Delivery(Part):
    method: str = ""
    signed_at: datetime | None = None
    address: str = ""


@contract("order.completed", topic=INTAKE, owner="gateway", title="订单完成", wire="cn.huifang.erp.order.completed.v1")
class OrderCompleted(EventData):
    order_no: Code
    order_type: Literal["sale", "service", "install", "rental"]
    status: Literal["completed"]
    completed_at: datetime
    amount: Decimal | None = None
    currency: str = "CNY"
    org: Org
    salesperson: Named | None = None
    customer: Customer
    lines: list[Line] = Field(default=[], max_length=MOST_LINES)
    delivery: Delivery | None = None
    tags: list[str] = []
    ext: dict[str, Any] = {}


class Product(Part):
    category: Code
    model: str = ""
    sn: str = ""
    purchase_date: date | None = None
    in_warranty: bool | None = None


class Fault(Part):
    code: str = ""
    description: str = ""


class SparePart(Part):
    code: str
    name: str = ""
    qty: Decimal = "1"
    charged: bool = False


class Fee(Part):
    amount: Decimal = "0"
    paid: bool = False


@contract("repair.closed", topic=INTAKE, owner="gateway", title="维修结案")
class RepairClosed(EventData):
    work_order_no: Code
    result: Literal["repaired", "replaced", "returned_to_factory", "inspected_only", "cancelled"]
    closed_at: datetime
    appointed_at: datetime | None = None
    arrived_at: datetime | None = None
    is_rework: bool = False
    parent_work_order_no: str | None = None
    product: Product
    fault: Fault | None = None
    measures: str = ""
    parts: list[SparePart] = []
    fee: Fee | None = None
    provider: Named
    engineer: Named | None = None
    org: Org | None = None
    customer: Customer
    service_address: str = ""
    acceptance_code_verified: bool | None = None


class ServiceDone(EventData):
    """On-site work with a work order: what installation, inspection, metering and ignition have in common."""

    work_order_no: Code
    done_at: datetime
    org: Org
    customer: Customer
    worker: Named | None = None
    address: str = ""
    ext: dict[str, Any] = {}


@contract("installation.finished", topic=INTAKE, owner="gateway", title="安装完成")
class InstallationFinished(ServiceDone):
    product: Product | None = None


@contract("inspection.done", topic=INTAKE, owner="gateway", title="安检完成")
class InspectionDone(ServiceDone):
    hazards: list[str] = Field(default=[], description="hidden dangers found")


@contract("meter.read", topic=INTAKE, owner="gateway", title="抄表完成")
class MeterRead(ServiceDone):
    reading: Decimal | None = None


@contract("gas.ignited", topic=INTAKE, owner="gateway", title="通气点火")
class GasIgnited(ServiceDone):
    user_kind: Literal["residential", "commercial", "industrial"] = "residential"


@contract("pipe.altered", topic=INTAKE, owner="gateway", title="管道改装完成")
class PipeAltered(ServiceDone):
    length_m: Decimal | None = Field(default=None, description="metres of pipe laid or moved")


class Category(Part):
    code: str = ""
    name: str = ""
    path: list[str] = []


class Area(Part):
    code: Code
    name: str = ""


class Appellant(Part):
    name: str = ""
    gender: str = ""
    phone: str | None = None
    phones: list[str] = []


class Contacted(Part):
    at: datetime
    by: str = ""
    result: str = ""


@contract(
    "hotline.case_closed",
    topic=INTAKE,
    owner="gateway",
    title="12345工单办结",
    wire="cn.huifang.hotline.case.closed.v1",
)
class HotlineCaseClosed(EventData):
    case_no: Code
    platform_no: str = ""
    external_id: str = ""
    title: str = Field(default="", max_length=200)
    content: str = Field(max_length=8000)
    channel: Literal["phone", "wechat", "web", "app", "letter", "media", "other"] = "phone"
    category: Category
    appeal_kind: Literal["咨询", "求助", "投诉", "举报", "建议", "表扬"]
    urgency: Literal["normal", "urgent", "critical"] = "normal"
    is_difficult: bool = False
    is_confidential: bool = False
    is_anonymous: bool = False
    area: Area
    location: str = ""
    address: str = ""
    appellant: Appellant | None = None
    accepted_at: datetime | None = None
    assigned_at: datetime | None = None
    deadline_at: datetime | None = None
    closed_at: datetime
    host_dept: Named
    assist_depts: list[Named] = []
    handle_status: Literal["closed", "closed_unresolved", "returned"]
    handle_result: str = Field(max_length=8000)
    resolved_claim: bool | None = None
    resolution_claim: Resolution | None = Field(
        default=None, description="as resolved_claim, which is null where partly"
    )
    satisfaction: Satisfaction | None = Field(default=None, description="what the citizen told the hotline itself")
    as_written: dict[str, str] = Field(
        default={}, max_length=50, description="optional fields whose words nobody could read, as the sender wrote them"
    )
    extension_count: int = Field(default=0, ge=0)
    urge_count: int = Field(default=0, ge=0)
    redo_round: int = Field(default=0, ge=0)
    contact_log: list[Contacted] = []
    org: Org | None = None
    customer: Customer | None = Field(default=None, description="set by the gateway from the appellant")

    @model_validator(mode="after")
    def needs_an_appellant(self) -> "HotlineCaseClosed":
        if self.appellant is None and not self.is_anonymous:
            raise ValueError("诉求人(appellant)缺失，且未标明匿名")
        return self


@contract("account.opened", topic=INTAKE, owner="gateway", title="开户完成")
class AccountOpened(EventData):
    account_no: Code
    opened_at: datetime
    org: Org
    customer: Customer
    salesperson: Named | None = None
    ext: dict[str, Any] = {}


@contract("alarm.handled", topic=INTAKE, owner="gateway", title="警情处理完成")
class AlarmHandled(ServiceDone):
    alarm_no: str = ""


@contract("project.stage_reached", topic=INTAKE, owner="gateway", title="工程阶段到达")
class ProjectStageReached(EventData):
    project_no: Code
    stage: Code
    reached_at: datetime
    org: Org
    customer: Customer
    ext: dict[str, Any] = {}


@contract("customer.updated", topic=INTAKE, owner="gateway", title="客户资料更新")
class CustomerUpdated(EventData):
    customer: Customer
    org: Org | None = None
    updated_at: datetime
    tier: str = ""
    area: str = ""
    product: str = Field(default="", description="category of the product or service the customer has")
    preferred_times: list[str] = Field(default=[], max_length=10, description="frames of the day, such as 18:00-20:00")
    dates: dict[DateName, date] = Field(
        default={}, max_length=20, description="days that policies count from, such as moved_in_on, warranty_until"
    )
    ext: dict[str, Any] = {}


@contract("weather.rained", topic=INTAKE, owner="gateway", title="降雨")
class WeatherRained(EventData):
    area: Area
    rained_at: datetime


@contract("fact.withdrawn", topic=INTAKE, owner="gateway", title="事实撤回")
class FactWithdrawn(EventData):
    """A fact told before doesn't stand any more: its document was cancelled, returned, or is open again. What was planned
    because of it is called off; a later completion is another fact. `event_source` is the source of this event, too.
    """

    event_id: str = Field(min_length=1, max_length=256, description="the id of the fact that is withdrawn")
    event_source: str = Field(min_length=1, max_length=256)
    event_type: str = Field(default="", description="short name, such as order.completed")
    number: str = Field(default="", description="order, work order or case number")
    customer_id: str = ""
    reason: Literal["cancelled", "returned", "reopened"]
    withdrawn_at: datetime


def branch_of(data: Mapping[str, Any]) -> str:
    """The branch a fact belongs to in every figure: its organisation, else the handling unit; "" when none is named."""
    for field in _BRANCHES:
        unit = data.get(field)
        if isinstance(unit, dict) and unit.get("code"):
            return str(unit["code"])
    return ""


def unit_of(data: Mapping[str, Any]) -> str:
    """Whose an event is: the branch of a fact, else the one that the platform's own events name; "" when none is."""
    return branch_of(data) or str(data.get("branch") or "")


def number_of(data: Mapping[str, Any]) -> str:
    """The document number a person would quote: order, work order, case, account or project number."""
    for field in _NUMBERS:
        if data.get(field):
            return str(data[field])
    return ""


def names_in(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """(dotted path, value) of what services find a fact by: its numbers, its branch, its customer, a task or visit it names.

    Types that nobody declared may hold anything there.
    """
    for field in (*_NUMBERS, "task_id", "visit_id"):
        yield field, data.get(field)
    for field, name in (*((branch, "code") for branch in _BRANCHES), ("customer", "id")):
        named = data.get(field)
        if isinstance(named, Mapping):
            yield f"{field}.{name}", named.get(name)
