"""The shift of a person: the frames of the day in which they are handed work, as the gateway tells them (`person.changed`)."""

from datetime import datetime, time
from functools import cache

from shared.zone import ORG_ZONE

Frames = tuple[tuple[time, time], ...]


def is_on(shift: str, now: datetime) -> bool:
    """Whether `now` is within the frames, such as `08:30-12:00,14:00-18:00`; without any, always.

    A frame that ends before it begins goes on past midnight.
    """
    local = now.astimezone(ORG_ZONE).time()
    return not shift or any(
        begins <= local < ends if begins < ends else local >= begins or local < ends for begins, ends in _frames(shift)
    )


@cache
def _frames(shift: str) -> Frames:
    parts = (part.split("-") for part in shift.split(","))
    return tuple((time.fromisoformat(begins), time.fromisoformat(ends)) for begins, ends in parts)
