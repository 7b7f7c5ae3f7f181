"""API keys that the gateway issued, kept by every service from its events beside the file of keys (`shared.keys`).

A key that is revoked or has ended lets nobody in a few seconds later, anywhere. Which keys are used is told to the gateway
once an hour, not with every request.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.keys import KeyChanged, KeyUsed
from shared.jobs import Job
from shared.keys import KEY_IDENTITY, Key
from shared.lookups import Lookup
from shared.observability.catalogue import gauge
from shared.principal import Principal
from shared.roles import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.db import Database
    from shared.messaging import Consumer, Event, Work
    from shared.runtime import Runtime

EXPIRING = gauge(
    "huifang_api_keys_expiring",
    "API keys that end within two weeks and whose owner has none that lives longer",
    "两周内到期的访问密钥数",
)
SOON = timedelta(days=14)
REPORTED_EVERY = timedelta(hours=1)
_REVISION = text("SELECT coalesce(sum(version), 0) FROM api_key")
_ALL = text("SELECT told FROM api_key")
_KEEP = text("""
    INSERT INTO api_key (id, version, told) VALUES (CAST(:id AS uuid), :version, CAST(:told AS jsonb))
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, told = excluded.told
    WHERE api_key.version < excluded.version
""")


@dataclass(frozen=True)
class IssuedKey(Key):
    """A key with the number the gateway knows it by."""

    id: str = ""


class KeptKeys:
    """The issued keys of this process, as its service's database knows them, and which of them were used."""

    def __init__(self, db: "Database") -> None:
        self._keys: Lookup[Mapping[str, IssuedKey]] = Lookup(db, _REVISION, _read_keys, {})
        self._used: dict[str, datetime] = {}
        self._reported: dict[str, datetime] = {}

    async def find(self, digest: str, now: datetime) -> Principal | None:
        """Whose live key has this hash at `now` (machine time); it counts as used."""
        known = (await self._keys.current()).get(digest)
        if known is None or not known.is_live(now):
            return None
        self._used[known.id] = now
        return known.principal

    async def all(self) -> Iterable[IssuedKey]:
        return (await self._keys.current()).values()

    def forget(self) -> None:
        """Look again at the next question."""
        self._keys.forget()

    def unreported(self) -> dict[str, datetime]:
        """Keys whose use was not told for an hour, and when they were used last."""
        reported = self._reported
        return {
            key: at for key, at in self._used.items() if key not in reported or at - reported[key] >= REPORTED_EVERY
        }

    def note_reported(self, used: Mapping[str, datetime]) -> None:
        self._reported.update(used)


async def _read_keys(session: AsyncSession) -> Mapping[str, IssuedKey]:
    keys = [KeyChanged.model_validate(row) for row in (await session.execute(_ALL)).scalars()]
    return {each.sha256: issued(each) for each in keys}


def issued(key: KeyChanged) -> IssuedKey:
    roles = tuple(Role(role) for role in key.roles)
    principal = Principal(KEY_IDENTITY + key.owner, roles, key.name, key.units)
    return IssuedKey(principal, key.ends_at, key.key_id)


def expiring(keys: Iterable[Key], now: datetime) -> list[str]:
    """The owners whose last living key ends within two weeks."""
    ends: dict[str, datetime | None] = {}
    for key in keys:
        if key.is_live(now):
            last = ends.get(key.principal.id, now)
            ends[key.principal.id] = None if last is None or key.expires_at is None else max(last, key.expires_at)
    return sorted(owner for owner, end in ends.items() if end is not None and end - now < SOON)


async def keep_key(session: AsyncSession, key: KeyChanged) -> None:
    """Keep what was told of a key; told again, or late, changes nothing."""
    values = {"id": key.key_id, "version": key.version, "told": key.model_dump_json()}
    await session.execute(_KEEP, values)


def keeps_keys(consumer: "Consumer") -> None:
    """Let a service's consumer keep the issued keys; `keeps_sessions` gave it the topic."""

    @consumer.on("key.changed")
    async def keep(work: "Work", events: "Sequence[Event]") -> None:
        for event in events:
            await keep_key(work.session, event.read(KeyChanged))


async def tell_of_use(runtime: "Runtime") -> int:
    """Tell the gateway which keys were used, and set the gauge of those that end soon; nothing is left to do at once."""
    keys = runtime.keys
    EXPIRING.set(len(expiring([*await keys.all(), *runtime.authenticator.file_keys()], runtime.clock.machine())))
    if used := keys.unreported():
        async with runtime.db.work(background=True) as work:
            for key_id, at in used.items():
                work.publish(KeyUsed(key_id=key_id, used_at=at), key=key_id, lineage=key_id)
        keys.note_reported(used)
    return 0


TELL_OF_USE = Job("tell_key_use", every=60, run=tell_of_use)
