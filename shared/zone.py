"""The organisation's time zone and its days; rules run in it, stored times are UTC. Apart from the clock, so that rules may
use it."""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

ORG_ZONE = ZoneInfo("Asia/Shanghai")


@lru_cache(4096)
def local_day(at: datetime) -> date:
    """The organisation's calendar day of an instant."""
    return at.astimezone(ORG_ZONE).date()


@lru_cache(4096)
def midnight(day: date) -> datetime:
    """The moment that begins a local day, UTC."""
    return datetime.combine(day, time(), ORG_ZONE).astimezone(UTC)
