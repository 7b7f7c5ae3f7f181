"""Published questionnaires."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.definition import kept_definition
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.several import asked_of, others_of
from services.visits.domain.visit import Visit

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('questionnaire ' || CAST(:id AS text)))")
_COLUMNS = "id, version, title, definition, published_at, published_by"
_WHOSE = f"SELECT {_COLUMNS} FROM questionnaire WHERE id = :id"  # noqa: S608 - constants only
_NEWEST = text(f"{_WHOSE} ORDER BY version DESC LIMIT 1")
_ONE = text(f"{_WHOSE} AND version = :version")
_VERSIONS = text(f"""
    {_WHOSE} AND (CAST(:before AS bigint) IS NULL OR version < CAST(:before AS bigint))
    ORDER BY version DESC LIMIT :limit
""")
_ALL = text(f"""
    SELECT DISTINCT ON (id) {_COLUMNS} FROM questionnaire WHERE id > :after ORDER BY id, version DESC LIMIT :limit
""")  # noqa: S608 - constants only
_MANY = text("""
    SELECT q.id, q.version, q.definition FROM questionnaire q
    JOIN unnest(CAST(:ids AS text[]), CAST(:versions AS int[])) AS wanted (id, version) USING (id, version)
""")
_NEWEST_OF = text("SELECT id, max(version) AS version FROM questionnaire WHERE id = ANY(:ids) GROUP BY id")
_INSERT = text(f"""
    INSERT INTO questionnaire ({_COLUMNS}) VALUES (:id, :version, :title, :definition, :at, :by)
""")  # noqa: S608 - constants only


@lru_cache(maxsize=512)
def parsed(definition: str, version: int) -> Questionnaire:
    """The questionnaire in a stored definition: versions are immutable, so each is read once per process."""
    return replace(kept_definition(orjson.loads(definition)), version=version)


async def lock_questionnaire(session: AsyncSession, questionnaire_id: str) -> Row[Any] | None:
    """The newest version's row; others publishing the same id wait."""
    await session.execute(_LOCK, {"id": questionnaire_id})
    return await newest(session, questionnaire_id)


async def newest(session: AsyncSession, questionnaire_id: str) -> Row[Any] | None:
    return (await session.execute(_NEWEST, {"id": questionnaire_id})).one_or_none()


async def version_of(session: AsyncSession, questionnaire_id: str, version: int) -> Row[Any] | None:
    return (await session.execute(_ONE, {"id": questionnaire_id, "version": version})).one_or_none()


async def versions(session: AsyncSession, questionnaire_id: str, before: int | None, limit: int) -> list[Row[Any]]:
    """The versions below `before`, newest first."""
    return list(await session.execute(_VERSIONS, {"id": questionnaire_id, "before": before, "limit": limit}))


async def list_newest(session: AsyncSession, after: str, limit: int) -> list[Row[Any]]:
    """The newest version of each questionnaire whose id is behind `after`, by id."""
    return list(await session.execute(_ALL, {"after": after, "limit": limit}))


async def load_many(session: AsyncSession, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], Questionnaire]:
    """The questionnaires of these ids and versions."""
    if not wanted:
        return {}
    ids, numbers = zip(*sorted(wanted), strict=True)
    rows = await session.execute(_MANY, {"ids": list(ids), "versions": list(numbers)})
    return {(row.id, row.version): parsed(row.definition, row.version) for row in rows}


async def with_versions(session: AsyncSession, visits: Sequence[Visit]) -> list[Visit]:
    """The visits, each with the newest versions of the questionnaires of which it keeps none yet, as a claim gives them."""
    lacking = {id_ for visit in visits for id_ in {visit.questionnaire, *others_of(visit)} - _versions(visit).keys()}
    rows = await session.execute(_NEWEST_OF, {"ids": sorted(lacking)}) if lacking else ()
    newest = {row.id: row.version for row in rows}
    return [
        replace(
            visit,
            questionnaire_version=visit.questionnaire_version or newest.get(visit.questionnaire, 0),
            questionnaires={**{id_: newest[id_] for id_ in others_of(visit) & newest.keys()}, **visit.questionnaires},
        )
        for visit in visits
    ]


async def asked_by(session: AsyncSession, visits: Sequence[Visit]) -> dict[UUID, Questionnaire]:
    """What is asked in each of these visits, where it is published and the visit has been claimed."""
    versions = {visit.id: _versions(visit) for visit in visits}
    loaded = await load_many(session, {pair for pairs in versions.values() for pair in pairs.items()})
    found: dict[UUID, Questionnaire] = {}
    for visit in visits:
        known = {id_: loaded[id_, version] for id_, version in versions[visit.id].items() if (id_, version) in loaded}
        if asked := asked_of(visit, known):
            found[visit.id] = asked
    return found


def _versions(visit: Visit) -> dict[str, int]:
    own = {visit.questionnaire: visit.questionnaire_version} if visit.questionnaire_version else {}
    return {**visit.questionnaires, **own}


async def add_version(
    session: AsyncSession, questionnaire: Questionnaire, definition: str, at: datetime, by: str
) -> None:
    values = {"id": questionnaire.id, "version": questionnaire.version, "title": questionnaire.title}
    await session.execute(_INSERT, {**values, "definition": definition, "at": at, "by": by})
