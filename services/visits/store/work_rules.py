"""The work rules: their versions, and those in force as this process knows them."""

from collections.abc import Sequence
from datetime import datetime

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.work_rules import RulesVersion, WorkRules
from services.visits.domain.work_rules_document import RulesDocument

FIRST = 1
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('work rules'))")
_NEWEST = text("SELECT coalesce(max(version), 1) FROM work_rules")
_COLUMNS = "version, rules, at, by, reason"
_ONE = text(f"SELECT {_COLUMNS} FROM work_rules WHERE version = :version")  # noqa: S608 - constants only
_VERSIONS = text(f"""
    SELECT {_COLUMNS} FROM work_rules WHERE CAST(:before AS bigint) IS NULL OR version < CAST(:before AS bigint)
    ORDER BY version DESC LIMIT :limit
""")  # noqa: S608 - constants only
_INSERT = text(f"""
    INSERT INTO work_rules ({_COLUMNS}) VALUES (:version, CAST(:rules AS jsonb), :at, :by, :reason)
""")  # noqa: S608 - constants only
_USED = text("""
    SELECT code FROM unnest(CAST(:codes AS text[])) AS asked (code)
    WHERE EXISTS (SELECT FROM attempt WHERE own_code = code AND own_code <> '')
""")
_EXPIRING = text("""
    SELECT count(*) FROM visit
    WHERE finished_at IS NULL AND deadline_at <= CAST(:new AS timestamptz) AND deadline_at > CAST(:old AS timestamptz)
""")


class KeptRules:
    """The work rules in force, read again when there is a newer version.

    Until somebody sets rules, they are what the settings say, as version 1 that is stored nowhere.
    """

    def __init__(self, settings: WorkRules) -> None:
        self.first = RulesVersion(version=FIRST, rules=settings)
        self._known = self.first

    async def current(self, session: AsyncSession) -> RulesVersion:
        """As the database has it now: one look at a number, and the rules when it has changed, whichever replica set them."""
        newest = (await session.execute(_NEWEST)).scalar_one()
        if newest != self._known.version:
            self._known = await get_version(session, newest) or self.first
        return self._known


async def lock(session: AsyncSession) -> None:
    """Whoever else sets rules waits until this transaction ends."""
    await session.execute(_LOCK)


async def get_version(session: AsyncSession, version: int) -> RulesVersion | None:
    row = (await session.execute(_ONE, {"version": version})).one_or_none()
    return _version(row) if row else None


async def list_versions(session: AsyncSession, before: int | None, limit: int) -> list[RulesVersion]:
    """The stored versions below `before`, newest first."""
    return [_version(row) for row in await session.execute(_VERSIONS, {"before": before, "limit": limit})]


async def add_version(
    session: AsyncSession, version: int, rules: RulesDocument, at: datetime, by: str, reason: str
) -> None:
    values = {"version": version, "at": at, "by": by, "reason": reason}
    await session.execute(_INSERT, values | {"rules": orjson.dumps(rules.plain).decode()})


async def used_of(session: AsyncSession, codes: Sequence[str]) -> list[str]:
    """Those of these own codes that attempts have."""
    return list((await session.execute(_USED, {"codes": list(codes)})).scalars()) if codes else []


async def count_expiring(session: AsyncSession, new: datetime, old: datetime) -> int:
    """Unfinished visits whose deadline is before `new`, but not before `old`."""
    return int((await session.execute(_EXPIRING, {"new": new, "old": old})).scalar_one())


def _version(row: Row[tuple[object, ...]]) -> RulesVersion:
    rules = RulesDocument.model_validate(row.rules).to_rules()
    return RulesVersion(version=row.version, rules=rules, at=row.at, by=row.by, reason=row.reason)
