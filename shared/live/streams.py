"""The streams of this process: who has one open, what of their page has changed, and when they are told."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable, Collection

from shared.errors import Unavailable
from shared.principal import Principal

MOST_OF_ONE = 6  # windows of one person that are looked at
GAP = 4.5  # seconds between two nudges of a stream
PACE = 50  # nudges a second of one change, which are as many requests
LONGEST_SPREAD = 2.0


class TooManyStreams(Unavailable):
    """The page asks every few seconds instead."""

    title = "实时更新的连接已满，页面改为定时刷新"
    code = "too-many-streams"


class Stream:
    """What one page is still to be told."""

    def __init__(self, who: Principal) -> None:
        self.who = who
        self.due: frozenset[str] = frozenset()
        self.ended = False
        self._told_at = 0.0
        self._woken = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def nudge(self, parts: frozenset[str], wait: float) -> None:
        """Tell of these parts in `wait` seconds; not before `GAP` has passed since the last time, and all in one."""
        self.due |= parts
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time() + wait, self._told_at + GAP), self._woken.set)

    async def wait(self, until: float) -> frozenset[str]:
        """The parts to be told of now; none when it is `until` by the loop's clock, or the stream has ended."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._woken.wait()
        if self.ended or not self._woken.is_set():
            return frozenset()
        self._woken.clear()
        self._timer = None
        self._told_at = asyncio.get_running_loop().time()
        told, self.due = self.due, frozenset()
        return told

    def end(self) -> None:
        """Tell no more; whoever waits stops waiting."""
        self.ended = True
        if self._timer is not None:
            self._timer.cancel()
        self._woken.set()


class Streams:
    """All streams of a process, at most `most`."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: set[Stream] = set()
        self._of: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, who: Principal) -> Stream:
        """A new one; whoever gets it closes it. Raises TooManyStreams."""
        if len(self._open) >= self.most or self._of[who.id] >= MOST_OF_ONE:
            raise TooManyStreams
        stream = Stream(who)
        self._open.add(stream)
        self._of[who.id] += 1
        return stream

    def close(self, stream: Stream) -> None:
        if stream in self._open:
            stream.end()
            self._open.discard(stream)
            self._of[stream.who.id] -= 1
            self._of += Counter()  # forgets who has none left

    def nudge(self, concerns: Callable[[Principal], Collection[str]]) -> None:
        """Tell everybody of the parts of their page that a change concerns. Many are told one after the other, for each of
        them asks at once."""
        found = [(stream, parts) for stream in self._open if (parts := frozenset(concerns(stream.who)) - stream.due)]
        spread = min(LONGEST_SPREAD, len(found) / PACE)
        for stream, parts in found:
            stream.nudge(parts, random.uniform(0, spread))

    def end_all(self) -> None:
        """Their pages open new ones; none is closed here, for each has somebody who waits."""
        for stream in self._open:
            stream.end()
