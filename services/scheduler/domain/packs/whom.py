"""Whom a policy follows up, as written in YAML: `rate`, `quota`, `ceiling`."""

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema

from services.scheduler.domain.when.periods import PeriodKind
from services.scheduler.domain.when.recurrence import WEEKDAYS, Weekday
from services.scheduler.domain.whom.sampling import EVERYBODY
from shared.declared.model import Declared
from shared.declared.section import Section
from shared.declared.values import Say
from shared.declared.words import PATH_FORM, Content

MOST = 1_000_000
MOST_FIELDS = 5
SAY_RATE = (
    " all（全部）或 0 到 100 的百分比（如 20），"
    "或 {exact: 20, of: day}（每日总量的 20%）、{each: 10, of: month, by: [branch]}（每月各层的 10%）、"
    "{number: 5, of: week}（每周 5 件）"
)


def _percentage(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= EVERYBODY:
        raise ValueError
    return float(value)


def _share(value: Any) -> float:
    return EVERYBODY if value == "all" else _percentage(value)


def _fields(fields: list[str]) -> list[str]:
    if len(fields) > MOST_FIELDS or len(set(fields)) < len(fields):
        raise ValueError(f"最多写 {MOST_FIELDS} 个字段，且不能重复")
    return fields


PERCENT: dict[str, Any] = {"type": "number", "exclusiveMinimum": 0, "maximum": EVERYBODY}
Percent = Annotated[float, BeforeValidator(_percentage), WithJsonSchema(PERCENT), Say("0 到 100 的百分比，如 20")]
Share = Annotated[float, BeforeValidator(_share), WithJsonSchema({"anyOf": [{"const": "all"}, PERCENT]})]
Stratum = Annotated[str, Field(pattern=f"^{PATH_FORM}$"), Say("分层字段，如 branch；有一项不是字段路径")]
Strata = Annotated[
    list[Stratum],
    Field(min_length=1, json_schema_extra={"maxItems": MOST_FIELDS, "uniqueItems": True}),
    AfterValidator(_fields),
    Say("分层字段的列表，如 [branch, kind, product.category]"),
]


class Drawing(Declared):
    """So much of a whole period's facts, drawn when it is over."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["exact"]}, {"required": ["each", "by"]}, {"required": ["number"]}]}
    )
    exact: Percent | None = Field(None, description="总量的百分之几，按最大余数法分到各层")
    each: Percent | None = Field(None, description="每一层的百分之几，不足一件的进为一件")
    number: int | None = Field(None, ge=1, le=MOST, description="多少件")
    of: PeriodKind = Field(description="哪段期间的总量")
    by: Strata | None = Field(None, description="分层字段")
    minimum: int = Field(0, ge=0, le=MOST, description="每层至少几件")
    reserve: int = Field(0, ge=0, le=MOST, description="每层备选几件")
    closes: Weekday = Field("mon", description="of 为 week 时，一周在此日零时截止")

    def require(self, place: Section) -> None:
        if [place.has(key) for key in ("exact", "each", "number")].count(True) != 1:
            say = "exact（总量的百分比）、each（每一层的百分比）或 number（数量）"
            place.problem("", f"应写且只写一种：{say}，如 {{exact: 20, of: day}}")
        if place.has("each") and not place.has("by"):
            place.problem("each", "每一层的百分比要写 by 说明怎样分层，如 by: [branch]；不分层请写 exact")
        if place.has("closes") and self.of != "week":
            place.problem("closes", "只用于 of: week（一周在此日零时截止）；按其他期间抽取请删除此项")

    def content(self) -> Content:
        percent = self.exact if self.each is None else self.each
        how_many = {"percent": percent, "number": self.number, "minimum": self.minimum, "reserve": self.reserve}
        each = {"each": True} if self.each is not None else {}
        return {"of": self.of, **how_many, "by": self.by or [], "closes": WEEKDAYS.index(self.closes), **each}


Rate = Annotated[Share | Drawing, Say(SAY_RATE)]


class Quota(Declared):
    SAY: ClassVar[str] = "数量上限，如 {limit: 100, per: week, by: [branch]}"
    limit: int = Field(ge=1, le=MOST, description="最多几次")
    per: PeriodKind = Field(description="期间")
    by: Strata | None = Field(None, description="分层字段")

    def content(self) -> Content:
        return {"limit": self.limit, "per": self.per, "by": self.by or []}


class Ceiling(Declared):
    SAY: ClassVar[str] = "每日上限，如 {per_day: 200}"
    per_day: int = Field(ge=1, le=MOST, description="每天最多几次")


def whom_content(rate: float | Drawing, quota: Quota | None, ceiling: Ceiling | None) -> Content:
    """The canonical `rate`, and `quota` and `ceiling` when they are given."""
    content: Content = {"rate": rate.content() if isinstance(rate, Drawing) else rate}
    content |= {"quota": quota.content()} if quota else {}
    return content | ({"ceiling": ceiling.per_day} if ceiling else {})
