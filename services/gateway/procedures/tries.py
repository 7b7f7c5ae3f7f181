"""Tries to sign in are counted, so that who guesses waits."""

from services.gateway.domain.sign_in import Count, one_more, waits_until
from services.gateway.store import people
from shared.errors import TooManyFailures
from shared.messaging.work import Work


async def count_try(work: Work, counted: tuple[Count, ...]) -> None:
    """One more try under each key. Raises TooManyFailures while one of them must wait."""
    now = work.clock.machine()
    failed = await people.lock_failures(work.session, [each.key for each in counted], now)
    ends = max((until for each in counted if (until := waits_until(each, failed[each.key]))), default=now)
    if ends > now:
        raise TooManyFailures(max(1, round((ends - now).total_seconds())))
    await people.save_failures(work.session, {key: one_more(one, now) for key, one in failed.items()})
