"""What is no longer needed is forgotten."""

from datetime import timedelta

from services.scheduler.domain.steps.runs import TELLING
from services.scheduler.domain.when.periods import first_days
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import draws, led, slots, story, timed, trials, waiting, withdrawn
from shared.messaging import Work


async def forget(work: Work, settings: SchedulerSettings) -> None:
    """Forget what is older than these settings say, and decisions with what hangs on them."""
    now = work.now()
    oldest = now - timedelta(days=settings.decision_days)
    # warnings of deadlines so long past that their tasks have ended
    await timed.forget_warnings(work.session, oldest)
    # who corrects a result this long after it changes no plan any more
    await led.forget_led(work.session, oldest)
    # who was drawn, and slots taken, are kept as long as the population it was drawn of
    await draws.forget_picks(work.session, oldest.date())
    await slots.forget_taken(work.session, oldest.date(), first_days(oldest.date()))
    # nobody is told of an event without a customer any more who begins to wait this long after it
    await waiting.forget_signals(work.session, now - TELLING)
    # a fact that is heard later than this after it happened finds runs as they are
    await story.forget_heard(work.session, now - timedelta(days=settings.late_days))
    # no fact is heard any more this long after its withdrawal, and no reserve of a draw called
    await withdrawn.forget_withdrawn(work.session, oldest)
    await trials.forget_trials(work.session, now - timedelta(days=settings.trial_days))
