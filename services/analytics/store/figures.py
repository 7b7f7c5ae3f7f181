"""Figures are added to, one statement per table and batch, in key order (two batches never wait for each other in a ring)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.analytics.domain.cells import AgentTally, Figures, Head, Tally
from services.analytics.models import AgentRow, HeadRow, RollupRow, sql_type

Row = tuple[Any, ...]


async def add_figures(session: AsyncSession, figures: Figures) -> int:
    """Add amounts to what stands; returns how many rows changed. Keys are unique, so no row is hit twice."""
    tallies: list[Row] = []
    heads: list[Row] = []
    agents: list[Row] = []
    for key, amount in figures.items():
        match key:
            case Tally(cell, measure):
                tallies.append((*cell, measure, amount))
            case Head(cell, measure, customer):
                heads.append((*cell, measure, customer, amount))
            case AgentTally():
                agents.append((*key, amount))
    # people and agents first: rollup rows are the ones that all batches share, so they are held shortest
    for statement, rows in ((_ADD_HEADS, heads), (_ADD_AGENTS, agents), (_ADD_TALLIES, tallies)):
        await _add(session, statement, rows)
    return len(tallies) + len(heads) + len(agents)


async def save_branch_names(session: AsyncSession, names: Mapping[str, tuple[str, str]]) -> None:
    """Take over names that were told later than what stands; (rank, name) by branch."""
    if names:
        codes = sorted(names)
        told, texts = zip(*(names[code] for code in codes), strict=True)
        await session.execute(_NAME, {"codes": codes, "told": list(told), "names": list(texts)})


async def _add(session: AsyncSession, statement: TextClause, rows: Sequence[Row]) -> None:
    if rows:
        columns: Iterable[tuple[Any, ...]] = zip(*rows, strict=True)
        await session.execute(statement, {f"c{i}": list(column) for i, column in enumerate(columns)})


def _adding(model: Any) -> TextClause:
    table: Table = model.__table__
    names = [column.name for column in table.columns]
    keys = ", ".join(names[:-1])
    arrays = ", ".join(f"CAST(:c{i} AS {sql_type(column)}[])" for i, column in enumerate(table.columns))
    # S608: names come from our own tables, values are bound
    return text(f"""
        INSERT INTO {table.name} ({keys}, amount)
        SELECT {keys}, amount FROM unnest({arrays}) AS added ({keys}, amount) ORDER BY {keys}
        ON CONFLICT ({keys}) DO UPDATE SET amount = {table.name}.amount + EXCLUDED.amount
    """)  # noqa: S608


_NAME = text("""
    INSERT INTO branch_name (code, told, name)
    SELECT code, told, name FROM unnest(CAST(:codes AS text[]), CAST(:told AS text[]), CAST(:names AS text[]))
        AS newer (code, told, name) ORDER BY code
    ON CONFLICT (code) DO UPDATE SET told = EXCLUDED.told, name = EXCLUDED.name WHERE branch_name.told < EXCLUDED.told
""")
_ADD_TALLIES = _adding(RollupRow)
_ADD_HEADS = _adding(HeadRow)
_ADD_AGENTS = _adding(AgentRow)
