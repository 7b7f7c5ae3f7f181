"""Figures read back: sums over days and dimensions."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Date, Select, Table, Text, cast, distinct, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TIMESTAMP

from services.analytics.domain.periods import Period
from services.analytics.domain.selection import Dimension, Selection
from services.analytics.models import AgentRow, BranchRow, HeadRow, RollupRow

Group = tuple[date, tuple[str, ...]]
Sums = Mapping[Group, Mapping[str, int]]
_rollup: Table = RollupRow.__table__  # type: ignore[attr-defined]
_head: Table = HeadRow.__table__  # type: ignore[attr-defined]
_branch: Table = BranchRow.__table__  # type: ignore[attr-defined]
_agent: Table = AgentRow.__table__  # type: ignore[attr-defined]


async def sum_measures(session: AsyncSession, wanted: Selection, measures: Collection[str]) -> Sums:
    """Sums of measures by period start and group."""
    return await _grouped(session, _rollup, wanted, measures, cast(func.sum(_rollup.c.amount), BigInteger))


async def count_heads(session: AsyncSession, wanted: Selection, measures: Collection[str]) -> Sums:
    """Different customers by measure, period start and group: nobody counts twice within a period and group."""
    return await _grouped(session, _head, wanted, measures, func.count(distinct(_head.c.customer)))


async def _grouped(
    session: AsyncSession, table: Table, wanted: Selection, measures: Collection[str], amount: ColumnElement[int]
) -> Sums:
    if not measures:
        return {}
    keys = [_period_start(table, wanted), table.c.measure, *(table.c[dimension] for dimension in wanted.by)]
    query = _filtered(select(*keys, amount), table, wanted).where(table.c.measure.in_(measures), table.c.amount != 0)
    sums: dict[Group, dict[str, int]] = defaultdict(dict)
    for start, measure, *group, total in (await session.execute(query.group_by(*keys))).all():
        sums[start, tuple(group)][measure] = total
    return sums


async def sum_by_kind(session: AsyncSession, wanted: Selection, prefix: str) -> list[tuple[str, str, int]]:
    """(measure, kind, sum) of the measures that begin with `prefix`."""
    query = select(_rollup.c.measure, _rollup.c.kind, cast(func.sum(_rollup.c.amount), BigInteger).label("amount"))
    query = _filtered(query, _rollup, wanted).where(_rollup.c.measure.startswith(prefix, autoescape=True))
    rows = await session.execute(query.group_by(_rollup.c.measure, _rollup.c.kind).order_by(_rollup.c.kind))
    return [(measure, kind, amount) for measure, kind, amount in rows if amount]


async def sum_by_hour(session: AsyncSession, wanted: Selection) -> list[tuple[int, str, int]]:
    """(ISO weekday, measure with hour, sum) of attempts and connections."""
    weekday = cast(func.extract("isodow", _rollup.c.day), BigInteger)
    query = select(weekday, _rollup.c.measure, cast(func.sum(_rollup.c.amount), BigInteger))
    query = _filtered(query, _rollup, wanted).where(
        _rollup.c.measure.like("attempts.h%") | _rollup.c.measure.like("connected.h%")
    )
    return [tuple(row) for row in await session.execute(query.group_by(weekday, _rollup.c.measure))]


async def sum_agents(session: AsyncSession, wanted: Selection) -> list[tuple[str, str, int, Mapping[str, int]]]:
    """(agent, team, days worked, sums by measure), by agent."""
    query = select(
        _agent.c.agent, _agent.c.team, _agent.c.measure, func.sum(_agent.c.amount), func.count(distinct(_agent.c.day))
    ).where(_agent.c.day.between(wanted.first, wanted.last))
    if wanted.branches is not None:
        query = query.where(_agent.c.branch.in_(wanted.branches))
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    days: dict[tuple[str, str], int] = defaultdict(int)
    keys = (_agent.c.agent, _agent.c.team, _agent.c.measure)
    for agent, team, measure, amount, worked in await session.execute(query.group_by(*keys).order_by(*keys)):
        found[agent, team][measure] = int(amount)
        if measure == "calls":
            days[agent, team] = worked
    return [(agent, team, days[agent, team], sums) for (agent, team), sums in found.items()]


async def list_choices(session: AsyncSession, dimension: Dimension) -> list[str]:
    """Values of a dimension that occur, for filters."""
    column = _rollup.c[dimension]
    rows = await session.execute(select(column).where(column != "").distinct().order_by(column).limit(500))
    return list(rows.scalars())


async def list_branch_names(session: AsyncSession) -> dict[str, str]:
    rows = await session.execute(select(_branch.c.code, _branch.c.name))
    return dict(rows.all())


def _filtered(query: Select[Any], table: Table, wanted: Selection) -> Select[Any]:
    query = query.where(table.c.day.between(wanted.first, wanted.last))
    for dimension, values in wanted.filters().items():
        if values is not None:
            query = query.where(table.c[dimension].in_(values))
    return query


def _period_start(table: Table, wanted: Selection) -> ColumnElement[date]:
    match wanted.period:
        case Period.TOTAL:
            return literal(wanted.first, Date)
        case Period.DAY:
            return table.c.day
        case period:
            # a literal unit and no time zone in between: the same buckets whatever the session's zone is
            return cast(func.date_trunc(literal(str(period), Text), cast(table.c.day, TIMESTAMP)), Date)
