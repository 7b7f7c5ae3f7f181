"""What notifications forget as time passes."""

from datetime import timedelta

from services.notifications.settings import NotificationsSettings
from services.notifications.store import withdrawn
from shared.runtime import Runtime


async def forget(runtime: Runtime) -> int:
    """Drop withdrawals of facts that nobody will tell of any more. Nothing is left to do at once."""
    settings = runtime.settings
    assert isinstance(settings, NotificationsSettings)
    async with runtime.db.work(background=True) as work:
        await withdrawn.forget_withdrawn(work.session, work.now() - timedelta(days=settings.late_days))
    return 0
