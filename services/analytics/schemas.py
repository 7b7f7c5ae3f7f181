"""What HTTP asks for and gets: filters in, figures out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from services.analytics.domain.formatting import shown_value
from services.analytics.domain.funnel import FUNNEL
from services.analytics.domain.kpis import Kpi, definitions
from services.analytics.domain.labels import Labels
from services.analytics.domain.periods import Period, label
from services.analytics.domain.selection import Dimension, Selection
from services.analytics.domain.timeline import Entry, sentence
from services.analytics.queries import Funnel, KpiRow
from services.analytics.settings import AnalyticsSettings
from shared.auth import Principal
from shared.contracts import by_name
from shared.errors import Forbidden, InvalidInput
from shared.moments import OptionalDay
from shared.zone import local_day

LONGEST = timedelta(days=3700)
Several = list[str] | None


class IntervalOut(BaseModel):
    low: float = Field(description="下限")
    high: float = Field(description="上限")


class KpiOut(BaseModel):
    """一个指标值及其计算依据。"""

    kpi: str = Field(description="指标代码", examples=["satisfaction"])
    name: str = Field(description="指标名称", examples=["满意率"])
    period_start: date = Field(description="期间首日（东八区）")
    period_end: date = Field(description="期间末日")
    period: str = Field(description="期间名称", examples=["2026 年 3 月"])
    branch: str | None = Field(default=None, description="分公司／网点代码；未按其分组时为空")
    kind: str | None = Field(default=None, description="业务类型")
    policy: str | None = Field(default=None, description="策略")
    value: float | None = Field(description="数值；比率为 0–1；分母为 0 时为空", examples=[0.964])
    shown: str = Field(description="显示文本", examples=["96.4%"])
    unit: str = Field(description="ratio 比率、count 计数、index 指数")
    numerator: float = Field(description="分子")
    denominator: float | None = Field(description="分母；计数类指标为空")
    sample_size: int = Field(description="样本量")
    small_sample: bool = Field(description="样本不足（n < 30）")
    interval: IntervalOut | None = Field(description="95% 置信区间（Wilson）")
    formula_version: str = Field(description="公式版本", examples=["satisfaction@1"])


class EntryOut(BaseModel):
    """时间线上的一件事。"""

    at: datetime = Field(description="发生时间")
    event: str = Field(description="事件名", examples=["visit.completed"])
    service: str = Field(description="由哪个服务告知", examples=["visits"])
    sentence: str = Field(description="中文说明", examples=["回访完成（有效）：满意，坐席 1002"])
    customer: str = Field(description="客户编号")
    lineage: str = Field(description="事项的脉络编号：同一事项在各服务中的事件都相同")
    number: str = Field(description="单号或投诉编号；没有则为空")
    branch: str = Field(description="分公司／网点代码")


class DefinitionOut(BaseModel):
    """一个指标唯一的口径。"""

    kpi: str = Field(description="指标代码")
    name: str = Field(description="指标名称")
    unit: str = Field(description="ratio 比率、count 计数、index 指数")
    formula: str = Field(description="计算公式")
    belongs_to: str = Field(description="归属日期")
    numerator: dict[str, float] = Field(description="分子：度量及权重")
    denominator: dict[str, float] | None = Field(description="分母：度量及权重")
    formula_version: str = Field(description="公式版本")


class StageOut(BaseModel):
    stage: str = Field(description="环节代码", examples=["visits.effective"])
    name: str = Field(description="环节名称", examples=["有效回访"])
    count: int = Field(description="数量")


class CancelledOut(BaseModel):
    reason: str = Field(description="取消原因")
    lawful: bool = Field(description="是否合法原因（不计入应访）")
    count: int = Field(description="数量")


class FunnelOut(BaseModel):
    period_start: date = Field(description="首日")
    period_end: date = Field(description="末日")
    stages: list[StageOut] = Field(description="各环节，按先后")
    facts_by_kind: dict[str, int] = Field(description="业务事实数，按类型")
    cancelled: list[CancelledOut] = Field(description="取消的回访，按原因")


def kpi_out(row: KpiRow, wanted: Selection) -> KpiOut:
    figure = row.figure
    return KpiOut(
        kpi=row.kpi.id,
        name=row.kpi.name,
        period_start=row.start,
        period_end=wanted.period_end(row.start),
        period=label(wanted.period, row.start),
        **dict(zip(wanted.by, row.group, strict=True)),
        value=figure.value,
        shown=shown_value(row.kpi, figure),
        unit=row.kpi.unit,
        numerator=figure.numerator,
        denominator=figure.denominator,
        sample_size=figure.sample_size,
        small_sample=figure.small_sample,
        interval=IntervalOut(low=figure.interval[0], high=figure.interval[1]) if figure.interval else None,
        formula_version=formula_version(row.kpi),
    )


def definition_out(kpi: Kpi) -> DefinitionOut:
    return DefinitionOut(
        kpi=kpi.id,
        name=kpi.name,
        unit=kpi.unit,
        formula=kpi.formula,
        belongs_to=kpi.belongs_to,
        numerator=dict(kpi.numerator),
        denominator=dict(kpi.denominator) if kpi.denominator else None,
        formula_version=formula_version(kpi),
    )


def formula_version(kpi: Kpi) -> str:
    return f"{kpi.id}@{kpi.version}"


def funnel_out(found: Funnel, wanted: Selection) -> FunnelOut:
    return FunnelOut(
        period_start=wanted.first,
        period_end=wanted.last,
        stages=[StageOut(stage=stage, name=FUNNEL[stage], count=count) for stage, count in found.stages.items()],
        facts_by_kind=dict(found.facts_by_kind),
        cancelled=[CancelledOut(reason=c.reason, lawful=c.lawful, count=c.count) for c in found.cancelled],
    )


@dataclass(frozen=True)
class Filters:
    """The filters of a request as they came; `selection` applies defaults and the caller's scope."""

    first: date | None
    last: date | None
    branches: tuple[str, ...]
    kinds: tuple[str, ...]
    policies: tuple[str, ...]

    def selection(
        self,
        principal: Principal,
        today: date,
        period: Period = Period.TOTAL,
        by: tuple[Dimension, ...] = (),
        default_first: date | None = None,
    ) -> Selection:
        """This month by default. Raises InvalidInput on a range turned round or too long, Forbidden on foreign branches."""
        last = self.last or max(today, self.first or today)
        first = self.first or default_first or last.replace(day=1)
        if first > last:
            raise InvalidInput(f"起始日期 {first} 晚于截止日期 {last}")
        if default_first is None and last - first > LONGEST:
            raise InvalidInput(f"期间最长 {LONGEST.days} 天")
        return Selection(
            first, last, period, by, scoped(principal, self.branches), self.kinds or None, self.policies or None
        )


