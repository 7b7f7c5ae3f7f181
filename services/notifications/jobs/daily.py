"""What days bring: the greetings of every business day, none skipped, however fast business time runs; what is forgotten."""

from datetime import timedelta

from services.notifications.commands.planning import next_greeting_day, plan_greetings
from services.notifications.settings import NotificationsSettings
from services.notifications.store import withdrawn
from shared.runtime import Runtime


async def plan_due_greetings(runtime: Runtime) -> int:
    """Plan the earliest day that is due; returns 1 while there was one."""
    settings = runtime.settings
    assert isinstance(settings, NotificationsSettings)
    async with runtime.db.work(background=True) as work:
        day = await next_greeting_day(work, settings.greeting_time)
        if day is not None:
            await plan_greetings(work, day, settings.greeting_time)
    return int(day is not None)


async def forget(runtime: Runtime) -> int:
    """Drop withdrawals of facts that nobody will tell of any more. Nothing is left to do at once."""
    settings = runtime.settings
    assert isinstance(settings, NotificationsSettings)
    async with runtime.db.work(background=True) as work:
        await withdrawn.forget_withdrawn(work.session, work.now() - timedelta(days=settings.late_days))
    return 0
