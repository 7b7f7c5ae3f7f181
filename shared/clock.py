"""Time is injected. Nothing but this module reads the wall clock.

A process has two times. **Business time** (`now`) is what rules, deadlines and records use; a deployment may run it on a
simulated clock. **Machine time** (`machine`) is real UTC time, for what protects machines from each other: leases, retry
back-off, provider time-outs. They are the same unless the clock is simulated.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from shared.zone import ORG_ZONE


class Clock(Protocol):
    """What every rule, command and job may ask of time."""

    def now(self) -> datetime:
        """Business time, UTC."""
        ...

    def machine(self) -> datetime:
        """Real time, UTC."""
        ...

    def business(self, machine: datetime) -> datetime:
        """What business time it was at a moment of machine time."""
        ...

    def machine_at(self, business: datetime) -> datetime:
        """At what moment of machine time it was this business time: the inverse of `business`."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of real time."""
        ...


class SystemClock:
    """Business time is real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def machine(self) -> datetime:
        return datetime.now(UTC)

    def business(self, machine: datetime) -> datetime:
        return machine

    def machine_at(self, business: datetime) -> datetime:
        return business

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True)
class SimulatedClock(SystemClock):
    """Business time = `start` + `speed` × (real time − `anchor`); from `end` on it passes at real speed.

    A pure function of real time, so all processes given the same four values agree without talking.
    """

    start: datetime
    speed: float
    anchor: datetime
    end: datetime | None = None

    def now(self) -> datetime:
        return self.business(datetime.now(UTC))

    def business(self, machine: datetime) -> datetime:
        elapsed = machine - self.anchor
        if self.end is not None and elapsed > (fast := (self.end - self.start) / self.speed):
            return self.end + (elapsed - fast)
        return self.start + elapsed * self.speed

    def machine_at(self, business: datetime) -> datetime:
        if self.end is not None and business > self.end:
            return self.anchor + (self.end - self.start) / self.speed + (business - self.end)
        return self.anchor + (business - self.start) / self.speed


class ManualClock:
    """A clock that tests move by hand; `sleep` yields to other tasks and returns at once."""

    def __init__(self, now: datetime) -> None:
        self._now = now.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def machine(self) -> datetime:
        return self._now

    def business(self, machine: datetime) -> datetime:
        return machine

    def machine_at(self, business: datetime) -> datetime:
        return business

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def advance(self, by: timedelta) -> datetime:
        self._now += by
        return self._now

    def move_to(self, at: datetime) -> datetime:
        self._now = at.astimezone(UTC)
        return self._now


def parse_clock(spec: str | None, anchor: float | None = None) -> Clock:
    """Build the clock from `START@SPEED[..END]` (`2026-03-01T00:00+08:00@1440` is a day a minute).

    `anchor` is the real instant (Unix seconds) at which simulated time stood at START; without it, now.
    Raises ValueError when the text has another form.
    """
    if not spec:
        return SystemClock()
    head, _, tail = spec.partition("..")
    start_text, _, speed_text = head.partition("@")
    if not speed_text:
        raise ValueError(f"HUIFANG_CLOCK must look like 2026-03-01T00:00+08:00@1440, got {spec!r}")
    return SimulatedClock(
        start=_utc(start_text),
        speed=float(speed_text),
        anchor=datetime.fromtimestamp(anchor, UTC) if anchor is not None else datetime.now(UTC),
        end=_utc(tail) if tail else None,
    )


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=ORG_ZONE)).astimezone(UTC)
