"""Quotas and ceilings in a batch: policies that have one take turns, so that replicas never give a slot twice."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.batch import Matched
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.when.periods import LONGEST
from services.scheduler.domain.whom.limits import Slot, Slots
from services.scheduler.procedures.announce import announce_limit
from services.scheduler.store import slots as store
from shared.messaging import Work
from shared.observability.catalogue import POLICIES, counter
from shared.zone import local_day

REACHED = {
    "ceiling": counter(
        "huifang_scheduler_ceiling_reached_total", "Contacts moved to a later day by a policy's daily ceiling",
        "达到每日上限而顺延数", labels={"policy": POLICIES},
    ),
    "quota": counter(
        "huifang_scheduler_quota_reached_total", "Contacts refused by a policy's quota", "达到数量上限而不安排数",
        labels={"policy": POLICIES},
    ),
}  # fmt: skip


async def hold_slots(work: Work, matched: Sequence[Matched]) -> Slots | None:
    """The counts of the policies with limits that take part, held until the transaction ends; None without any."""
    limited = _limited(matched)
    if limited:
        await store.lock_policies(work.session, _ids(limited))
    return await read_slots(work.session, matched)


async def read_slots(session: AsyncSession, matched: Sequence[Matched]) -> Slots | None:
    """The counts as they are now."""
    limited = _limited(matched)
    if not limited:
        return None
    longest = max(LONGEST[kind] for policy in limited for kind in ("month", *policy.periods))
    since = min(local_day(one.fact.at) for one in matched) - timedelta(days=longest)
    return Slots(await store.find_taken(session, _ids(limited), since))


async def keep_slots(work: Work, slots: Slots | None) -> None:
    """Save the counts, and tell of contacts that found no room: once a policy and business day."""
    if slots is None:
        return
    await store.save_counts(work.session, slots.changed)
    if not slots.lacked:
        return
    for slot, amount in slots.lacked.items():
        REACHED[slot.limit].labels(slot.policy_id).inc(amount)
    first: Mapping[str, Slot] = {slot.policy_id: slot for slot in reversed(slots.lacked)}
    told = await store.claim_notices(work.session, list(first), local_day(work.now()))
    for policy_id, title in told.items():
        announce_limit(work, title, first[policy_id], slots.changed[first[policy_id]])


def _limited(matched: Iterable[Matched]) -> list[Policy]:
    """Policies with a limit that may plan something of these."""
    return [policy for one in matched for policy in _planning(one) if policy.quota or policy.ceiling]


def _ids(policies: Iterable[Policy]) -> list[str]:
    """Each once, in order."""
    return sorted({policy.id for policy in policies})


def _planning(matched: Matched) -> list[Policy]:
    return [match.policy for match in matched.answers.matches if match.drawn] + [
        rule.policy for rule in matched.unasked
    ]
