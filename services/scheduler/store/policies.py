"""Packs, policies and their immutable versions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.packs.pack import Content, Draft, Pack, policy_of
from services.scheduler.domain.policy import Policy
from services.scheduler.store.rows import dump, load
from shared.calendar import WorkCalendar

_STORED = "p.id, p.pack, p.version, p.enabled, p.revision, p.changed_at, p.changed_by, v.valid_from, v.valid_until"
_VERSION = "version, content, hash, loaded_at, loaded_by, valid_from, valid_until"


@dataclass(frozen=True)
class StoredPolicy:
    """A policy with its newest version's content and validity."""

    id: str
    pack: str
    version: int
    enabled: bool
    revision: int
    changed_at: datetime
    changed_by: str
    valid_from: datetime | None
    valid_until: datetime | None
    content: Content
    hash: str


@dataclass(frozen=True)
class StoredVersion:
    """One version of a policy."""

    version: int
    content: Content
    hash: str
    loaded_at: datetime
    loaded_by: str
    valid_from: datetime | None
    valid_until: datetime | None


async def get_revision(session: AsyncSession) -> int:
    """Which state of the active policies and of the official calendar the database holds."""
    return int((await session.execute(text("SELECT revision FROM policy_book"))).scalar_one())


async def lock_book(session: AsyncSession) -> None:
    """Changes of packs, policies and the official calendar take turns."""
    await session.execute(text("UPDATE policy_book SET revision = revision + 1"))


async def list_active(session: AsyncSession, calendar: WorkCalendar) -> list[Policy]:
    """The enabled policies on the official calendar, in the order of their ids and versions, as far as a fact may still be
    decided by them."""
    rows = await session.execute(
        text(
            "SELECT v.content, v.version, v.valid_from, v.valid_until FROM policy p "
            "JOIN policy_version v ON v.policy_id = p.id WHERE p.enabled AND v.version >= COALESCE("
            "(SELECT max(version) FROM policy_version u WHERE u.policy_id = p.id AND u.valid_from IS NULL), 1) "
            "ORDER BY p.id, v.version"
        )
    )
    return [
        policy_of(load(content), version, calendar, valid_from=valid_from, valid_until=valid_until)
        for content, version, valid_from, valid_until in rows
    ]


async def list_chained(session: AsyncSession, calendar: WorkCalendar) -> list[Policy]:
    """Every version with several steps, also of policies that are not in force any more."""
    rows = await session.execute(
        text(
            "SELECT content, version FROM policy_version WHERE jsonb_exists(content, 'steps') ORDER BY policy_id, version"
        )
    )
    return [policy_of(load(content), version, calendar) for content, version in rows]


async def get_version(session: AsyncSession, policy_id: str, version: int, calendar: WorkCalendar) -> Policy:
    """One version as a policy on the official calendar. Raises LookupError."""
    rows = await session.execute(
        text("SELECT content FROM policy_version WHERE policy_id = :id AND version = :version"),
        {"id": policy_id, "version": version},
    )
    content = rows.scalar()
    if content is None:
        raise LookupError(f"policy {policy_id} has no version {version}")
    return policy_of(load(content), version, calendar)


async def list_policies(session: AsyncSession, ids: Sequence[str] | None = None) -> list[StoredPolicy]:
    """All policies, or those of `ids`, with their newest version."""
    rows = await session.execute(
        text(
            f"SELECT {_STORED}, v.content, v.hash FROM policy p "  # noqa: S608 - constants only
            "JOIN policy_version v ON v.policy_id = p.id AND v.version = p.version "
            "WHERE CAST(:ids AS text[]) IS NULL OR p.id = ANY(CAST(:ids AS text[])) ORDER BY p.id"
        ),
        {"ids": None if ids is None else list(ids)},
    )
    return [StoredPolicy(**{**row, "content": load(row["content"])}) for row in rows.mappings()]


async def get_titles(session: AsyncSession, ids: Sequence[str]) -> dict[str, str]:
    """Names of policies, for explanations."""
    return {row.id: row.content["title"] for row in await list_policies(session, ids)}


