"""A small world around one send: a provider, processes that die or freeze, a slow network, stale findings."""

from collections.abc import Callable
from copy import copy
from datetime import datetime, timedelta
from functools import partial

from services.notifications.domain.answers import Absent, Accepted, Answer, Finding, Found, Receipt, Refused, Unclear
from services.notifications.domain.send import (
    FINAL,
    Change,
    Patience,
    Send,
    State,
    lease,
    lose_lease,
    take_answer,
    take_finding,
    take_receipt,
)
from tests.notifications.samples import NOW, a_send

PATIENCE = Patience()
FATES: dict[str, Answer] = {
    "taken": Accepted("B1"),
    "taken, then silence": Unclear("ReadTimeout"),
    "on its way": Unclear("ReadTimeout"),
    "throttled": Refused("throttled", temporary=True),
    "refused": Refused("isv.MOBILE_NUMBER_ILLEGAL"),
}
ENDS = ("recorded", "killed", "frozen")
Step = Callable[[], None]


class World:
    """`taken` counts what the provider accepted under our key; `on_the_way` is since when a request is in the network.

    Assumed of the outside: no request stays in the network longer than an absence takes to be believed, and a process that
    lost its session begins no call. Everything else may happen in any order.
    """

    def __init__(self) -> None:
        self.send: Send = a_send()
        self.machine: datetime = NOW
        self.late: tuple[tuple[int, Answer], ...] = ()  # what frozen processes have heard
        self.taken = 0
        self.on_the_way: datetime | None = None
        self.question: tuple[int, Finding, datetime] | None = None
        self.said: tuple[str, ...] = ()

    def steps(self) -> list[Step]:
        """Everything that can happen next."""
        found: list[Step] = [partial(self.look_after, s, recorded) for s in (6, 31) for recorded in (True, False)]
        if self.send.state is State.PLANNED:
            found += [partial(self.attempt, fate, end) for fate in FATES for end in ENDS]
            found.append(partial(self.attempt, None, "killed"))
        found += [self.come_round] if self.late else []
        found += [self.arrive] if self.on_the_way else []
        found += [self.record_finding] if self.question else []
        found += [partial(self.receipt, success) for success in (True, False)] if self.taken else []
        return found

    def copy(self) -> "World":
        return copy(self)

    def fingerprint(self) -> tuple[object, ...]:
        """The same for worlds that differ only by the time of day."""
        send = self.send
        times = (send.retry_at, send.leased_until, send.checked_from, send.check_at, self.on_the_way)
        question = self.question and (self.question[0], self.question[1], self.question[2] - self.machine)
        since = tuple(time and time - self.machine for time in times)
        return (send.state, send.token, send.attempts, send.lost, since, self.late, self.taken, question, self.said)

    def attempt(self, fate: str | None, end: str) -> None:
        """Lease and call; then the answer is recorded, or the process killed, or frozen. Without a fate: killed first."""
        self._now(self.send.retry_at or self.machine)
        token = self.send.token + 1
        self._apply(Change(lease(self.send, token, "aliyun", NOW, self.machine, PATIENCE)))
        if fate is None:
            return
        self.taken += fate.startswith("taken")
        if fate == "on its way":
            self.on_the_way = self.machine
        if end == "recorded":
            self._answer(token, FATES[fate])
        elif end == "frozen":
            self.late += ((token, FATES[fate]),)

    def come_round(self) -> None:
        """A frozen process records what it had heard."""
        *self.late, (token, answer) = self.late  # type: ignore[assignment]
        self.late = tuple(self.late)
        self._answer(token, answer)

    def arrive(self) -> None:
        self.taken += 1
        self.on_the_way = None

    def look_after(self, seconds: float, recorded: bool) -> None:
        """Time passes; a lost lease is noticed, the provider asked what is due; the finding is recorded now or later."""
        self._now(self.machine + timedelta(seconds=seconds))
        if self.send.state is State.LEASED:
            assert self.send.leased_until
            self._now(self.send.leased_until)
            self._apply(Change(lose_lease(self.send, self.machine)))
        if self.question is None and self.send.check_at and self.send.check_at <= self.machine:
            self.question = (self.send.token, Found("waiting", "B1") if self.taken else Absent(), self.machine)
        if self.question and recorded:
            self.record_finding()

    def record_finding(self) -> None:
        assert self.question
        token, finding, asked_at = self.question
        self.question = None
        self._apply(take_finding(self.send, token, finding, asked_at, NOW, self.machine, PATIENCE))

    def receipt(self, success: bool) -> None:
        self._apply(take_receipt(self.send, Receipt(str(self.send.id), "B1", "x", success), NOW))

    def _answer(self, token: int, answer: Answer) -> None:
        self._apply(take_answer(self.send, token, answer, NOW, self.machine, PATIENCE))

    def _now(self, machine: datetime) -> None:
        self.machine = max(machine, self.machine)
        if self.on_the_way and self.machine - self.on_the_way >= PATIENCE.absence:
            self.arrive()

    def _apply(self, change: Change) -> None:
        if self.send.state in FINAL:
            assert change == Change(self.send), "a final state changed"
        self.send = change.send
        self.said += tuple(type(event).__name__ for event in change.events)

    def check(self) -> None:
        """What must be true at any time."""
        assert self.taken <= 1, "the provider took one key twice"
        assert len(self.said) == len(set(self.said)), "something was said twice"
        assert "NotificationDelivered" not in self.said or self.said[0] == "NotificationSent"

    def check_the_end(self) -> None:
        """Left alone long enough, everything taken is known to be taken, and nothing stays leased or unknown."""
        for _ in range(5):
            self.look_after(300, recorded=True)
        assert self.send.state not in (State.LEASED, State.UNKNOWN)
        if self.taken:
            assert self.send.state in (State.ACCEPTED, State.DELIVERED, State.FAILED)
