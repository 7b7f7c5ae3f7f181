"""Packs are published, or wait as drafts; policies are enabled, disabled and retired.

Every change makes all replicas read the policies again. Packs' organisations are published when they change, and again every
day for who came later.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.explain.decision import local_text
from services.scheduler.domain.packs.pack import Pack, read_pack
from services.scheduler.domain.packs.plan import (
    Change,
    DraftNotFound,
    DraftSettled,
    Published,
    Result,
    ValidFromPast,
    plan_kinds,
    plan_policies,
)
from services.scheduler.store import drafts, kinds, organisations, policies
from services.scheduler.store.drafts import StoredDraft
from services.scheduler.store.policies import StoredPolicy
from shared.auth import Principal
from shared.contracts.organisation import KindEntry, OrganisationPublished, TeamEntry, UnitEntry
from shared.errors import Conflict, NotFound
from shared.http import audit, require_version
from shared.ids import new_id
from shared.messaging import Work

PUBLISHED_AGAIN_AFTER = timedelta(days=1)


class PolicyNotFound(NotFound):
    title = "没有这条策略"
    code = "policy-not-found"


class PolicyRetired(Conflict):
    """A retired policy comes back only with its pack."""

    title = "策略已废止"
    code = "policy-retired"


@dataclass(frozen=True)
class PackPlan:
    """What publishing a pack changes: its policies, and event kind → what becomes of it."""

    pack: Pack
    changes: list[Change]
    kinds: dict[str, Result]

    @property
    def results(self) -> dict[str, str]:
        return {change.id: change.result for change in self.changes}


async def plan_pack(
    session: AsyncSession, name: str, files: Mapping[str, str], valid_from: datetime | None, now: datetime
) -> PackPlan:
    """What publishing these files would change. Raises PackInvalid, PolicyBelongsToAnotherPack, KindDeclaredDifferently."""
    pack = await asyncio.to_thread(read_pack, files, name)
    stored = {policy.id: _published(policy) for policy in await policies.list_policies(session)}
    declared = await kinds.list_kinds(session)
    return PackPlan(pack, plan_policies(pack, stored, valid_from, now), plan_kinds(pack, declared))


def _published(policy: StoredPolicy) -> Published:
    return Published(policy.id, policy.pack, policy.version, policy.content, policy.valid_from, policy.valid_until)


async def publish_pack(
    work: Work, by: Principal, name: str, files: Mapping[str, str], valid_from: datetime | None = None
) -> PackPlan:
    """Make the pack's files the truth, from now on or from a moment. Raises as `plan_pack` does."""
    await policies.lock_book(work.session)
    plan = await plan_pack(work.session, name, files, valid_from, work.now())
    await policies.save_pack(work.session, plan.pack, by.id, work.now())
    for change in plan.changes:
        await _carry_out(work, by, plan.pack.name, change)
    await kinds.save_kinds(work.session, plan.pack.name, plan.pack.kinds)
    await _note_organisation(work, plan.pack)
    when = {"valid_from": valid_from} if valid_from else {}
    await audit(work, by, "pack.applied", plan.pack.name, results=plan.results, **when)
    return plan


async def _carry_out(work: Work, by: Principal, pack: str, change: Change) -> None:
    if change.draft is not None:
        restart = change.result == "restored"
        await policies.save_version(
            work.session, pack, change.draft, change.version, change.valid_from, restart, by.id, work.now()
        )
    elif change.result == "withdrawn":
        await _end(work, by, change.id, change.valid_from)


async def _end(work: Work, by: Principal, policy_id: str, at: datetime | None) -> None:
    await policies.end_policy(work.session, policy_id, at or work.now(), at is None, by.id, work.now())


async def set_enabled(work: Work, by: Principal, policy_id: str, enabled: bool, seen: int) -> StoredPolicy:
    """Switch a policy on or off. Raises PolicyNotFound, PolicyRetired, PreconditionFailed."""
    policy = await _lock_living(work, policy_id, seen)
    await policies.save_enabled(work.session, policy_id, enabled, by.id, work.now())
    await audit(work, by, "policy.enabled" if enabled else "policy.disabled", policy_id, version=policy.version)
    return await get_policy(work, policy_id)


