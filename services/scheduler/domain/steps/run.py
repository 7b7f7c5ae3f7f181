"""A run: one fact's way along the steps of a policy, moved on by what its contacts come to and by awaited events.

What can be planned at once is planned with the first step. Every planned step waits for its result, also the last one, so
that a run is going exactly as long as it waits for something. A merged step waits for the contact that took its matter.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.detail import Detail, Result
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kept.contact_result import CALLBACK, REFUSED, ContactResult, result_of_plan
from services.scheduler.domain.kept.reading import Reading, reading_in
from services.scheduler.domain.kept.reading import with_heard as with_reading
from services.scheduler.domain.kept.story import with_standing
from services.scheduler.domain.kept.waiting import Waiting, run_id, signal, value_at, waiting_id
from services.scheduler.domain.occasion import Occasion
from services.scheduler.domain.policy import Chain, Heed, Policy, Step, written
from services.scheduler.domain.rule import Match
from services.scheduler.domain.steps.contact_plan import Because, Ended, PlanContact
from services.scheduler.domain.steps.rounds import begins_after, finds_day, last_day, round_in_time
from services.scheduler.domain.task import Task, moved
from services.scheduler.domain.when.amounts import latest

NOTHING_ELSE: Detail = {}
PATIENCE = timedelta(days=30)  # with whoever makes a contact, after its deadline: by then they should have told
UNLESS = "unless"
UNTIL, PAST = "until", "past"  # why a round of an endless step is not made
NO_DAY = "no_open_day"  # why one of several contacts in a week is not made
UNPLANNABLE = ("opted_out", "cancelled")
STOPPED = "stopped"  # a run, or one of its steps, by an event
HAPPENED = "happened"  # what a contact was to be made unless it did
CUSTOMER_REFUSED = "customer_refused"


@dataclass
class Run:
    """A run being moved on: what it has come to so far in `details` and `tasks`, and its `customer` as they are then.

    `first` is what the rounds of its endless step count from, `rounds` those of them whose turn has come, with their anchors.
    `reading` is the newest that its events have brought along, `stopped` are the steps that are not made any more.
    """

    policy: Policy
    chain: Chain
    fact: Fact
    began: datetime
    customer: Customer
    plan_contact: PlanContact
    moment: datetime
    match: Match | None = None
    because: Because | None = None
    details: list[Detail] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    first: datetime | None = None
    rounds: list[tuple[int, datetime]] = field(default_factory=list)
    reading: Decimal | None = None
    stopped: tuple[str, ...] = ()

    @property
    def id(self) -> UUID:
        return run_id(self.policy.id, self.fact)

    def begin(self) -> None:
        """Plan, or wait for, every step that needs nothing of another one; of a refusal nothing else comes."""
        for index, step in enumerate(self.chain.steps):
            if index == 0 or step.is_root:
                self._enter(index, self.began)
            if self._refused:
                return
        self._make_rounds()

    def lead_on(self, row: Waiting, result: ContactResult) -> None:
        """Go on from the step of `row` with what it came to."""
        index, tried = self.chain.position_of(row.step)
        if result.code == CALLBACK and not self._heeds_callback(index):
            return
        self._take_up(row)
        if row.kind == "event":
            self.note(row.step, "wait_expired")
            self._wait_over(index, result)
        else:
            self._conclude(index, tried, result, row.due)
        self._make_rounds()
        self.stand()

    def conclude_again(self, row: Waiting, result: ContactResult) -> None:
        """Go on from the step of `row`, which the run does not wait for any more, with what it really came to."""
        index, tried = self.chain.position_of(row.step)
        self._take_up(row)
        self._conclude(index, tried, result, row.due)
        self._make_rounds()
        self.stand()

    def call_off(self, rows: Collection[Waiting], reason: str) -> list[Task]:
        """Wait for these no more, and call off the contacts that are planned for them."""
        wanted = {row.task_id for row in rows}
        self.customer = self.customer.not_waiting(*rows)
        own = [task for task in self.customer.open if task.id in wanted]
        for task in own:
            self.customer = self.customer.without(task)
            self.tasks.append(moved(task, "cancelled", reason))
        return own

    def _wait_over(self, index: int, result: ContactResult) -> None:
        step = self.chain.step_at(index)
        if step.wait and (step.wait.anyway or step.wait.unless):
            self._contact(index, 0, step.policy, result.at)
        else:
            self._next(index, result, None)

    def arrive(self, row: Waiting, fact: Fact) -> None:
        """What the step of `row` may wait for has happened; if its condition does not hold, it waits for the next."""
        index, _ = self.chain.position_of(row.step)
        step = self.chain.step_at(index)
        assert step.wait is not None  # it waits
        self._take_up(row)
        held = step.wait.check(fact, self.customer) is None
        if held and step.wait.reading:
            row, held = self._read(row, step.wait, fact)
        if held:
            self._awaited(index, step, fact)
            self._make_rounds()
        elif fact.customer_id:
            self.customer = self.customer.waiting_for(row)
        else:  # a signal is told to those who have waited since before it, until they have heard it
            self.customer = self.customer.waiting_for(row._replace(since=fact.at))

    def _take_up(self, row: Waiting) -> None:
        """Go on from what the run has waited for."""
        self.customer, self.first, self.stopped = self.customer.not_waiting(row), row.first, row.stopped
        self.reading = row.reading.newest if row.reading else None

    def _read(self, row: Waiting, wait: Heed, fact: Fact) -> tuple[Waiting, bool]:
        """The row with what the event reads, and whether that has risen by as much as the contact waits for."""
        heard = reading_in(fact.data, wait.reading)
        if heard is None:
            return row, False
        self.reading, reading = heard, with_reading(row.reading, heard)
        return row._replace(reading=reading), reading.newest - reading.since >= Decimal(str(wait.rises))

    def _awaited(self, index: int, step: Step, fact: Fact) -> None:
        """It is contacted now; or not at all, where it was to be unless this happened."""
        if step.wait and step.wait.unless:
            self.note(step.name, "skipped", {"reason": HAPPENED})
            self._next(index, ContactResult("cancelled", fact.at, fact.name, fact.id, HAPPENED), None)
        else:
            self._contact(index, 0, step.policy, fact.at)

    def stop_steps(self, row: Waiting, steps: Iterable[str]) -> Waiting | None:
        """These steps are not made any more, also if their turn is still to come; the row is given back unless it is of one."""
        stands = not untouched(self.customer, self.policy.id, self.fact)
        row = row._replace(stopped=tuple(sorted({*row.stopped, *steps})))
        step, (index, _) = written(row.step), self.chain.position_of(row.step)
        self.customer = self.customer.not_waiting(row)
        if step not in row.stopped:
            self.customer = self.customer.waiting_for(row)
            return row
        self._take_up(row)
        for task in [task for task in self.customer.open if task.id == row.task_id]:
            if self._is_own(task) and not task.combined:
                self.customer = self.customer.without(task)
                self.tasks.append(moved(task, "cancelled", STOPPED))
        self.ended.append(Ended(self.policy.id, self.fact.identity, self.customer.id, STOPPED, step))
        self._pass_over_step(index, row.step, begun=True)
        self._make_rounds()
        if stands:
            self.stand()
        return None

    def _pass_over_step(self, index: int, name: str, *, begun: bool = False) -> None:
        """Go on behind a stopped step and its repetitions; of those that have `begun` each is stopped by itself."""
        self.note(name, "skipped", {"reason": STOPPED})
        step, steps = self.chain.step_at(index), self.chain.steps
        while index + 1 < len(steps) and steps[index + 1].written == step.written:
            if begun and not steps[index + 1].depends:
                break
            index += 1
        self._next(index, ContactResult("cancelled", self.moment, "", reason=STOPPED), None)

    def stand(self) -> None:
        """More than facts have moved it: it is not taken back any more."""
        over = None if any(row.run == self.id for row in self.customer.waiting) else self.moment
        story = with_standing(self.customer.story, self.fact, self.policy.id, over)
        self.customer = self.customer._replace(story=story)

    def end(self, reason: str) -> None:
        """Wait for nothing more, and call off what is planned and concerns no other policy; what is out is taken back."""
        stands = not untouched(self.customer, self.policy.id, self.fact)
        self.customer = self.customer.not_waiting(*(row for row in self.customer.waiting if row.run == self.id))
        own = [task for task in self.customer.open if self._is_own(task) and not task.combined]
        for task in own:
            self.customer = self.customer.without(task)
            self.tasks.append(moved(task, "cancelled", reason))
        self.note("", "stopped", {"reason": reason, "cancelled": [str(task.id) for task in own]})
        self.ended.append(Ended(self.policy.id, self.fact.identity, self.customer.id, reason))
        if stands:
            self.stand()

    def pass_over(self) -> None:
        """Nothing is begun: another run of the policy is going."""
        self.note("", "ignored")

    @property
    def _refused(self) -> bool:
        return any(detail["result"] == "stopped" for detail in self.details)

    def _enter(self, index: int, anchor: datetime) -> None:
        step = self.chain.step_at(index)
        if step.written in self.stopped:
            self._pass_over_step(index, step.name)
        elif step.wait:
            self._wait_for(step, step.wait)
        else:
            self._contact(index, 0, step.policy, anchor)

    def _contact(self, index: int, tried: int, policy: Policy, anchor: datetime) -> None:
        """Plan a contact of step `index`, by its own channel or the other one `tried`, and what counts from its plan."""
        if self._is_past_its_end(index, tried, policy, anchor):
            return
        if not finds_day(policy, anchor, self.fact.branch):
            self.note(policy.step, "skipped", {"reason": NO_DAY})
            self._next(index, ContactResult("cancelled", self.moment, "", reason=NO_DAY), None)
            self._plan_follower(index, anchor, anchor)
            return
        if self.first is None and self.chain.is_round(index):
            self.first = anchor
        planned = self.plan_contact(self.fact, self._match(policy, anchor), self.customer)
        self.customer, detail = planned.customer, planned.detail
        self.details.append(detail)
        self.tasks += planned.tasks
        due = detail.get("due") or anchor
        if task_id := _contact_of(detail):
            until = max(due, detail["deadline"] or due) + PATIENCE
            self._wait(policy.step, "result", until, task_id=UUID(task_id), due=due)
        else:
            self._conclude(index, tried, result_of_plan(detail, self.moment), due)
        if not tried:
            self._plan_follower(index, anchor, due)

    def _plan_follower(self, index: int, anchor: datetime, due: datetime) -> None:
        """Enter the next step where it counts from the plan of this one."""
        _, follower = next(self.chain.behind(index), (0, None))
        if follower and follower.follows_plan and not self._refused:
            self._enter(index + 1, anchor if follower.anchored else due)

    def _is_past_its_end(self, index: int, tried: int, policy: Policy, anchor: datetime) -> bool:
        """Whether a round of an endless step would begin after the day until which it is repeated."""
        if self.chain.endless is None or tried or not self.chain.is_round(index):
            return False
        day = last_day(self.chain.endless, self.fact)
        if day is None or not begins_after(day, policy, anchor, self.fact.branch):
            return False
        self.note(policy.step, "skipped", {"reason": UNTIL, "to": day})
        return True

    def _make_rounds(self) -> None:
        """Rounds of an endless step whose turn has come: one that can't be made leads to the next."""
        while self.rounds:
            index, anchor = self.rounds.pop()
            self._enter(index, anchor)

    def _match(self, policy: Policy, anchor: datetime) -> Match:
        if self.because is None:
            draw, occasion = (self.match.draw, self.match.occasion) if self.match else (None, None)
            return Match(policy, draw=draw, occasion=occasion, counts_from=anchor)
        because = self.because
        occasion = Occasion(self.id, policy, self.fact, because.reason, self.moment, anchor, because.record)
        return Match(policy, occasion=occasion)

    def _conclude(self, index: int, tried: int, result: ContactResult, due: datetime | None) -> None:
        """Another channel, or the next step that the result leads to; whoever refused is left alone."""
        if result.code == REFUSED:
            self.end(CUSTOMER_REFUSED)
            return
        for number, fallback in enumerate(self.chain.step_at(index).fallbacks, 1):
            if number > tried and result.code in fallback.when:
                self._contact(index, number, fallback.policy, result.at)
                return
        self._next(index, result, due)

    def _next(self, index: int, result: ContactResult, due: datetime | None) -> None:
        """Enter the first of the following steps whose condition holds; the others before it are skipped."""
        if self.chain.is_round(index) and not result.event and result.code in UNPLANNABLE:
            return  # nor could any later round be planned
        for number, step in self.chain.behind(index):
            if not step.depends:
                return
            if result.code == CALLBACK and not step.heeds_callback:
                continue
            failure = step.check(result.as_fact(), self.customer)
            if failure is None:
                anchors = {"event": self.began, "planned": due or result.at, "took_place": result.at}
                if number < len(self.chain.steps):
                    self._enter(number, anchors[step.origin])
                else:
                    self._come_round(number, step, anchors[step.origin])
                return
            self.note(step.name, "skipped", {"failed": failure.recorded()})

    def _come_round(self, number: int, step: Step, anchor: datetime) -> None:
        """It is the turn of this round of an endless step; of those from the first date the ones that are past are left out."""
        if step.anchored and self.first is not None:
            anchor, in_time = self.first, round_in_time(self.chain, number, self.first, self.moment, self.fact.branch)
            if in_time > number:
                self.note(step.name, "skipped", {"reason": PAST})
                number = in_time
        self.rounds.append((number, anchor))

    def _heeds_callback(self, index: int) -> bool:
        """Whether a step that could come next asks for a call-back to have been agreed."""
        for _, step in self.chain.behind(index):
            if not step.depends:
                return False
            if step.heeds_callback:
                return True
        return False

    def _wait_for(self, step: Step, wait: Heed) -> None:
        window = step.policy.window.of(self.fact.branch)
        until = latest(self.moment, wait.within, window.calendar, window.closes) if wait.within else None
        told: Detail = {"events": list(wait.events), "until": until}
        if wait.unless:
            told["reason"] = UNLESS
        types, value = tuple(sorted(wait.types)), ""
        if wait.same:
            value = value_at(wait.same, self.fact.data, self.customer.profile)
            told |= {"same": wait.same, "value": value}
        signals = tuple(signal(wire, wait.same, value) for wire in types) if value else ()
        if wait.reading:
            self.reading = reading_in(self.fact.data, wait.reading) if self.reading is None else self.reading
            since = "" if self.reading is None else str(self.reading)
            told["rises"] = {"field": wait.reading, "by": wait.rises, "since": since}
        self._wait(step.name, "event", until, types=types, same=wait.same, signals=signals)
        self.note(step.name, "waiting", told)

    def _wait(self, step: str, kind: Literal["result", "event"], until: datetime | None, **more: Any) -> None:
        row = Waiting(
            id=waiting_id(self.policy.id, self.fact, step),
            run=self.id,
            policy_id=self.policy.id,
            version=self.policy.version,
            step=step,
            kind=kind,
            fact=self.fact,
            began=self.began,
            since=self.moment,
            until=until,
            first=self.first,
            stopped=self.stopped,
            reading=None if self.reading is None else Reading(self.reading, self.reading),
            **more,
        )
        self.customer = self.customer.waiting_for(row)

    def note(self, step: str, result: Result, told: Detail = NOTHING_ELSE) -> None:
        detail: Detail = {"policy": self.policy.id, "version": self.policy.version, "result": result}
        if step:
            detail["step"] = step
        if self.because:
            detail |= {"occasion": self.because.reason, "because": self.because.record}
        self.details.append(detail | told)

    def _is_own(self, task: Task) -> bool:
        return is_own(self.policy.id, self.fact, task)


def is_own(policy_id: str, fact: Fact, task: Task) -> bool:
    """Whether the policy's run for the fact planned the task."""
    return (task.policy_id, task.event_source, task.event_id) == (policy_id, fact.source, fact.id)


def untouched(customer: Customer, policy_id: str, fact: Fact) -> bool:
    """Whether nothing but facts has moved the policy's run for this one, and all it waits for is still its own."""
    begun = next((one.run_of(policy_id) for one in customer.story if one.fact.key == fact.key), None)
    if begun is None or begun.stands:
        return False
    run, planned = run_id(policy_id, fact), {task.id: task for task in customer.open}
    tasks = [planned.get(row.task_id) for row in customer.waiting if row.run == run and row.task_id is not None]
    return all(task and is_own(policy_id, fact, task) and not (task.combined or task.deferred) for task in tasks)


def _contact_of(detail: Detail) -> str | None:
    """The task that makes a planned contact: its own, or the one that its matter was merged into."""
    if detail["result"] == "planned":
        return detail["task"]
    return detail["partner"] if detail["result"] == "merged" else None
