"""Hours at which a message may disturb somebody, in the organisation's zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from services.notifications.domain.send import Category
from shared.hours import frames_of
from shared.zone import ORG_ZONE


@dataclass(frozen=True)
class Window:
    """From `opens` (included) to `closes` (excluded) of every day."""

    opens: time
    closes: time

    @classmethod
    def parse(cls, text: str) -> "Window":
        """From `08:00-20:00`. Raises ValueError for another form, or when it would never open."""
        ((opens, closes),) = frames_of(text)
        window = cls(opens, closes)
        if window.opens >= window.closes:
            raise ValueError(f"a window must open before it closes: {text!r}")
        return window

    def next_open(self, at: datetime) -> datetime:
        """`at` when the window is open, else the moment it opens next."""
        local = at.astimezone(ORG_ZONE)
        if self.opens <= local.time() < self.closes:
            return at
        day = local.date() if local.time() < self.opens else local.date() + timedelta(days=1)
        return datetime.combine(day, self.opens, ORG_ZONE)


# promotion: providers allow 8-20, 8-21 or 8-22; the strictest is right with all of them (integration.md §7)
STRICTEST: Mapping[Category, Window] = {
    "promotion": Window(time(8), time(20)),
    "notice": Window(time(7), time(22)),
}