async def retire_policy(
    work: Work, by: Principal, policy_id: str, at: datetime | None, reason: str, seen: int
) -> StoredPolicy:
    """End a policy now or from the facts of a later moment on; its tasks go on. Raises as `set_enabled` does."""
    policy = await _lock_living(work, policy_id, seen)
    if at is not None and at <= work.now():
        raise ValidFromPast(f"{local_text(at)} 已过；要立即废止，请不写时间")
    await _end(work, by, policy_id, at)
    await audit(work, by, "policy.retired", policy_id, version=policy.version, reason=reason, at=at or work.now())
    return await get_policy(work, policy_id)


async def _lock_living(work: Work, policy_id: str, seen: int) -> StoredPolicy:
    await policies.lock_book(work.session)
    policy = await get_policy(work, policy_id)
    require_version(seen, policy.revision)
    if policy.valid_until is not None:
        when = local_text(policy.valid_until)
        raise PolicyRetired(f"策略 {policy_id} 自 {when} 起废止；要再用它，请重新发布策略包 {policy.pack}")
    return policy


async def get_policy(work: Work, policy_id: str) -> StoredPolicy:
    """Raises PolicyNotFound."""
    found = await policies.list_policies(work.session, [policy_id])
    if not found:
        raise PolicyNotFound(f"策略编号 {policy_id}")
    return found[0]


async def add_draft(work: Work, by: Principal, name: str, files: Mapping[str, str], note: str) -> StoredDraft:
    """Keep a pack without publishing it. Raises PackInvalid."""
    pack = await asyncio.to_thread(read_pack, files, name)
    draft = StoredDraft(new_id(), pack.name, pack.title, note, "open", work.now(), by.id, None, "", files)
    await drafts.save_draft(work.session, draft)
    await audit(work, by, "draft.added", str(draft.id), pack=pack.name)
    return draft


async def publish_draft(work: Work, by: Principal, draft_id: UUID, valid_from: datetime | None) -> PackPlan:
    """Publish a draft's pack. Raises DraftNotFound, DraftSettled, and as `publish_pack` does."""
    draft = await _lock_open(work, draft_id)
    plan = await publish_pack(work, by, draft.pack, draft.files, valid_from)
    await drafts.settle_draft(work.session, draft_id, "published", by.id, work.now())
    await audit(work, by, "draft.published", str(draft_id), pack=draft.pack)
    return plan


async def discard_draft(work: Work, by: Principal, draft_id: UUID) -> None:
    """Raises DraftNotFound, DraftSettled."""
    draft = await _lock_open(work, draft_id)
    await drafts.settle_draft(work.session, draft_id, "discarded", by.id, work.now())
    await audit(work, by, "draft.discarded", str(draft_id), pack=draft.pack)


async def _lock_open(work: Work, draft_id: UUID) -> StoredDraft:
    draft = await drafts.lock_draft(work.session, draft_id)
    if draft is None:
        raise DraftNotFound(f"草稿编号 {draft_id}")
    if draft.state != "open":
        raise DraftSettled(f"草稿已{'发布' if draft.state == 'published' else '放弃'}")
    return draft


async def _note_organisation(work: Work, pack: Pack) -> None:
    """What this pack says from now on; whoever publishes packs holds the lock of the book."""
    organisation = pack.organisation
    units = tuple(
        UnitEntry(code=u.code, title=u.title, tier=u.tier, parent=u.parent) for u in organisation.units.values()
    )
    teams = tuple(TeamEntry(code=t.code, title=t.title, unit=t.unit, role=t.role) for t in organisation.teams.values())
    kinds = tuple(KindEntry(event=kind.event, title=kind.title) for kind in pack.kinds)
    published = OrganisationPublished(pack=pack.name, version=1, units=units, teams=teams, kinds=kinds)
    await organisations.save_organisation(work.session, published)


async def tell_organisations(work: Work) -> int:
    """Publish those not told of for a day; returns how many. `told_at` is machine time."""
    now = work.clock.machine()
    due = await organisations.claim_unpublished(work.session, now, now - PUBLISHED_AGAIN_AFTER)
    for told in due:
        work.publish(told, key=told.pack)
    return len(due)