def entry_out(entry: Entry, labels: Labels) -> EntryOut:
    """An entry as it is told."""
    declared = by_name(entry.name)
    return EntryOut(
        at=entry.at,
        event=entry.name,
        service=declared.owner if declared else "gateway",
        sentence=sentence(entry, labels),
        customer=entry.customer,
        lineage=entry.lineage,
        number=entry.number,
        branch=entry.branch,
    )


def timeline_asked(
    customer_id: Annotated[str, Query(max_length=64, description="客户编号")] = "",
    lineage: Annotated[str, Query(max_length=256, description="事项的脉络编号")] = "",
    order: Annotated[
        str, Query(max_length=64, description="单号：订单、工单、12345 工单、户号、项目号、投诉编号")
    ] = "",
) -> dict[str, str]:
    """What a timeline is asked for, of which every one must hold; nothing where nobody said."""
    given = {"customer_id": customer_id.strip(), "lineage": lineage.strip(), "order": order.strip()}
    return {name: value for name, value in given.items() if value}


def timeline_named(asked: Annotated[dict[str, str], Depends(timeline_asked)]) -> dict[str, str]:
    """The same, said by somebody who must say something. Raises InvalidInput."""
    if not asked:
        raise InvalidInput("请给出客户编号（customer_id）、脉络编号（lineage）或单号（order）")
    return asked


def scoped(principal: Principal, branches: tuple[str, ...]) -> tuple[str, ...] | None:
    """The branches the caller may see of those asked for; None means all. Raises Forbidden."""
    foreign = [branch for branch in branches if not principal.scope.sees(branch)]
    if foreign:
        raise Forbidden(f"无权查看：{'、'.join(foreign)}")
    limit = principal.scope.limit
    return branches or (tuple(limit) if limit else None)


def filters(
    first: Annotated[OptionalDay, Query(alias="from", description="首日（含），默认本月 1 日")] = None,
    last: Annotated[OptionalDay, Query(alias="to", description="末日（含），默认今天")] = None,
    branch: Annotated[Several, Query(description="分公司／网点，可多个或用逗号分隔")] = None,
    kind: Annotated[Several, Query(description="业务类型，可多个", examples=["repair.closed"])] = None,
    policy: Annotated[Several, Query(description="策略，可多个")] = None,
) -> Filters:
    """The filters that all figures share."""
    return Filters(first, last, split(branch), split(kind), split(policy))


def dimensions(
    by: Annotated[Several, Query(description="分组：branch、kind、policy，可多个或用逗号分隔")] = None,
) -> tuple[Dimension, ...]:
    """Raises InvalidInput on a dimension we don't have."""
    try:
        return tuple(dict.fromkeys(Dimension(name) for name in split(by)))
    except ValueError as error:
        raise InvalidInput(f"只能按 {'、'.join(Dimension)} 分组") from error


def chosen_kpis(
    request: Request,
    kpi: Annotated[Several, Query(description="指标代码，可多个；默认全部")] = None,
    basically: Annotated[bool | None, Query(description="基本满意是否计入满意率；默认按系统设置")] = None,
) -> list[Kpi]:
    """The definitions in force, narrowed to those asked for. Raises InvalidInput on one that does not exist."""
    known = all_kpis(request, basically)
    wanted = split(kpi)
    unknown = [id_ for id_ in wanted if id_ not in known]
    if unknown:
        raise InvalidInput(f"没有这个指标：{'、'.join(unknown)}")
    return [known[id_] for id_ in wanted or known]


def all_kpis(request: Request, basically: bool | None = None) -> dict[str, Kpi]:
    """Every definition, with the deployment's options; `basically` overrides one of them."""
    settings: AnalyticsSettings = request.app.state.runtime.settings
    return definitions(settings.kpi_options(basically))


def today_of(request: Request) -> date:
    """The organisation's day now, on the business clock."""
    return local_day(request.app.state.runtime.clock.now())


def split(values: Iterable[str] | None) -> tuple[str, ...]:
    """`a,b` and repeated parameters alike; empty ones fall away."""
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())
