"""Contacts, consents and opt-outs."""

# ruff: noqa: S608 - statements are put together from our own column names only

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.domain.contacts import Contact
from services.notifications.domain.refusals import RefusedChannel, forgotten
from shared.bulk import as_rows, changes, insertion, whole_rows
from shared.privacy import Sealer
from shared.scope import Scope

_COLUMNS = tuple(field.name for field in fields(Contact))
_ALL = ", ".join(_COLUMNS)
_SET = changes((name for name in _COLUMNS if name not in ("customer_id", "units")), "excluded")
# facts and follow-ups come by topics of their own, which others may read at this moment: neither takes a unit away
_ALL_UNITS = """units = ARRAY(
    SELECT DISTINCT unit COLLATE "C" FROM unnest(contact.units || excluded.units) AS unit ORDER BY unit COLLATE "C")"""
_LOAD = text(f"SELECT {_ALL} FROM contact WHERE customer_id = ANY(:ids) ORDER BY customer_id")
_SAVE = text(f"""
    {insertion("contact", _COLUMNS, whole_rows("contact"))} ORDER BY customer_id
    ON CONFLICT (customer_id) DO UPDATE SET {_SET}, {_ALL_UNITS}
""")
_ADD_UNITS = text(f"""
    {insertion("contact", _COLUMNS, whole_rows("contact") + " AS told")}
    WHERE NOT EXISTS (SELECT FROM contact WHERE contact.customer_id = told.customer_id AND contact.units @> told.units)
    ORDER BY customer_id ON CONFLICT (customer_id) DO UPDATE SET {_ALL_UNITS}
""")
_BORN_ON = text(f"SELECT {_ALL} FROM contact WHERE birthday_key = ANY(:keys) ORDER BY customer_id")
_AFTER = text(f"SELECT {_ALL} FROM contact WHERE customer_id > :after ORDER BY customer_id LIMIT :limit")
# whose first number it is, before those whose further one it is
_WITH_PHONE = text("""
    SELECT DISTINCT ON (number) number, customer_id FROM (
        SELECT phone AS number, customer_id, 1 AS place FROM contact WHERE phone = ANY(:phones) UNION ALL
        SELECT number, customer_id, 2 FROM contact, unnest(phones) AS number
        WHERE phones && CAST(:phones AS text[]) AND number = ANY(:phones)
    ) known ORDER BY number, place, customer_id
""")
_CONSENTED = text("SELECT customer_id FROM consent WHERE customer_id = ANY(:ids) AND revoked_at IS NULL")
_REFUSALS = text("""
    SELECT customer_id, recipient, channel, scope FROM opt_out
    WHERE revoked_at IS NULL AND (customer_id = ANY(:ids) OR (recipient <> '' AND recipient = ANY(:recipients)))
""")
_UNITS_WITH = text("""
    SELECT units FROM contact WHERE phone = :recipient OR phones @> ARRAY[CAST(:recipient AS text)]
        OR (email <> '' AND lower(email) = lower(:recipient))
""")
_KNOWN = "contact.units && CAST(:units AS text[])"
PAGE = 1000


def of_seen(table: str) -> str:
    """The rows of `table` that are of customers whose unit is seen (`:units`): by their id, or without one by their number
    or mail address."""
    theirs = (
        f"contact.customer_id = {table}.customer_id "
        f"OR ({table}.customer_id = '' AND {table}.recipient <> '' "
        f"AND (contact.phone = {table}.recipient OR contact.phones @> ARRAY[{table}.recipient] "
        f"OR (contact.email <> '' AND lower(contact.email) = lower({table}.recipient))))"
    )
    seen = f"SELECT FROM contact WHERE ({theirs}) AND {_KNOWN}"
    return f"(CAST(:units AS text[]) IS NULL OR EXISTS ({seen}))"


@dataclass(frozen=True)
class Refusal:
    """An opt-out that is in force."""

    customer_id: str
    recipient: str
    channel: str
    scope: str


async def load(session: AsyncSession, ids: Iterable[str]) -> dict[str, Contact]:
    rows = await session.execute(_LOAD, {"ids": sorted(set(ids))})
    return {row["customer_id"]: _contact(row) for row in rows.mappings()}


def _contact(row: RowMapping) -> Contact:
    return Contact(
        **{
            **row,
            "phones": tuple(row["phones"]),
            "wrong_phones": tuple(row["wrong_phones"]),
            "units": tuple(row["units"]),
            "older": _times(row["older"]),
        }
    )


def _times(stored: Any) -> dict[str, int]:
    """The `older` column, which untyped statements give as text."""
    times: dict[str, int] = orjson.loads(stored) if isinstance(stored, str) else stored
    return times


async def save(session: AsyncSession, contacts: Sequence[Contact]) -> None:
    if contacts:
        await session.execute(_SAVE, {"rows": as_rows(contacts)})


async def add_units(session: AsyncSession, contacts: Sequence[Contact]) -> None:
    """Let these customers be known to their `units`, too; all else stays as it is kept."""
    if contacts:
        await session.execute(_ADD_UNITS, {"rows": as_rows(contacts)})


async def born_on(session: AsyncSession, keys: Sequence[str]) -> list[Contact]:
    """Those with one of these birthday keys."""
    return [_contact(row) for row in (await session.execute(_BORN_ON, {"keys": list(keys)})).mappings()]


async def everybody(session: AsyncSession) -> AsyncIterator[list[Contact]]:
    """All contacts, a page at a time."""
    after = ""
    while True:
        rows = (await session.execute(_AFTER, {"after": after, "limit": PAGE})).mappings().all()
        if not rows:
            return
        yield [_contact(row) for row in rows]
        after = rows[-1]["customer_id"]


