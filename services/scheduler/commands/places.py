"""Quotas and ceilings in a batch: policies that have one take turns, so that replicas never give a place twice."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

import prometheus_client
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.batch import Decided, Matched
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.when.windows import local_day
from services.scheduler.domain.whom.limits import Places
from services.scheduler.store import places as store
from shared.messaging import Work

CEILING = prometheus_client.Counter(
    "huifang_scheduler_ceiling_reached", "Contacts moved to a later day by a policy's daily ceiling", ["policy"]
)
LONGEST_PERIOD = timedelta(days=31)


async def hold_places(work: Work, matched: Sequence[Matched]) -> Places | None:
    """The counts of the policies with limits that take part, held until the transaction ends; None without any."""
    limited = _limited(matched)
    if limited:
        await store.lock_policies(work.session, limited)
    return await read_places(work.session, matched)


async def read_places(session: AsyncSession, matched: Sequence[Matched]) -> Places | None:
    """The counts as they are now."""
    limited = _limited(matched)
    if not limited:
        return None
    since = min(local_day(one.fact.at) for one in matched) - LONGEST_PERIOD
    return Places(await store.find_taken(session, limited, since))


async def keep_places(work: Work, places: Places | None, decided: Iterable[Decided]) -> None:
    """Save what was taken, and raise the alarm for what had no room on its day."""
    if places is None:
        return
    await store.save_taken(work.session, places.changed)
    details = [detail for one in decided for detail in one.decision.details]
    for policy, amount in Counter(detail["policy"] for detail in details if "ceiling" in detail).items():
        CEILING.labels(policy).inc(amount)


def _limited(matched: Iterable[Matched]) -> list[str]:
    """Policies with a limit that may plan something of these."""
    return sorted({policy.id for one in matched for policy in _planning(one) if policy.quota or policy.ceiling})


def _planning(matched: Matched) -> list[Policy]:
    return [match.policy for match in matched.answers.matches if match.drawn] + [
        rule.policy for rule in matched.unasked
    ]
