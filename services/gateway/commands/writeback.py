"""Results on their way back to the senders of facts."""

import base64
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog

from services.gateway.domain.credentials import Credential, rotate
from services.gateway.domain.writeback import Answer, Next, Origin, after_try, body_of, concerns, origins_of
from services.gateway.store import deliveries, endpoints, facts
from services.gateway.store.deliveries import Claimed, NewDelivery
from services.gateway.store.endpoints import Endpoint
from shared.audit import as_before
from shared.auth import Principal
from shared.errors import Conflict, NotFound
from shared.http import audit, require_version
from shared.ids import derived_id, new_id
from shared.leases import set_aside
from shared.messaging.event import Event
from shared.messaging.work import Work
from shared.privacy import PREFIX, Sealer, mask_prose, mask_tree

log = structlog.get_logger(__name__)


class EndpointNameTaken(Conflict):
    title = "回写端点名称已被使用"
    code = "endpoint-name-taken"


async def queue_results(work: Work, events: Sequence[Event]) -> None:
    """Queue each result for every endpoint that wants it, once per endpoint, event and case; of practice none."""
    events = [event for event in events if not event.practice]
    active = await endpoints.list_endpoints(work.session, enabled_only=True)
    if not active or not events:
        return
    lineages = {UUID(event.lineage) for event in events if _is_uuid(event.lineage)}
    ids = {name for event in events for name, _ in concerns(event)}
    origins = await facts.find_origins(work.session, lineages, ids)
    queued = [
        _delivery(event, origin, endpoint)
        for event in events
        for origin in origins_of(event, origins)
        for endpoint in active
        if endpoint.target.wants(origin.source, event.name)
    ]
    await deliveries.add_deliveries(work.session, queued, work.now(), work.clock.machine())


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _delivery(event: Event, origin: Origin, endpoint: Endpoint) -> NewDelivery:
    return NewDelivery(
        id=derived_id(event.time, "delivery", str(endpoint.id), event.source, event.id, origin.source, origin.event_id),
        endpoint_id=endpoint.id,
        event_id=event.id,
        type=event.name,
        number=origin.number,
        body=orjson.dumps(mask_tree(body_of(event, origin), mask_prose)).decode(),
    )


async def lease_deliveries(work: Work, busy: Collection[UUID], lease: timedelta, limit: int) -> list[Claimed]:
    """What to post next, none of it for endpoints that are `busy`. What workers may have died of goes alone."""
    now = work.clock.machine()
    await deliveries.set_aside(work.session, set_aside(), now)
    if not await deliveries.has_suspects(work.session, now):
        return await deliveries.claim_due(work.session, now, now + lease, limit, busy)
    return [] if busy else await deliveries.claim_due(work.session, now, now + lease, 1, suspects=True)


def as_its_sender_knows_it(body: str, sealer: Sealer) -> str:
    """A result for its sender, who is told its own numbers of documents and events as it gave them, phones and all."""
    if PREFIX not in body:
        return body
    read = orjson.loads(body)
    for name in ("case_no", "source_event_id", "customer_id", "wrong_phone", "phone"):
        if str(read["data"].get(name)).startswith(PREFIX):
            read["data"][name] = sealer.unseal(read["data"][name])
    return orjson.dumps(read).decode()


async def record_try(work: Work, claimed: Claimed, answer: Answer, millis: int, jitter: float) -> Next:
    """Log a try and settle the delivery; a receiver that is gone or failing for days is switched off."""
    now = work.clock.machine()
    await deliveries.log_attempt(work.session, claimed.id, now, answer.status, answer.error, millis)
    if answer.taken:
        await endpoints.note_success(work.session, claimed.endpoint_id)
        failing_since = None
    else:
        failing_since = await endpoints.note_failure(work.session, claimed.endpoint_id, now)
    following = after_try(answer, claimed.tries, failing_since, now, jitter)
    await deliveries.settle_delivery(work.session, claimed, following.state, following.at, answer.status, answer.error)
    if following.disable and await endpoints.disable_endpoint(
        work.session, claimed.endpoint_id, following.disable, work.now()
    ):
        log.error("endpoint_disabled", endpoint=str(claimed.endpoint_id), reason=following.disable)
    return following


def new_secret() -> str:
    """A signing secret in the form of the Standard Webhooks specification."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


async def create_endpoint(
    work: Work, principal: Principal, sealer: Sealer, name: str, url: str, sources: str, types: list[str]
) -> tuple[Endpoint, str]:
    """Register a receiver; its secret is shown this once. Raises EndpointNameTaken."""
    secret = new_secret()
    now = work.now()
    endpoint = Endpoint(
        new_id(), name, url, sources, types, [Credential(sealer.seal(secret))], True, "", None, 1, now, now
    )
    if not await endpoints.save_endpoint(work.session, endpoint, new=True):
        raise EndpointNameTaken(f"名称 {name}")
    await audit(work, principal, "endpoint.created", str(endpoint.id), url=url, sources=sources)
    return endpoint, secret


async def update_endpoint(
    work: Work,
    principal: Principal,
    sealer: Sealer,
    endpoint_id: UUID,
    seen: int,
    changes: Mapping[str, Any],
    rotate_for: timedelta | None,
) -> tuple[Endpoint, str | None]:
    """Change it; with `rotate_for` also a new secret, the one before signing along for that long (machine time)."""
    endpoint = await endpoints.get_endpoint(work.session, endpoint_id, lock=True)
    if endpoint is None:
        raise NotFound("没有这个回写端点")
    require_version(seen, endpoint.version)
    changed = replace(endpoint, **changes, version=endpoint.version + 1, updated_at=work.now())
    if changes.get("enabled"):
        changed = replace(changed, disabled_reason="", failing_since=None)
    secret = None
    if rotate_for is not None:
        secret, now = new_secret(), work.clock.machine()
        changed = replace(changed, secrets=rotate(endpoint.secrets, sealer.seal(secret), now + rotate_for, now))
    await endpoints.save_endpoint(work.session, changed)
    told = {**changes, "before": as_before(endpoint, changes), "rotated": secret is not None}
    await audit(work, principal, "endpoint.changed", str(endpoint_id), **told)
    return changed, secret


async def resend_delivery(work: Work, principal: Principal, delivery_id: UUID) -> None:
    """Queue a delivery again by hand, under the same webhook-id. Raises NotFound."""
    if not await deliveries.resend(work.session, delivery_id, work.clock.machine()):
        raise NotFound("没有这条回写记录")
    await audit(work, principal, "delivery.resent", str(delivery_id))
