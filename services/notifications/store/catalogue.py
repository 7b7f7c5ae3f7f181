"""Templates and rules: versioned documents."""

# ruff: noqa: S608 - statements are put together from our own column names only

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.domain.lint import kept_template
from services.notifications.domain.planning import Versioned
from services.notifications.domain.rules import Rule, kept_rule
from services.notifications.domain.templates import MessageTemplate

Kind = Literal["template", "rule"]
_COLUMNS = "kind, name, version, body, digest, usable, created_at, created_by"
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_NEWEST_OF = text(f"""
    SELECT {_COLUMNS} FROM document WHERE kind = :kind AND name = :name ORDER BY version DESC LIMIT 1
""")
_NEWEST = text(f"""
    SELECT DISTINCT ON (name) {_COLUMNS} FROM document WHERE kind = :kind AND (usable OR NOT :usable)
    ORDER BY name, version DESC
""")
_VERSIONS = text(f"""
    SELECT {_COLUMNS} FROM document JOIN unnest(CAST(:names AS text[]), CAST(:versions AS int[])) AS wanted (n, v)
    ON kind = 'template' AND name = n AND version = v
""")
_ADD = text(f"""
    INSERT INTO document ({_COLUMNS})
    VALUES (:kind, :name, :version, CAST(:body AS jsonb), :digest, :usable, :created_at, :created_by)
""")


@dataclass(frozen=True)
class Document:
    """One version of a template or rule as kept."""

    kind: Kind
    name: str
    version: int
    body: Mapping[str, Any]
    digest: str
    usable: bool
    created_at: datetime
    created_by: str


def digest_of(body: Mapping[str, Any]) -> str:
    """The same for two documents that say the same."""
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def lock_newest(session: AsyncSession, kind: Kind, name: str) -> Document | None:
    """The newest version of one document; whoever else would add one waits."""
    await session.execute(_LOCK, {"name": f"{kind}:{name}"})
    row = (await session.execute(_NEWEST_OF, {"kind": kind, "name": name})).mappings().one_or_none()
    return Document(**row) if row else None


async def add(session: AsyncSession, document: Document) -> None:
    await session.execute(_ADD, {**vars(document), "body": orjson.dumps(document.body).decode()})


async def list_newest(session: AsyncSession, kind: Kind, usable: bool = False) -> list[Document]:
    """The newest version of each, or the newest usable one."""
    rows = await session.execute(_NEWEST, {"kind": kind, "usable": usable})
    return [Document(**row) for row in rows.mappings()]


async def template_versions(
    session: AsyncSession, wanted: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], MessageTemplate]:
    """These versions of templates, by (name, version)."""
    pairs = sorted(set(wanted))
    rows = await session.execute(_VERSIONS, {"names": [name for name, _ in pairs], "versions": [v for _, v in pairs]})
    return {(row["name"], row["version"]): kept_template(row["body"]) for row in rows.mappings()}


async def rules(session: AsyncSession) -> list[Rule]:
    return [kept_rule(document.body) for document in await list_newest(session, "rule")]


async def templates(session: AsyncSession) -> dict[str, Versioned]:
    """The newest approved version of each template, by name."""
    found = await list_newest(session, "template", usable=True)
    return {document.name: Versioned(document.version, kept_template(document.body)) for document in found}
