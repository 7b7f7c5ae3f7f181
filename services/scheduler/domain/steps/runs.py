"""What begins, moves on and ends the runs of a customer: facts, results of contacts, awaited events, time."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.detail import Reason
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kept.contact_result import COMPLETED, FAILED, ContactResult
from services.scheduler.domain.kept.story import Begun, is_late, with_heard
from services.scheduler.domain.kept.waiting import LedOn, Waiting, run_id, signal, value_at
from services.scheduler.domain.rule import Match
from services.scheduler.domain.steps.chain import Chained, Heeded, listeners, types_of
from services.scheduler.domain.steps.contact_plan import Because, PlanContact
from services.scheduler.domain.steps.listen import catch_up, in_order, is_awaited, listen, run_of
from services.scheduler.domain.steps.replay import RESTARTED, loose_runs, replayed
from services.scheduler.domain.steps.run import PATIENCE, Run
from shared.ids import derived_id

NOT_AWAITED, NO_RESULT = "not_awaited", "no_result"
WAIT_EXPIRED = "wait.expired"
TELLING = timedelta(days=3)  # of business time; what begins to wait finds events without a customer that happened since


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


def begin_run(fact: Fact, match: Match, customer: Customer, plan_contact: PlanContact, chained: Chained) -> list[Run]:
    """A policy's new run, after those that it ends; the last one's customer is how they are then."""
    policy, moment = match.policy, match.moment(fact)
    assert policy.chain is not None  # else it is a single contact
    at_once = match.occasion is None  # else a draw or a date begins it, which nobody takes back
    story = with_heard(customer.story, fact, Begun(policy.id, policy.version, match.draw, stands=not at_once))
    customer = customer._replace(story=story)
    own = run_id(policy.id, fact)
    if is_late(story, fact, policy.id, types_of(policy.id, chained)) and own in loose_runs(
        customer, policy.id, chained
    ):
        return replayed(customer, policy.id, chained, plan_contact, own)
    run = Run(policy, policy.chain, fact, match.anchor(fact), customer, plan_contact, moment, match)
    going = {row.run: row for row in in_order(customer) if row.policy_id == policy.id}
    ended = []
    if going and policy.chain.again == "ignore":
        run.pass_over()
        return [run]
    for row in going.values() if policy.chain.again == "restart" else ():
        older = replace(policy, version=row.version)
        ended.append(Run(older, policy.chain, row.fact, row.began, run.customer, plan_contact, moment))
        ended[-1].end(RESTARTED)
        run.customer = ended[-1].customer
    run.begin()
    if not at_once:
        catch_up(run, chained)
    return [*ended, run]


def hear_result(
    customer: Customer, task_id: UUID, result: ContactResult, chained: Chained, plan_contact: PlanContact
) -> Moved:
    """The result of a contact leads on every run that waits for it."""
    turns = []
    for row in in_order(customer):
        if row.task_id == task_id and customer.waits(row) and _is_from(row, result, chained):
            turns.append(_led_on(customer, row, result, chained, plan_contact))
            customer = turns[-1].run.customer
    return Moved(customer, tuple(turn for turn in turns if turn.says))


def run_out(customer: Customer, moment: datetime, chained: Chained, plan_contact: PlanContact) -> Moved:
    """Where the time that a run waits is over, its step counts as expired; not while its contact is still planned."""
    turns = []
    for row in in_order(customer):
        if row.until is None or row.until > moment or not customer.waits(row):
            continue
        if any(task.id == row.task_id for task in customer.open):
            customer = customer.not_waiting(row).waiting_for(row._replace(until=row.until + PATIENCE))
        else:
            reason = NOT_AWAITED if row.kind == "event" else NO_RESULT
            result = ContactResult("expired", row.until, "", reason=reason)
            turns.append(_led_on(customer, row, result, chained, plan_contact))
            customer = turns[-1].run.customer
    return Moved(customer, tuple(turn for turn in turns if turn.says))


def hear(customer: Customer, fact: Fact, chained: Chained, plan_contact: PlanContact) -> Moved:
    """An event that the customer's runs listen for stops them or leads them on. One without a customer is a signal.

    One that is heard after what happened later takes runs back that only facts have moved, and lets them go their way again.
    """
    concerned = listeners(fact.type, chained)
    if not concerned or not (fact.customer_id or any(is_awaited(row, fact) for row in customer.waiting)):
        return Moved(customer)
    customer = customer._replace(story=with_heard(customer.story, fact))
    late = sorted(policy for policy in concerned if is_late(customer.story, fact, policy, types_of(policy, chained)))
    loose = {run for policy in late for run in loose_runs(customer, policy, chained)}
    turns = []
    for row in in_order(customer):
        if not customer.waits(row) or row.fact.key == fact.key or row.run in loose:
            continue  # its run has ended just now, or was begun by this very event, or goes its way again
        run = listen(customer, row, fact, chained, plan_contact)
        customer = run.customer
        turns.append(Turn(run, _cause(row, fact.at, fact.name, fact.id, "awaited")))
    for policy in late:
        for run in replayed(customer, policy, chained, plan_contact):
            key = derived_id(fact.at, "moved", str(run.id), "late", fact.name, fact.id)
            turns.append(Turn(run, Cause(key, fact.at, fact.name, "awaited")))
            customer = run.customer
    return Moved(customer, tuple(turn for turn in turns if turn.says))


def _led_on(
    customer: Customer, row: Waiting, result: ContactResult, chained: Chained, plan_contact: PlanContact
) -> Turn:
    run = run_of(customer, row, chained, plan_contact, result.at, Because("follows", result.because))
    run.lead_on(row, result)
    catch_up(run, chained)
    if result.event in (COMPLETED, FAILED):
        run.customer = run.customer.remembering(LedOn(row, result.event, result.code, result.at, begun(run, customer)))
    return Turn(run, _cause(row, result.at, result.event or WAIT_EXPIRED, result.event_id, "follows"))


def begun(run: Run, before: Customer) -> tuple[UUID, ...]:
    """What the run waits for that it did not wait for before."""
    known = {row.id for row in before.waiting}
    return tuple(row.id for row in in_order(run.customer) if row.run == run.id and row.id not in known)


def _cause(row: Waiting, moment: datetime, name: str, event_id: str, reason: Reason) -> Cause:
    return Cause(derived_id(moment, "moved", str(row.id), row.kind, name, event_id), moment, name, reason)


def _is_from(row: Waiting, result: ContactResult, chained: Chained) -> bool:
    """Not from a message by another channel, such as a notice that somebody will call."""
    if not result.channel:
        return True
    chain = chained[row.policy].chain
    return chain is not None and chain.policy_of(row.step).channel == result.channel
