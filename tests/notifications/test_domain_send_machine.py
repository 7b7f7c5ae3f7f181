"""The life cycle under crashes, time-outs, slow networks, stale findings and doubled receipts (I7)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.notifications.domain.answers import (
    Absent,
    Accepted,
    Answer,
    Finding,
    Found,
    Receipt,
    Refused,
    Unclear,
)
from services.notifications.domain.send import (
    FINAL,
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


@dataclass
class Worker:
    """A process at work on one lease; `answer` once it has called. Dead ones hold no fence."""

    token: int
    answer: Answer | None = None
    called: bool = False


class OneSend(RuleBasedStateMachine):
    """`taken` counts what the provider accepted under our key; `on_the_way` is a request still in the network."""

    def __init__(self) -> None:
        super().__init__()
        self.send: Send = a_send()
        self.machine: datetime = NOW
        self.worker: Worker | None = None
        self.tokens = 0
        self.taken = 0
        self.on_the_way: datetime | None = None
        self.question: tuple[int, Finding, datetime] | None = None
        self.said: list[str] = []

    def _apply(self, send: Send, events: tuple[object, ...] = ()) -> None:
        if self.send.state in FINAL:
            assert send == self.send
        self.send = send
        self.said += [type(event).__name__ for event in events]

    @precondition(lambda self: self.worker is None and self.send.state is State.PLANNED)
    @rule()
    def lease_it(self) -> None:
        if self.send.retry_at is None or self.send.retry_at <= self.machine:
            self.tokens += 1
            self.worker = Worker(self.tokens)
            self._apply(lease(self.send, self.tokens, "aliyun", NOW, self.machine, PATIENCE))

    @precondition(lambda self: self.worker and not self.worker.called)
    @rule(fate=st.sampled_from(["taken", "taken, then time-out", "slow", "throttled", "error", "refused"]))
    def call(self, fate: str) -> None:
        assert self.worker
        assert self.send.leased_until
        if self.machine >= self.send.leased_until:
            return  # too late to begin
        self.worker.called = True
        self.taken += fate.startswith("taken")
        if fate == "slow":
            self.on_the_way = self.machine
        answers: dict[str, Answer] = {
            "taken": Accepted("B1"),
            "throttled": Refused("throttled", temporary=True),
            "refused": Refused("isv.MOBILE_NUMBER_ILLEGAL"),
        }
        self.worker.answer = answers.get(fate, Unclear(fate))

    @precondition(lambda self: self.on_the_way is not None)
    @rule()
    def arrive(self) -> None:
        self.taken += 1
        self.on_the_way = None

    @precondition(lambda self: self.worker and self.worker.answer)
    @rule()
    def record(self) -> None:
        assert self.worker
        assert self.worker.answer
        change = take_answer(self.send, self.worker.token, self.worker.answer, NOW, self.machine, PATIENCE)
        self._apply(change.send, change.events)
        self.worker = None

    @precondition(lambda self: self.worker)
    @rule()
    def crash(self) -> None:
        self.worker = None

    @rule(seconds=st.sampled_from([1, 10, 40, 130]))
    def time_passes(self, seconds: int) -> None:
        self.machine += timedelta(seconds=seconds)
        if self.on_the_way and self.machine - self.on_the_way >= PATIENCE.absence:
            self.arrive()  # no request stays in the network longer than an absence takes to be believed

    @precondition(lambda self: self.send.state is State.LEASED and self.worker is None)
    @rule()
    def notice_the_lost_lease(self) -> None:
        assert self.send.leased_until
        if self.machine >= self.send.leased_until:
            self._apply(lose_lease(self.send, self.machine))

    @precondition(lambda self: self.send.check_at and self.question is None)
    @rule()
    def ask(self) -> None:
        assert self.send.check_at
        if self.machine >= self.send.check_at:
            self.question = (self.send.token, Found("waiting", "B1") if self.taken else Absent(), self.machine)

    @precondition(lambda self: self.question)
    @rule()
    def record_finding(self) -> None:
        assert self.question
        token, finding, asked_at = self.question
        self.question = None
        change = take_finding(self.send, token, finding, asked_at, NOW, self.machine, PATIENCE)
        self._apply(change.send, change.events)

    @precondition(lambda self: self.taken)
    @rule(success=st.booleans())
    def receipt(self, success: bool) -> None:
        change = take_receipt(self.send, Receipt(str(self.send.id), "B1", "x", success), NOW)
        self._apply(change.send, change.events)

    @invariant()
    def the_provider_takes_one_key_at_most_once(self) -> None:
        assert self.taken <= 1

    @invariant()
    def each_outcome_is_said_once_and_in_order(self) -> None:
        assert len(self.said) == len(set(self.said))
        assert "NotificationDelivered" not in self.said or self.said[0] == "NotificationSent"

    def teardown(self) -> None:
        """Left alone long enough, everything taken is known to be taken, and nothing stays leased or unknown."""
        self.worker = None
        for _ in range(4):
            self.time_passes(130)
            if self.send.state is State.LEASED:
                self.notice_the_lost_lease()
            self.question = None
            if self.send.check_at and self.send.check_at <= self.machine:
                self.ask()
                self.record_finding()
        assert self.send.state not in (State.LEASED, State.UNKNOWN)
        if self.taken:
            assert self.send.state in (State.ACCEPTED, State.DELIVERED, State.FAILED)


OneSend.TestCase.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
TestOneSend = OneSend.TestCase