async def owners_of(session: AsyncSession, phones: Sequence[str]) -> dict[str, str]:
    """A customer id for each known sealed phone."""
    return {row[0]: row[1] for row in await session.execute(_WITH_PHONE, {"phones": list(phones)})}


async def units_with(session: AsyncSession, recipient: str) -> list[tuple[str, ...]]:
    """The units that know each of those known to have this sealed phone or this mail address."""
    return [tuple(units) for units in (await session.execute(_UNITS_WITH, {"recipient": recipient})).scalars()]


async def consented(session: AsyncSession, ids: Sequence[str]) -> set[str]:
    return set((await session.execute(_CONSENTED, {"ids": list(ids)})).scalars())


async def refusals(
    session: AsyncSession, sealer: Sealer, ids: Sequence[str], recipients: Sequence[str]
) -> list[Refusal]:
    """The opt-outs in force of these customers and recipients (as `refused_as` names them), also of those that were erased
    since."""
    named = {forgotten(one, sealer): one for one in recipients} | {one: one for one in recipients}
    rows = await session.execute(_REFUSALS, {"ids": list(ids), "recipients": list(named)})
    found = [Refusal(**row) for row in rows.mappings()]
    return [replace(one, recipient=named.get(one.recipient, one.recipient)) for one in found]


@dataclass(frozen=True)
class OptOut:
    """An opt-out as recorded; `recipient` is as `domain.addresses.refused_as` names it, "" where a customer refuses."""

    id: UUID
    customer_id: str
    recipient: str
    channel: RefusedChannel
    scope: str
    how: str
    note: str
    by: str
    created_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str = ""


_OPT_OUT_NAMES = [field.name for field in fields(OptOut)]
_OPT_OUT_COLUMNS = ", ".join(_OPT_OUT_NAMES)
_ADD_OPT_OUT = text(insertion("opt_out", _OPT_OUT_NAMES, whole_rows("opt_out")))
_OPT_OUTS = (
    f"SELECT {_OPT_OUT_COLUMNS} FROM opt_out WHERE {{conditions}} ORDER BY created_at DESC, id DESC LIMIT :limit"
)
_REVOKE = text(f"""
    UPDATE opt_out SET revoked_at = :at, revoked_by = :by
    WHERE id = :id AND revoked_at IS NULL AND {of_seen("opt_out")}
    RETURNING {_OPT_OUT_COLUMNS}
""")


async def add_opt_out(session: AsyncSession, opt_out: OptOut) -> None:
    await session.execute(_ADD_OPT_OUT, {"rows": as_rows([opt_out])})


async def list_opt_outs(
    session: AsyncSession, customer_id: str | None, scope: Scope, after: tuple[datetime, UUID] | None, limit: int
) -> list[OptOut]:
    """Those in force, the newest first."""
    conditions = ["revoked_at IS NULL", of_seen("opt_out")]
    values: dict[str, Any] = {"units": scope.limit, "limit": limit}
    if customer_id:
        conditions.append("customer_id = :customer_id")
        values["customer_id"] = customer_id
    if after:
        conditions.append("(created_at, id) < (:after_at, :after_id)")
        values |= {"after_at": after[0], "after_id": after[1]}
    rows = await session.execute(text(_OPT_OUTS.format(conditions=" AND ".join(conditions))), values)
    return [OptOut(**row) for row in rows.mappings()]


async def revoke_opt_out(session: AsyncSession, opt_out_id: UUID, scope: Scope, by: str, at: datetime) -> OptOut | None:
    """End an opt-out; None when there is none in force with this id in `scope`."""
    values = {"id": opt_out_id, "units": scope.limit, "by": by, "at": at}
    row = (await session.execute(_REVOKE, values)).mappings().one_or_none()
    return OptOut(**row) if row else None


@dataclass(frozen=True)
class Consent:
    """A consent as recorded: who, when, how and to which text."""

    id: UUID
    customer_id: str
    how: str
    text: str
    by: str
    given_at: datetime
    recorded_at: datetime


_CONSENT_NAMES = [field.name for field in fields(Consent)]
_CONSENT_COLUMNS = ", ".join(_CONSENT_NAMES)
_ADD_CONSENT = text(insertion("consent", _CONSENT_NAMES, whole_rows("consent")))
_CONSENTS = text(f"""
    SELECT {_CONSENT_COLUMNS} FROM consent WHERE customer_id = :customer_id AND revoked_at IS NULL
    AND (CAST(:units AS text[]) IS NULL OR EXISTS (
        SELECT FROM contact WHERE contact.customer_id = consent.customer_id AND {_KNOWN}))
    AND (CAST(:at AS timestamptz) IS NULL OR (given_at, id) < (CAST(:at AS timestamptz), CAST(:id AS uuid)))
    ORDER BY given_at DESC, id DESC LIMIT :limit
""")


async def add_consent(session: AsyncSession, consent: Consent) -> None:
    await session.execute(_ADD_CONSENT, {"rows": as_rows([consent])})


async def list_consents(
    session: AsyncSession, customer_id: str, scope: Scope, after: tuple[datetime, UUID] | None, limit: int
) -> list[Consent]:
    """A customer's consents, the newest first, from behind `after`."""
    at, row_id = after or (None, None)
    values = {"customer_id": customer_id, "units": scope.limit, "at": at, "id": row_id, "limit": limit}
    return [Consent(**row) for row in (await session.execute(_CONSENTS, values)).mappings()]
