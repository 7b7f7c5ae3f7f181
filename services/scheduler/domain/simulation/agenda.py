"""What is to happen in a simulation as time passes."""

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush
from itertools import count

Action = Callable[[], None]


class Agenda:
    """Actions by their moments; of one moment, `order` decides, then which was put down first."""

    def __init__(self) -> None:
        self._entries: list[tuple[datetime, str, int, bool, Action]] = []
        self._count = count()
        self._awaited = 0

    def add(self, moment: datetime, action: Action, order: str = "", awaited: bool = True) -> None:
        """What is not `awaited` may be left undone in the end."""
        self._awaited += awaited
        heappush(self._entries, (moment, order, next(self._count), awaited, action))

    def take(self, until: datetime) -> tuple[datetime, Action] | None:
        """The next action due by `until`, with its moment."""
        if not self._entries or self._entries[0][0] > until:
            return None
        moment, _, _, awaited, action = heappop(self._entries)
        self._awaited -= awaited
        return moment, action

    @property
    def next_awaited(self) -> datetime | None:
        """The next moment, as long as anything is awaited."""
        return self._entries[0][0] if self._awaited else None
