"""Figures are added to, one statement per table and batch, in key order (two batches never wait for each other in a ring)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.analytics.domain.cells import AgentTally, Figures, Head, Tally
from services.analytics.models import AgentRow, HeadRow, RollupRow
from shared.bulk import columns, insertion

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
    for model, rows in ((HeadRow, heads), (AgentRow, agents), (RollupRow, tallies)):
        await _add(session, model, rows)
    return len(tallies) + len(heads) + len(agents)


async def save_branch_names(session: AsyncSession, names: Mapping[str, tuple[str, str]]) -> None:
    """Take over names that were told later than what stands; (rank, name) by branch."""
    if names:
        codes = sorted(names)
        ranks, texts = zip(*(names[code] for code in codes), strict=True)
        await session.execute(_NAME, {"codes": codes, "told": list(ranks), "names": list(texts)})


async def _add(session: AsyncSession, model: type[Any], rows: Sequence[Row]) -> None:
    if rows:
        statement, names = _ADDING[model]
        await session.execute(
            statement, {name: [*column] for name, column in zip(names, zip(*rows, strict=True), strict=True)}
        )


def _adding(model: Any) -> tuple[TextClause, list[str]]:
    """The statement, and its parameters in the order of a row's values: the amount is the last."""
    table: Table = model.__table__
    names = [column.name for column in table.columns]
    keys = ", ".join(names[:-1])
    statement = f"""
        {insertion(table.name, names, columns(table, names, "added"))} ORDER BY {keys}
        ON CONFLICT ({keys}) DO UPDATE SET amount = {table.name}.amount + EXCLUDED.amount
    """
    return text(statement), names


_NAME = text("""
    INSERT INTO branch_name (code, told, name)
    SELECT code, told, name FROM unnest(CAST(:codes AS text[]), CAST(:told AS text[]), CAST(:names AS text[]))
        AS newer (code, told, name) ORDER BY code
    ON CONFLICT (code) DO UPDATE SET told = EXCLUDED.told, name = EXCLUDED.name WHERE branch_name.told < EXCLUDED.told
""")
_ADDING = {model: _adding(model) for model in (RollupRow, HeadRow, AgentRow)}
