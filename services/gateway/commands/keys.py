"""API keys: issued, rotated, given another end, revoked.

Each change is saved, told to all services (`key.changed`) and audited in one transaction. The key itself is given once, to who
asked for it; what is kept and told is its hash.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.gateway.domain.keys import MachineKey, end_faults, faults, replaced
from services.gateway.store import keys
from shared.audit import as_before
from shared.auth import Principal, hash_key, new_key
from shared.contracts.keys import KeyChanged, KeyUsed
from shared.errors import Conflict, NotFound, refuse
from shared.http import audit, require_version
from shared.ids import new_id
from shared.kept_keys import keep_key
from shared.messaging import Event, Work
from shared.roles import Role

PUBLISHED_AGAIN_AFTER = timedelta(days=1)


class KeyNotLive(Conflict):
    title = "密钥已失效"
    code = "key-not-live"


class KeyReplaced(Conflict):
    title = "密钥已经轮换"
    code = "key-replaced"


async def issue_key(work: Work, principal: Principal, fields: Mapping[str, Any]) -> tuple[MachineKey, str]:
    """A new key of an owner; returns it with its text. Raises InvalidInput."""
    refuse(list(faults(fields, work.clock.machine())))
    key, secret = _new(work, principal, fields)
    await _save(
        work, principal, key, "key.issued", owner=key.owner, roles=key.roles, units=key.units, ends_at=key.ends_at
    )
    return key, secret


def _new(work: Work, principal: Principal, fields: Mapping[str, Any]) -> tuple[MachineKey, str]:
    secret = new_key()
    key = MachineKey(
        id=new_id(),
        owner=fields["owner"],
        name=fields["name"],
        sha256=hash_key(secret),
        roles=tuple(dict.fromkeys(map(Role, fields["roles"]))),
        units=tuple(dict.fromkeys(fields["units"])),
        ends_at=fields["ends_at"],
        revoked_at=None,
        replaced_by=None,
        created_at=work.clock.machine(),
        created_by=principal.id,
        version=1,
    )
    return key, secret


async def rotate_key(
    work: Work, principal: Principal, key_id: UUID, seen: int, grace: timedelta, ends_at: datetime | None
) -> tuple[MachineKey, str]:
    """Another key with the same rights; the old one lives on for `grace`. Raises NotFound, PreconditionFailed, Conflict."""
    old = await _lock_live(work, key_id, seen)
    now = work.clock.machine()
    refuse(list(end_faults(ends_at, now)))
    if old.replaced_by is not None:
        raise KeyReplaced(f"新密钥的编号是 {old.replaced_by}")
    fields = {"owner": old.owner, "name": old.name, "roles": old.roles, "units": old.units, "ends_at": ends_at}
    key, secret = _new(work, principal, fields)
    await _save(work, principal, key, "key.issued", owner=key.owner, replaces=old.id, ends_at=ends_at)
    ended = replaced(old, key.id, now + grace)
    await _save(work, principal, ended, "key.rotated", owner=old.owner, replaced_by=key.id, ends_at=ended.ends_at)
    return key, secret


async def set_end(work: Work, principal: Principal, key_id: UUID, seen: int, ends_at: datetime | None) -> MachineKey:
    """Let a living key end at another time, or not by itself. Raises NotFound, PreconditionFailed, Conflict, InvalidInput."""
    key = await _lock_live(work, key_id, seen)
    refuse(list(end_faults(ends_at, work.clock.machine())))
    changed = replace(key, ends_at=ends_at, version=key.version + 1)
    return await _save(
        work, principal, changed, "key.end_set", owner=key.owner, ends_at=ends_at, before=as_before(key, ["ends_at"])
    )


async def revoke_key(work: Work, principal: Principal, key_id: UUID, seen: int, reason: str) -> MachineKey:
    """Let nobody in by it any more. Raises NotFound, PreconditionFailed, Conflict."""
    key = await _lock_live(work, key_id, seen)
    changed = replace(key, revoked_at=work.clock.machine(), version=key.version + 1)
    return await _save(work, principal, changed, "key.revoked", owner=key.owner, reason=reason)


async def find_key(work: Work, key_id: UUID, lock: bool = False) -> MachineKey:
    """Raises NotFound."""
    key = await keys.get_key(work.session, key_id, lock)
    if key is None:
        raise NotFound("没有这个密钥")
    return key


async def _lock_live(work: Work, key_id: UUID, seen: int) -> MachineKey:
    key = await find_key(work, key_id, lock=True)
    require_version(seen, key.version)
    if key.state(work.clock.machine()) != "live":
        raise KeyNotLive("失效的密钥不能再改，请另发一个")
    return key


async def _save(work: Work, principal: Principal, key: MachineKey, action: str, **detail: Any) -> MachineKey:
    await keys.save_key(work.session, key, work.clock.machine())
    await _tell(work, key)
    await audit(work, principal, action, str(key.id), **detail)
    return key


async def _tell(work: Work, key: MachineKey) -> None:
    event = KeyChanged(
        key_id=str(key.id),
        owner=key.owner,
        name=key.name,
        sha256=key.sha256,
        roles=tuple(map(str, key.roles)),
        units=key.units,
        ends_at=key.revoked_at or key.ends_at,
        version=key.version,
        changed_at=work.now(),
    )
    await keep_key(work.session, event)
    work.publish(event, key=event.key_id, lineage=event.key_id)


async def tell_again(work: Work) -> int:
    """Tell of living keys that were not told of for a day, for services that came later; returns how many."""
    now = work.clock.machine()
    due = await keys.claim_unpublished(work.session, now, now - PUBLISHED_AGAIN_AFTER)
    for key_id in due:
        await _tell(work, await find_key(work, key_id))
    return len(due)


async def note_used(work: Work, events: Sequence[Event]) -> None:
    """What processes tell of the use of keys."""
    used = [event.read(KeyUsed) for event in events]
    latest = {UUID(each.key_id): each.used_at for each in sorted(used, key=lambda each: each.used_at)}
    await keys.note_used(work.session, list(latest.items()))