async def get_contents(session: AsyncSession, versions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Content]:
    """Canonical contents of (policy, version)."""
    wanted = sorted(versions)
    rows = await session.execute(
        text(
            "SELECT policy_id, version, content FROM policy_version WHERE (policy_id, version) IN "
            "(SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:versions AS int[])))"
        ),
        {"ids": [policy for policy, _ in wanted], "versions": [version for _, version in wanted]},
    )
    return {(policy, version): load(content) for policy, version, content in rows}


async def list_versions(session: AsyncSession, policy_id: str) -> list[StoredVersion]:
    """A policy's versions, newest first."""
    rows = await session.execute(
        text(f"SELECT {_VERSION} FROM policy_version WHERE policy_id = :id ORDER BY version DESC"),  # noqa: S608
        {"id": policy_id},
    )
    return [StoredVersion(**{**row, "content": load(row["content"])}) for row in rows.mappings()]


async def find_version(session: AsyncSession, policy_id: str, version: int) -> StoredVersion | None:
    """One version; None when there is none."""
    rows = await session.execute(
        text(f"SELECT {_VERSION} FROM policy_version WHERE policy_id = :id AND version = :version"),  # noqa: S608
        {"id": policy_id, "version": version},
    )
    row = rows.mappings().first()
    return StoredVersion(**{**row, "content": load(row["content"])}) if row else None


async def save_pack(session: AsyncSession, pack: Pack, by: str, at: datetime) -> None:
    await session.execute(
        text(
            "INSERT INTO pack (name, title, loaded_at, loaded_by) VALUES (:name, :title, :at, :by) "
            "ON CONFLICT (name) DO UPDATE SET title = excluded.title, loaded_at = excluded.loaded_at, "
            "loaded_by = excluded.loaded_by"
        ),
        {"name": pack.name, "title": pack.title, "by": by, "at": at},
    )


async def save_version(
    session: AsyncSession,
    pack: str,
    draft: Draft,
    version: int,
    valid_from: datetime | None,
    restart: bool,
    by: str,
    at: datetime,
) -> None:
    """Add a version and make it the policy's newest; a new policy, or one to `restart`, starts as its pack says."""
    values: dict[str, Any] = {"id": draft.id, "pack": pack, "version": version, "by": by, "at": at}
    await session.execute(
        text(
            "INSERT INTO policy_version (policy_id, version, content, hash, loaded_at, loaded_by, valid_from) "
            "VALUES (:id, :version, CAST(:content AS jsonb), :hash, :at, :by, :valid_from)"
        ),
        values | {"content": dump(draft.content), "hash": draft.hash, "valid_from": valid_from},
    )
    await session.execute(
        text(
            "INSERT INTO policy (id, pack, version, enabled, revision, changed_at, changed_by) "
            "VALUES (:id, :pack, :version, :enabled, 1, :at, :by) "
            "ON CONFLICT (id) DO UPDATE SET version = excluded.version, revision = policy.revision + 1, "
            "enabled = CASE WHEN :restart THEN excluded.enabled ELSE policy.enabled END, "
            "changed_at = excluded.changed_at, changed_by = excluded.changed_by"
        ),
        values | {"enabled": draft.enabled, "restart": restart},
    )


async def end_policy(
    session: AsyncSession, policy_id: str, until: datetime, at_once: bool, by: str, at: datetime
) -> None:
    """A policy decides on no fact from `until` on; at once, on none at all."""
    await session.execute(
        text("UPDATE policy_version SET valid_until = :until WHERE policy_id = :id AND valid_until IS NULL"),
        {"id": policy_id, "until": until},
    )
    await session.execute(
        text(
            "UPDATE policy SET enabled = enabled AND NOT :at_once, revision = revision + 1, changed_at = :at, "
            "changed_by = :by WHERE id = :id"
        ),
        {"id": policy_id, "at_once": at_once, "by": by, "at": at},
    )


async def save_enabled(session: AsyncSession, policy_id: str, enabled: bool, by: str, at: datetime) -> None:
    await session.execute(
        text(
            "UPDATE policy SET enabled = :enabled, revision = revision + 1, changed_at = :at, changed_by = :by "
            "WHERE id = :id"
        ),
        {"id": policy_id, "enabled": enabled, "by": by, "at": at},
    )
