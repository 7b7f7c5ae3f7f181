"""Sessions of people who signed in at a page: signed tokens of their own, never the key or token they signed in with.

A session is proved by a cookie that scripts can't read and other sites can't send. Every service verifies it by itself, for
all know the deployment's data key, from which the signing key is derived (HKDF, RFC 5869). It ends after `IDLE` without use,
`LONGEST` after it began, when its API key is revoked, when its person signs out (`session.ended`), and with all others of
its person when that person is disabled, has another password or other rights (`person.changed`). Both are events which
every service keeps for as long as a token could still be shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.base import PEOPLE
from shared.contracts.people import PersonChanged, SessionEnded
from shared.errors import Unauthorized
from shared.ids import new_id
from shared.lookups import Lookup
from shared.principal import Principal, read_principal

if TYPE_CHECKING:
    from shared.db import Database
    from shared.messaging import Consumer, Event, Work

COOKIE = "huifang_session"
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)  # a shift
RENEWED_AFTER = timedelta(minutes=1)
ALGORITHM = "HS256"
# every row that comes, goes or changes makes it another
_REVISION = text("""
    SELECT (SELECT coalesce(sum(extract(epoch FROM ended_at)), 0) FROM ended_session)
        + (SELECT coalesce(sum(extract(epoch FROM before)), 0) FROM void_session)
""")
_END = text("INSERT INTO ended_session (id, ended_at) VALUES (:id, :at) ON CONFLICT DO NOTHING")
_ENDED = text("SELECT id FROM ended_session")
_FORGET = text("DELETE FROM ended_session WHERE ended_at < :oldest")
_VOID = text("""
    INSERT INTO void_session (person, before) VALUES (:person, :before)
    ON CONFLICT (person) DO UPDATE SET before = greatest(void_session.before, excluded.before)
""")
_VOIDED = text("SELECT person, before FROM void_session")
_FORGET_VOIDED = text("DELETE FROM void_session WHERE before < :oldest")


@dataclass(frozen=True, slots=True)
class Session:
    """`proof` is the hash of the API key it was opened with, "" for a token or password; times are machine time.

    With `must_change_password` it serves for nothing but choosing a password.
    """

    id: str
    principal: Principal
    proof: str
    opened: datetime
    used: datetime
    ends: datetime
    must_change_password: bool = False

    def is_live(self, now: datetime) -> bool:
        return now < min(self.used + IDLE, self.ends)

    def is_stale(self, now: datetime) -> bool:
        """Whether its cookie is to be set anew, so that the time without use counts from now."""
        return now - self.used >= RENEWED_AFTER


def open_session(
    principal: Principal, proof: str, now: datetime, until: datetime | None = None, must_change_password: bool = False
) -> Session:
    """A new session, until `until` at the latest when what it was opened with ends then."""
    ends = now + LONGEST
    return Session(new_id().hex, principal, proof, now, now, min(ends, until) if until else ends, must_change_password)


class Signer:
    """Makes tokens of sessions and reads them back."""

    def __init__(self, data_key: bytes) -> None:
        self._key = HKDF(hashes.SHA256(), 32, salt=None, info=b"huifang session").derive(data_key)

    def sign(self, session: Session) -> str:
        who = session.principal
        claims = {"sid": session.id, "sub": who.id, "roles": list(who.roles), "name": who.name, "units": list(who.units),
                  "teams": list(who.teams), "worker": who.worker, "skills": list(who.skills), "proof": session.proof,
                  "opened": session.opened.timestamp(), "used": session.used.timestamp(),
                  "ends": session.ends.timestamp(), "change": session.must_change_password}  # fmt: skip
        return jwt.encode(claims, self._key, algorithm=ALGORITHM)

    def read(self, token: str, now: datetime) -> Session:
        """Raises Unauthorized for what this deployment did not sign, or what has ended by time."""
        try:
            session = _session_of(jwt.decode(token, self._key, algorithms=[ALGORITHM]))
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, OverflowError) as error:
            raise Unauthorized("登录已失效，请重新登录") from error
        if not session.is_live(now):
            raise Unauthorized("登录已过期，请重新登录")
        return session


def _session_of(claims: dict[str, Any]) -> Session:
    principal = read_principal(claims, claims["sub"])
    used, ends = (datetime.fromtimestamp(claims[name], UTC) for name in ("used", "ends"))
    # one that a version without accounts opened does not say when: as early as it can have been
    opened = datetime.fromtimestamp(claims["opened"], UTC) if "opened" in claims else ends - LONGEST
    return Session(claims["sid"], principal, claims["proof"], opened, used, ends, claims.get("change", False))


def cookie_of(token: str, secure: bool) -> str:
    """`Set-Cookie` of a session's token (RFC 6265bis): no script reads it, no other site sends it."""
    return f"{COOKIE}={token}; HttpOnly; SameSite=strict; Path=/; Max-Age={LONGEST // timedelta(seconds=1)}" + (
        "; Secure" if secure else ""
    )


def used_at(session: Session, now: datetime) -> Session:
    return replace(session, used=now)


@dataclass(frozen=True)
class _Ended:
    """`ids` of sessions that were ended, and the moments `void_before` which a person's were opened that hold no more."""

    ids: frozenset[str] = frozenset()
    void_before: Mapping[str, datetime] = field(default_factory=dict)


class EndedSessions:
    """Which sessions were ended before their time, as this service's database knows; looked up every few seconds."""

    def __init__(self, db: "Database") -> None:
        self._ended = Lookup(db, _REVISION, _read_ended, _Ended())

    async def has(self, session: Session) -> bool:
        ended = await self._ended.current()
        void_before = ended.void_before.get(session.principal.id)
        return session.id in ended.ids or (void_before is not None and session.opened < void_before)

    def forget(self) -> None:
        """Look again at the next question."""
        self._ended.forget()


async def _read_ended(session: AsyncSession) -> _Ended:
    ids = frozenset((await session.execute(_ENDED)).scalars())
    return _Ended(ids, {row.person: row.before for row in await session.execute(_VOIDED)})


async def end_session(work: "Work", session: Session) -> None:
    """End it here, and tell the other services."""
    now = work.clock.machine()
    await work.session.execute(_END, {"id": session.id, "at": now})
    work.publish(SessionEnded(session_id=session.id, ended_at=now), key=session.id, lineage=session.id)


async def void_sessions(work: "Work", person: str, before: datetime) -> None:
    """End all sessions of a person that were opened before a moment, here; `person.changed` tells the other services."""
    await work.session.execute(_VOID, {"person": person, "before": before})


def keeps_sessions(consumer: "Consumer") -> None:
    """Let a service's consumer keep which sessions have ended."""
    consumer.topics = [*consumer.topics, PEOPLE]

    @consumer.on("session.ended")
    async def keep_ended(work: "Work", events: "Sequence[Event]") -> None:
        for event in events:
            ended = event.read(SessionEnded)
            await work.session.execute(_END, {"id": ended.session_id, "at": ended.ended_at})

    consumer.on("person.changed")(keep_void)


async def keep_void(work: "Work", events: "Sequence[Event]") -> None:
    """Keep which sessions of people who were changed hold no more; for services that heed more of `person.changed`, too."""
    for event in events:
        changed = event.read(PersonChanged)
        if changed.sessions_void_before is not None:
            await void_sessions(work, changed.person_id, changed.sessions_void_before)


async def forget_ended(work: "Work") -> None:
    """Forget sessions whose tokens are of no use any more."""
    oldest = {"oldest": work.clock.machine() - LONGEST}
    await work.session.execute(_FORGET, oldest)
    await work.session.execute(_FORGET_VOIDED, oldest)
