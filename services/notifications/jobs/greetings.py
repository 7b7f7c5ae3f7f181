"""Plan the greetings of every business day, none skipped, however fast business time runs."""

from services.notifications.commands.planning import next_greeting_day, plan_greetings
from services.notifications.settings import NotificationsSettings
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
