"""What HTTP gets of agents' work."""

from collections.abc import Mapping
from datetime import date
from typing import Self

from fastapi import Request
from pydantic import BaseModel, Field

from services.analytics.domain.agent_kpis import MEASURES, OWN_PAGE, agent_kpis
from services.analytics.domain.agents import DAYS, AgentFigures, PeerMedians
from services.analytics.domain.formatting import shown_value
from services.analytics.domain.kpis import Kpi
from services.analytics.domain.selection import Selection
from services.analytics.queries import OwnFigures
from services.analytics.schemas import formula_version
from services.analytics.settings import AnalyticsSettings

Kpis = Mapping[str, Kpi]
# fields of the answer → the KPI that each is the value of
_RATES = {
    "calls_per_day": "calls_per_day",
    "contact_rate": "contact",
    "effective_rate": "effective",
    "handling_seconds": "handling",
}


class AgentOut(BaseModel):
    agent: str = Field(description="坐席")
    team: str = Field(description="班组")
    days: int = Field(description="有拨打的天数")
    calls: int = Field(description="拨打数")
    connected: int = Field(description="接通数")
    calls_per_day: float | None = Field(description="日均拨打数")
    contact_rate: float | None = Field(description="接通率")
    effective_rate: float | None = Field(description="有效率（有效数 ÷ 接通数）")
    completed: int = Field(description="完成数")
    effective: int = Field(description="有效数")
    callbacks: int = Field(description="预约回呼数")
    callbacks_called: int = Field(description="约定回呼后拨打的次数")
    callbacks_kept: int = Field(description="其中按约定时间拨打的次数")
    talk_seconds: int = Field(description="通话秒数")
    wrap_up_seconds: int = Field(description="整理秒数")
    handling_seconds: float | None = Field(description="平均处理时长（通话＋整理，秒）")
    late: int = Field(description="超时数：办结时已过截止时间的回访数")
    target: int = Field(description="每日目标拨打数")
    target_rate: float | None = Field(description="目标达成率")


class PeersOut(BaseModel):
    """同班组其他坐席的中位数，不含姓名；不足 3 人时不给出。"""

    peers: int = Field(description="同班组有拨打的其他坐席数")
    calls_per_day: float | None = Field(description="日均拨打数")
    contact_rate: float | None = Field(description="接通率")
    effective_rate: float | None = Field(description="有效率（有效数 ÷ 接通数）")
    handling_seconds: float | None = Field(description="平均处理时长（秒）")

    @classmethod
    def of(cls, peers: PeerMedians) -> Self:
        return cls(peers=peers.peers, **{name: peers.values.get(id_) for name, id_ in _RATES.items()})


class OwnFigureOut(BaseModel):
    """本人的一项指标及其计算依据。"""

    kpi: str = Field(description="指标代码", examples=["contact"])
    name: str = Field(description="指标名称", examples=["接通率"])
    formula: str = Field(description="计算公式")
    formula_version: str = Field(description="公式版本", examples=["contact@1"])
    unit: str = Field(description="ratio 比率、count 计数、mean 平均数、seconds 秒")
    value: float | None = Field(description="数值；比率为 0–1；分母为 0 时为空")
    shown: str = Field(description="显示文本", examples=["75.0%"])
    numerator: float = Field(description="分子")
    denominator: float | None = Field(description="分母；计数类指标为空")
    sample_size: int = Field(description="样本量")
    small_sample: bool = Field(description="样本不足（n < 30）")
    peer_median: float | None = Field(description="同班组其他坐席的中位数；不足 3 人时为空")

    @classmethod
    def of(cls, kpi: Kpi, own: AgentFigures, peers: PeerMedians) -> Self:
        figure = own.figure(kpi)
        return cls(
            kpi=kpi.id,
            name=kpi.name,
            formula=kpi.formula,
            formula_version=formula_version(kpi),
            unit=kpi.unit,
            value=figure.value,
            shown=shown_value(kpi, figure),
            numerator=figure.numerator,
            denominator=figure.denominator,
            sample_size=figure.sample_size,
            small_sample=figure.small_sample,
            peer_median=peers.values.get(kpi.id),
        )


class OwnFiguresOut(BaseModel):
    """本人的业绩。"""

    period_start: date = Field(description="首日")
    period_end: date = Field(description="末日")
    teams: list[AgentOut] = Field(description="本人的业绩，按当时所在班组分行；没有作业时为空")
    figures: list[OwnFigureOut] = Field(description="本人的各项指标，各班组合计")
    peers: PeersOut = Field(description="同班组中位数")


def agent_out(row: AgentFigures, kpis: Kpis) -> AgentOut:
    rates = {name: row.figure(kpis[id_]).value for name, id_ in _RATES.items()}
    return AgentOut(
        agent=row.agent,
        team=row.team,
        days=row.sums.get(DAYS, 0),
        **{name: row.sums.get(name, 0) for name in MEASURES},
        **rates,
        target=round((kpis["target"].denominator or {})[DAYS]),
        target_rate=row.figure(kpis["target"]).value,
    )


def own_figures_out(own: OwnFigures, wanted: Selection, kpis: Kpis) -> OwnFiguresOut:
    return OwnFiguresOut(
        period_start=wanted.first,
        period_end=wanted.last,
        teams=[agent_out(row, kpis) for row in own.teams],
        figures=[OwnFigureOut.of(kpis[id_], own.total, own.peers) for id_ in OWN_PAGE],
        peers=PeersOut.of(own.peers),
    )


def agent_kpis_of(request: Request) -> dict[str, Kpi]:
    """The definitions in force, with the deployment's choices."""
    settings: AnalyticsSettings = request.app.state.runtime.settings
    return agent_kpis(settings.kpi_options(), settings.agent_daily_target)
