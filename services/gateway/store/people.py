"""People, and how often signing in failed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.domain.people import Person
from services.gateway.domain.sign_in import Failures
from services.gateway.models import FailedSignInRow, PersonRow
from shared.roles import Role
from shared.scope import Scope

_CODES = ("roles", "units", "teams", "skills")
_BEGIN = text("""
    INSERT INTO failed_sign_in (key, count, last) SELECT key, 0, :at FROM unnest(CAST(:keys AS text[])) AS key ORDER BY key
    ON CONFLICT DO NOTHING
""")
_SAVE = text("UPDATE failed_sign_in SET count = :count, last = :last WHERE key = :key")
_USE = text("INSERT INTO used_sign_in (state, at) VALUES (:state, :at) ON CONFLICT DO NOTHING RETURNING state")
_FORGET_USED = text("DELETE FROM used_sign_in WHERE at < :before RETURNING state")
_TAKE_BACK = text("UPDATE failed_sign_in SET count = greatest(count - 1, 0) WHERE key = :key")
# of those whose shift counts: whoever has none is told of when they are changed
_CLAIM_UNPUBLISHED = text("""
    UPDATE person SET told_at = :now WHERE shift <> '' AND coalesce(told_at, '-infinity') < :before RETURNING login
""")


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """What a list shows: those of whom `text` is part of the login or name, with a role, of a unit, on a team; "" = all."""

    text: str = ""
    role: str = ""
    unit: str = ""
    team: str = ""
    disabled: bool | None = None


def _person(row: PersonRow) -> Person:
    values = row.model_dump(exclude={"told_at"})
    codes = {name: tuple(values[name]) for name in ("units", "teams", "skills")}
    return Person(**(values | codes | {"roles": tuple(map(Role, values["roles"]))}))


async def get_person(session: AsyncSession, login: str, lock: bool = False) -> Person | None:
    query = select(PersonRow).where(PersonRow.login == login)  # type: ignore[arg-type]
    row = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    return _person(row) if row else None


async def get_provided(session: AsyncSession, subject: str) -> Person | None:
    """Whom the identity provider knows as this subject, locked."""
    query = select(PersonRow).where(PersonRow.subject == subject).with_for_update()  # type: ignore[arg-type]
    row = (await session.execute(query)).scalar_one_or_none()
    return _person(row) if row else None


async def use_sign_in(session: AsyncSession, state: str, at: datetime) -> bool:
    """Whether a sign-in at the identity provider comes back for the first time."""
    used = await session.execute(_USE, {"state": state, "at": at})
    return used.scalar() is not None


async def forget_used(session: AsyncSession, before: datetime) -> int:
    """Delete those that came back before; returns how many."""
    return len((await session.execute(_FORGET_USED, {"before": before})).scalars().all())


async def list_people(
    session: AsyncSession, scope: Scope, wanted: PeopleFilter, after: str | None, limit: int
) -> list[Person]:
    """In order of their logins; a scope limited to units finds those of its units."""
    query = select(PersonRow).order_by(PersonRow.login).limit(limit)
    columns = PersonRow.__table__.c  # type: ignore[attr-defined]
    if not scope.whole:
        query = query.where(columns.units.overlap(list(scope.units)))
    if wanted.text:
        query = query.where(
            or_(*(func.strpos(func.lower(each), wanted.text.lower()) > 0 for each in (columns.login, columns.name)))
        )
    for column, code in ((columns.roles, wanted.role), (columns.units, wanted.unit), (columns.teams, wanted.team)):
        if code:
            query = query.where(column.contains([code]))
    if wanted.disabled is not None:
        query = query.where(columns.disabled == wanted.disabled)
    if after is not None:
        query = query.where(columns.login > after)
    return [_person(row) for row in (await session.execute(query)).scalars()]


async def claim_unpublished(session: AsyncSession, now: datetime, before: datetime) -> list[str]:
    """People with a shift who were told of before that moment; they count as told `now`."""
    return list((await session.execute(_CLAIM_UNPUBLISHED, {"now": now, "before": before})).scalars())


async def save_person(session: AsyncSession, person: Person, new: bool = False) -> bool:
    """Insert or update; False when a new one's login is taken."""
    values = asdict(person) | {name: [str(code) for code in getattr(person, name)] for name in _CODES}
    statement = insert(PersonRow).values(**values)
    if new:
        statement = statement.on_conflict_do_nothing()
    else:
        statement = statement.on_conflict_do_update(index_elements=["login"], set_=values)
    saved = await session.execute(statement.returning(PersonRow.login))  # type: ignore[call-overload]
    return saved.scalar() is not None


async def lock_people(session: AsyncSession, logins: Sequence[str]) -> dict[str, Person]:
    """Those of these logins that there are, locked in one order."""
    query = select(PersonRow).where(PersonRow.login.in_(logins))  # type: ignore[attr-defined]
    rows = await session.execute(query.order_by(PersonRow.login).with_for_update())
    return {row.login: _person(row) for row in rows.scalars()}


async def lock_failures(session: AsyncSession, keys: Sequence[str], at: datetime) -> dict[str, Failures]:
    """How often under each key, locked until the transaction ends; 0 for one nobody failed under."""
    await session.execute(_BEGIN, {"keys": list(keys), "at": at})
    query = select(FailedSignInRow).where(FailedSignInRow.key.in_(keys))  # type: ignore[attr-defined]
    rows = await session.execute(query.order_by(FailedSignInRow.key).with_for_update())
    return {row.key: Failures(row.count, row.last) for row in rows.scalars()}


async def save_failures(session: AsyncSession, failures: Mapping[str, Failures]) -> None:
    for key, failed in failures.items():
        await session.execute(_SAVE, {"key": key, "count": failed.count, "last": failed.last})


async def clear_failures(session: AsyncSession, keys: Sequence[str]) -> None:
    """Forget those under these keys."""
    await session.execute(delete(FailedSignInRow).where(FailedSignInRow.key.in_(keys)))  # type: ignore[attr-defined]


async def take_back_failure(session: AsyncSession, key: str) -> None:
    """One fewer: what was counted before it was tried turned out right."""
    await session.execute(_TAKE_BACK, {"key": key})


async def forget_failures(session: AsyncSession, before: datetime) -> int:
    """Delete those whose last was before; returns how many."""
    gone = await session.execute(
        delete(FailedSignInRow).where(FailedSignInRow.last < before).returning(FailedSignInRow.key)  # type: ignore[arg-type, call-overload]
    )
    return len(gone.scalars().all())
