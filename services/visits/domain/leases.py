"""How long a claim lasts without activity (machine time)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.common import Channel


@dataclass(frozen=True, slots=True)
class Leases:
    """Of calls, whose agent sits before a screen, and of visits on site, whose agent travels and may have no network."""

    call: timedelta
    on_site: timedelta

    def until(self, channel: Channel, now: datetime) -> datetime:
        """When a claim that is active `now` runs out."""
        return now + (self.on_site if channel == "on_site" else self.call)
