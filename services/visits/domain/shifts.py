"""The shift of a person: the frames of the day in which they are handed work, as the gateway tells them (`person.changed`)."""

from datetime import datetime
from functools import cache

from shared.hours import frames_of
from shared.zone import ORG_ZONE

_frames = cache(frames_of)


def is_on(shift: str, now: datetime) -> bool:
    """Whether `now` is within the frames, such as `08:30-12:00,14:00-18:00`; without any, always.

    A frame that ends before it begins goes on past midnight.
    """
    local = now.astimezone(ORG_ZONE).time()
    return not shift or any(
        begins <= local < ends if begins < ends else local >= begins or local < ends for begins, ends in _frames(shift)
    )
