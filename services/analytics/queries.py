"""Figures as asked for: sums read from the store, KPIs computed by the one definition each has."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from services.analytics import store
from services.analytics.domain.agents import DAYS, AgentFigures, PeerMedians, joined, peer_medians
from services.analytics.domain.funnel import CANCELLED_PREFIX, FUNNEL
from services.analytics.domain.kpis import Figure, Kpi, evaluate, measures_of
from services.analytics.domain.labels import Labels
from services.analytics.domain.selection import Dimension, Selection
from shared.units import list_organisations

PEOPLE_PREFIX = "customers."


@dataclass(frozen=True)
class KpiRow:
    """One KPI of one period and group; `group` follows the order of the selection's `by`."""

    start: date
    group: tuple[str, ...]
    kpi: Kpi
    figure: Figure


@dataclass(frozen=True)
class Cancelled:
    """How many tasks were cancelled for a reason; a lawful one takes them out of 应访."""

    reason: str
    lawful: bool
    count: int


@dataclass(frozen=True)
class Funnel:
    stages: Mapping[str, int]
    facts_by_kind: Mapping[str, int]
    cancelled: Sequence[Cancelled] = field(default_factory=tuple)


async def kpi_rows(session: AsyncSession, wanted: Selection, kpis: Sequence[Kpi]) -> list[KpiRow]:
    """KPIs by period and group. Groups without anything to count are left out, but an ungrouped total always has a row."""
    sums = await _sums(session, wanted, kpis)
    if not wanted.by and (wanted.first, ()) not in sums and wanted.period == "total":
        sums[wanted.first, ()] = {}
    rows = [KpiRow(*key, kpi, evaluate(kpi, sums[key])) for key in sorted(sums) for kpi in kpis]
    return [row for row in rows if _says_something(row, wanted)]


def _says_something(row: KpiRow, wanted: Selection) -> bool:
    total = wanted.period == "total" and not wanted.by
    return total or bool(row.figure.denominator or row.figure.numerator)


async def _sums(session: AsyncSession, wanted: Selection, kpis: Sequence[Kpi]) -> dict[store.Group, Mapping[str, int]]:
    measures = measures_of(kpis)
    people = {measure for measure in measures if measure.startswith(PEOPLE_PREFIX)}
    sums: dict[store.Group, Mapping[str, int]] = dict(await store.sum_measures(session, wanted, measures - people))
    for key, heads in (await store.count_heads(session, wanted, people)).items():
        sums[key] = {**sums.get(key, {}), **heads}
    return sums


async def funnel(session: AsyncSession, wanted: Selection) -> Funnel:
    """How much of each stage there was in the period; each stage on its own day."""
    sums = (await store.sum_measures(session, wanted, FUNNEL.keys())).get((wanted.first, ()), {})
    facts = await store.sum_by_kind(session, wanted, "facts")
    cancelled: dict[tuple[bool, str], int] = {}
    for measure, _, amount in await store.sum_by_kind(session, wanted, CANCELLED_PREFIX):
        lawful, reason = measure.removeprefix(CANCELLED_PREFIX).split(".", 1)
        key = (lawful == "lawful", reason)
        cancelled[key] = cancelled.get(key, 0) + amount
    return Funnel(
        stages={measure: sums.get(measure, 0) for measure in FUNNEL},
        facts_by_kind={kind: amount for _, kind, amount in facts},
        cancelled=[Cancelled(reason, lawful, amount) for (lawful, reason), amount in sorted(cancelled.items())],
    )


async def stages_by_branch(session: AsyncSession, wanted: Selection) -> dict[tuple[object, ...], float]:
    """(stage of the funnel, branch) → how much of it there was."""
    sums = await store.sum_measures(session, wanted.cut(by=(Dimension.BRANCH,)), FUNNEL.keys())
    return {(stage, branch): amount for (_, (branch,)), found in sums.items() for stage, amount in found.items()}


async def agents(session: AsyncSession, wanted: Selection) -> list[AgentFigures]:
    """Agents' work, by agent and team."""
    rows = await store.sum_agents(session, wanted)
    return [AgentFigures(agent, team, {**sums, DAYS: days}) for agent, team, days, sums in rows]


@dataclass(frozen=True)
class OwnFigures:
    """One agent's figures, a row per team and in all, beside the medians of the others in those teams."""

    teams: Sequence[AgentFigures]
    peers: PeerMedians

    @property
    def total(self) -> AgentFigures:
        return joined(self.teams)


async def own_figures(session: AsyncSession, wanted: Selection, agent: str, kpis: Collection[Kpi]) -> OwnFigures:
    """What an agent may read: their own rows, and of the others nothing that tells whose it is."""
    everybody = await agents(session, wanted)
    own = [row for row in everybody if row.agent == agent]
    return OwnFigures(own, peer_medians(everybody, agent, {row.team for row in own}, kpis))


async def contact_heat(session: AsyncSession, wanted: Selection) -> list[tuple[int, int, int, int]]:
    """(ISO weekday, hour, attempts, connected) where calls were made: which hours reach people."""
    cells: dict[tuple[int, int], dict[str, int]] = {}
    for weekday, measure, amount in await store.sum_by_hour(session, wanted):
        name, hour = measure.rsplit(".h", 1)
        cells.setdefault((weekday, int(hour)), {})[name] = amount
    return [
        (weekday, hour, cell["attempts"], cell.get("connected", 0))
        for (weekday, hour), cell in sorted(cells.items())
        if cell.get("attempts")
    ]


async def labels(session: AsyncSession) -> Labels:
    """What codes are called."""
    organisations = await list_organisations(session)
    kinds = {kind.event: kind.title for one in organisations for kind in one.kinds}
    return Labels(await store.list_branch_names(session), kinds)
