"""Sources: made, changed, and given new credentials."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from services.gateway.domain.credentials import Credential, rotate
from services.gateway.domain.options import check_options, check_zone
from services.gateway.domain.problems import joined
from services.gateway.store import sources
from services.gateway.store.sources import Source
from shared.audit import as_before
from shared.auth import Principal, hash_key
from shared.errors import Conflict, InvalidInput, NotFound
from shared.http import audit, require_version
from shared.messaging.work import Work
from shared.privacy import Sealer

SIGNED = ("erpnext",)


class SourceNameTaken(Conflict):
    title = "来源名称已被使用"
    code = "source-name-taken"


@dataclass(frozen=True, slots=True)
class Issued:
    """A source with credentials that are shown this once; `secret` is None for a kind that does not sign."""

    source: Source
    token: str
    secret: str | None


async def create_source(
    work: Work, principal: Principal, sealer: Sealer, name: str, kind: str, zone: str, options: dict[str, Any]
) -> Issued:
    """Register a sender. Raises InvalidInput, SourceNameTaken."""
    _check(kind, zone, options)
    token, secret = secrets.token_urlsafe(32), _new_secret(kind)
    source = Source(
        name=name,
        kind=kind,
        zone=zone,
        enabled=True,
        tokens=[Credential(hash_key(token))],
        secrets=[Credential(sealer.seal(secret))] if secret else [],
        options=options,
        version=1,
        created_at=work.now(),
        updated_at=work.now(),
    )
    if not await sources.save_source(work.session, source, new=True):
        raise SourceNameTaken(f"名称 {name}")
    await audit(work, principal, "source.created", name, kind=kind)
    return Issued(source, token, secret)


def _check(kind: str, zone: str, options: Mapping[str, Any]) -> None:
    if errors := check_zone(zone) + check_options(kind, options):
        raise InvalidInput(joined(errors), errors=[{"field": one.field, "message": one.reason} for one in errors])


def _new_secret(kind: str) -> str | None:
    return secrets.token_urlsafe(32) if kind in SIGNED else None


async def _lock(work: Work, name: str) -> Source:
    source = await sources.get_source(work.session, name, lock=True)
    if source is None:
        raise NotFound(f"没有来源 {name}")
    return source


async def update_source(work: Work, principal: Principal, name: str, seen: int, changes: Mapping[str, Any]) -> Source:
    """Change zone, options or whether it is enabled. Raises NotFound, PreconditionFailed, InvalidInput."""
    source = await _lock(work, name)
    require_version(seen, source.version)
    _check(source.kind, changes.get("zone", source.zone), changes.get("options", source.options))
    changed = replace(source, **changes, version=source.version + 1, updated_at=work.now())
    await sources.save_source(work.session, changed)
    await audit(work, principal, "source.changed", name, **changes, before=as_before(source, changes))
    return changed


async def rotate_source(
    work: Work, principal: Principal, sealer: Sealer, name: str, seen: int, grace: timedelta
) -> Issued:
    """New credentials; the ones before live on for `grace` of machine time. Raises NotFound, PreconditionFailed."""
    source = await _lock(work, name)
    require_version(seen, source.version)
    now = work.clock.machine()
    token, secret = secrets.token_urlsafe(32), _new_secret(source.kind)
    changed = replace(
        source,
        tokens=rotate(source.tokens, hash_key(token), now + grace, now),
        secrets=rotate(source.secrets, sealer.seal(secret), now + grace, now) if secret else [],
        version=source.version + 1,
        updated_at=work.now(),
    )
    await sources.save_source(work.session, changed)
    await audit(work, principal, "source.rotated", name, grace_seconds=grace.total_seconds())
    return Issued(changed, token, secret)
