"""Packs are applied, policies enabled and disabled; every change makes all replicas read the policies again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.scheduler.domain.pack import Draft, Pack, read_pack
from services.scheduler.store import policies
from services.scheduler.store.policies import StoredPolicy
from shared.auth import Principal
from shared.errors import Conflict, NotFound
from shared.http import audit, require_version
from shared.messaging import Work


class PolicyBelongsToAnotherPack(Conflict):
    """A policy id is owned by the pack that brought it first."""

    title = "策略编号已属于另一个策略包"
    code = "policy-belongs-to-another-pack"


class PolicyNotFound(NotFound):
    title = "没有这条策略"
    code = "policy-not-found"


@dataclass
class Applied:
    """What applying a pack did: policy id → created, changed, unchanged or withdrawn (no longer in the pack)."""

    pack: Pack
    results: dict[str, str] = field(default_factory=dict)


async def apply_pack(work: Work, by: Principal, name: str, files: Mapping[str, str]) -> Applied:
    """Make the pack's files the truth. Raises PackInvalid, PolicyBelongsToAnotherPack."""
    pack = read_pack(files, name)
    await policies.lock_book(work.session)
    stored = {policy.id: policy for policy in await policies.list_policies(work.session)}
    applied = Applied(pack)
    await policies.save_pack(work.session, pack, by.id, work.now())
    for draft in pack.drafts:
        applied.results[draft.id] = await _apply(work, by, pack.name, draft, stored.get(draft.id))
    for policy in stored.values():
        if policy.pack == pack.name and policy.enabled and policy.id not in applied.results:
            await policies.save_enabled(work.session, policy.id, False, by.id, work.now())
            applied.results[policy.id] = "withdrawn"
    await audit(work, by, "pack.applied", pack.name, results=applied.results)
    return applied


async def _apply(work: Work, by: Principal, pack: str, draft: Draft, stored: StoredPolicy | None) -> str:
    if stored is not None and stored.pack != pack:
        raise PolicyBelongsToAnotherPack(f"策略 {draft.id} 属于策略包 {stored.pack}")
    if stored is not None and stored.hash == draft.hash:
        return "unchanged"
    version = stored.version + 1 if stored else 1
    await policies.save_version(work.session, pack, draft, version, by.id, work.now())
    return "changed" if stored else "created"


async def set_enabled(work: Work, by: Principal, policy_id: str, enabled: bool, seen: int) -> StoredPolicy:
    """Switch a policy on or off. Raises PolicyNotFound, PreconditionFailed."""
    await policies.lock_book(work.session)
    policy = await get_policy(work, policy_id)
    require_version(seen, policy.revision)
    await policies.save_enabled(work.session, policy_id, enabled, by.id, work.now())
    await audit(work, by, "policy.enabled" if enabled else "policy.disabled", policy_id, version=policy.version)
    return await get_policy(work, policy_id)


async def get_policy(work: Work, policy_id: str) -> StoredPolicy:
    """Raises PolicyNotFound."""
    found = await policies.list_policies(work.session, [policy_id])
    if not found:
        raise PolicyNotFound(f"策略编号 {policy_id}")
    return found[0]
