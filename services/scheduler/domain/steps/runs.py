"""What begins, moves on and ends the runs of a customer: facts, results of contacts, awaited events, time."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.occasion import Reason
from services.scheduler.domain.rule import Match
from services.scheduler.domain.steps.chain import Chained, Heeded
from services.scheduler.domain.steps.outcome import Outcome
from services.scheduler.domain.steps.run import PATIENCE, Because, Place, Run
from services.scheduler.domain.steps.waiting import Waiting, signal, value_at
from shared.ids import derived_id

STOPPED, RESTARTED = "stopped", "restarted"
NOT_AWAITED, NO_RESULT = "not_awaited", "no_result"
WAIT_EXPIRED = "wait.expired"


class Cause(NamedTuple):
    """What moved a run: the identity, moment, event type and reason of the record that it leaves."""

    key: UUID
    moment: datetime
    name: str
    reason: Reason


class Turn(NamedTuple):
    """A run after it was moved, and by what."""

    run: Run
    cause: Cause

    @property
    def says(self) -> bool:
        """Whether there is something to record: not when a run just ends, or a result concerns none of its steps."""
        return bool(self.run.details)


def signals_of(fact: Fact, heeded: Heeded) -> list[str]:
    """What waiting runs recognise it by."""
    values = {path: value_at(path, fact.data, {}) for path in sorted(heeded.get(fact.type, ()))}
    return [signal(fact.type, path, value) for path, value in values.items() if value]


class Moved(NamedTuple):
    """A customer after their runs were moved on, and each move that is to be recorded."""

    customer: Customer
    turns: tuple[Turn, ...] = ()


def begun(fact: Fact, match: Match, customer: Customer, place: Place) -> list[Run]:
    """A policy's new run, after those that it ends; the last one's customer is how they are then."""
    policy, moment = match.policy, match.moment(fact)
    assert policy.chain is not None  # else it is a single contact
    run = Run(policy, policy.chain, fact, match.anchor(fact), customer, place, moment, match)
    going = {row.run: row for row in _in_order(customer) if row.policy_id == policy.id}
    ended = []
    if going and policy.chain.again == "ignore":
        run.pass_over()
        return [run]
    for row in going.values() if policy.chain.again == "restart" else ():
        older = replace(policy, version=row.version)
        ended.append(Run(older, policy.chain, row.fact, row.began, run.customer, place, moment))
        ended[-1].end(RESTARTED)
        run.customer = ended[-1].customer
    run.begin()
    return [*ended, run]


def told(customer: Customer, task_id: UUID, outcome: Outcome, chained: Chained, place: Place) -> Moved:
    """The outcome of a contact leads on every run that waits for it."""
    turns = []
    for row in _in_order(customer):
        if row.task_id == task_id and customer.waits(row) and _is_from(row, outcome, chained):
            turns.append(_led_on(customer, row, outcome, chained, place))
            customer = turns[-1].run.customer
    return Moved(customer, tuple(turn for turn in turns if turn.says))


def ran_out(customer: Customer, moment: datetime, chained: Chained, place: Place) -> Moved:
    """Where the time that a run waits is over, its step counts as expired; not while its contact is still planned."""
    turns = []
    for row in _in_order(customer):
        if row.until is None or row.until > moment or not customer.waits(row):
            continue
        if any(task.id == row.task_id for task in customer.open):
            customer = customer.not_waiting(row).waiting_for(row._replace(until=row.until + PATIENCE))
        else:
            reason = NOT_AWAITED if row.kind == "event" else NO_RESULT
            outcome = Outcome("expired", row.until, "", reason=reason)
            turns.append(_led_on(customer, row, outcome, chained, place))
            customer = turns[-1].run.customer
    return Moved(customer, tuple(turn for turn in turns if turn.says))


def heard(customer: Customer, fact: Fact, chained: Chained, place: Place) -> Moved:
    """An event that the customer's runs listen for stops them or leads them on. One without a customer is a signal."""
    because = Because("awaited", {"event": fact.name, "id": fact.id, "at": fact.at})
    turns = []
    for row in _in_order(customer):
        if not customer.waits(row) or row.fact.key == fact.key:
            continue  # its run has ended just now, or was begun by this very event
        run = _run(customer, row, chained, place, fact.at, because)
        if _stops(run, row, fact):
            run.end(STOPPED)
        elif _is_awaited(row, fact):
            run.arrive(row, fact)
        customer = run.customer
        turns.append(Turn(run, _cause(row, fact.at, fact.name, fact.id, "awaited")))
    return Moved(customer, tuple(turn for turn in turns if turn.says))


def _led_on(customer: Customer, row: Waiting, outcome: Outcome, chained: Chained, place: Place) -> Turn:
    run = _run(customer, row, chained, place, outcome.at, Because("follows", outcome.because))
    run.lead_on(row, outcome)
    return Turn(run, _cause(row, outcome.at, outcome.event or WAIT_EXPIRED, outcome.event_id, "follows"))


def _run(customer: Customer, row: Waiting, chained: Chained, place: Place, moment: datetime, because: Because) -> Run:
    policy = chained[row.policy]
    assert policy.chain is not None  # it began a run
    return Run(policy, policy.chain, row.fact, row.began, customer, place, moment, because=because)


def _cause(row: Waiting, moment: datetime, name: str, event_id: str, reason: Reason) -> Cause:
    return Cause(derived_id(moment, "moved", str(row.id), row.kind, name, event_id), moment, name, reason)


def _in_order(customer: Customer) -> list[Waiting]:
    """The same order for everybody."""
    return sorted(customer.waiting, key=lambda row: row.id)


def _is_from(row: Waiting, outcome: Outcome, chained: Chained) -> bool:
    """Not from a message by another channel, such as a notice that somebody will call."""
    if not outcome.channel:
        return True
    chain = chained[row.policy].chain
    return chain is not None and chain.policies[row.step].channel == outcome.channel


def _is_awaited(row: Waiting, fact: Fact) -> bool:
    """Whether a run may wait for this event: by its type, its time and, where it matters, where it is."""
    if fact.type not in row.types or fact.at <= row.since or (row.until is not None and row.until <= fact.at):
        return False
    if not row.same:
        return bool(fact.customer_id)
    return signal(fact.type, row.same, value_at(row.same, fact.data, {})) in row.signals


def _stops(run: Run, row: Waiting, fact: Fact) -> bool:
    stop = run.chain.stop
    if stop is None or fact.type not in stop.types or fact.at < row.fact.at:
        return False
    if stop.same:
        there = value_at(stop.same, fact.data, {})
        if not there or there != value_at(stop.same, row.fact.data, run.customer.profile):
            return False
    return stop.check(fact, run.customer) is None
