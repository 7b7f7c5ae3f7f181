"""From facts to planned sends: contacts are kept, rules applied, the ledger written."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from services.notifications.domain.contacts import Contact, customer_in, known_to, updated, view, with_number
from services.notifications.domain.planning import (
    CALLED_OFF,
    Fact,
    Versioned,
    called_off_by,
    fact_of,
    needs_text,
    older_key,
    plan,
)
from services.notifications.domain.rules import BIRTHDAY, FESTIVAL, Rule, applying
from services.notifications.domain.send import Send, State, call_off
from services.notifications.procedures.ledger import count
from services.notifications.store import catalogue, contacts, inbound, sends, withdrawn
from shared.conditions.tree import asked_for
from shared.contracts.intake import FactWithdrawn
from shared.contracts.visits import CustomerNumberCorrected
from shared.festivals import festivals_on
from shared.messaging import Event, Work
from shared.yearly import keys_of
from shared.zone import ORG_ZONE, local_day

POLICY = "policy_id"
NUMBER_CORRECTED = "customer.number_corrected"
RELEASED = "followup.released"
NO_RULE = Rule(id="none", events=(), purpose="notice", template="")


async def keep_contacts(work: Work, events: Sequence[Event]) -> None:
    """Take the customers named by facts into the contacts."""
    told = [(customer_id, event) for event in events if (customer_id := customer_in(event.data))]
    known = await contacts.load(work.session, (customer_id for customer_id, _ in told))
    now_known = dict(known)
    for customer_id, event in told:
        contact = now_known.get(customer_id) or Contact(customer_id)
        now_known[customer_id] = updated(contact, event.name, event.data, event.time)
    await contacts.save(work.session, [c for c in now_known.values() if known.get(c.customer_id) is not c])


async def keep_numbers(work: Work, events: Sequence[Event]) -> None:
    """Numbers that agents learned to be wrong or new are so for messages too, of a customer not heard of yet as well: facts
    come by another topic, and may come later."""
    told = [event.read(CustomerNumberCorrected) for event in events if event.name == NUMBER_CORRECTED]
    known = await contacts.load(work.session, {one.customer.id for one in told}) if told else {}
    now_known = dict(known)
    for one in told:
        before = now_known.get(one.customer.id) or Contact(one.customer.id)
        now_known[before.customer_id] = with_number(before, one.wrong, one.phone, one.learned_at)
    await contacts.save(work.session, [c for c in now_known.values() if known.get(c.customer_id) is not c])


async def keep_units(work: Work, events: Sequence[Event]) -> None:
    """Whoever is to make a follow-up knows its customer: its branch and its team, which no fact of theirs may name. Told of a
    customer not heard of yet as well, as numbers are."""
    told: dict[str, Contact] = {}
    for event in events:
        if event.name == RELEASED and (customer_id := customer_in(event.data)):
            before = told.get(customer_id) or Contact(customer_id)
            told[customer_id] = known_to(before, [event.data.get("branch", ""), event.data.get("team", "")])
    await contacts.add_units(work.session, [contact for contact in told.values() if contact.units])


async def withdraw(work: Work, events: Sequence[Event]) -> None:
    """Messages planned because of withdrawn facts, cancelled or postponed tasks, and not yet on their way, are not sent."""
    reasons = {
        (cause, event.lineage): CALLED_OFF[event.name]
        for event in events
        for cause in called_off_by(event.name, event.data)
    }
    if not reasons:
        return
    facts = [event.read(FactWithdrawn) for event in events if event.name == "fact.withdrawn"]
    await withdrawn.save_withdrawn(work.session, [(one.event_id, one.event_source) for one in facts], work.now())
    found = await sends.lock_planned_of(work.session, sorted({cause for cause, _ in reasons}))
    gone = [
        call_off(send, reason, work.now()) for send in found if (reason := reasons.get((send.cause_id, send.lineage)))
    ]
    await sends.save(work.session, gone)
    for send in gone:
        count(send)


async def standing(work: Work, events: Sequence[Event]) -> list[Event]:
    """Without those that were withdrawn before they were heard."""
    gone = await withdrawn.find_withdrawn(work.session, [(event.id, event.source) for event in events])
    return [event for event in events if (event.id, event.source) not in gone]


async def plan_for_events(work: Work, events: Sequence[Event]) -> int:
    """Plan what the rules make of these events; returns how many sends are new."""
    rules = await catalogue.rules(work.session)
    chosen = [(fact, rule) for fact in map(fact_of, events) for rule in _rules_for(rules, fact)]
    before = await sends.find_keys(work.session, {older_key(rule, fact) for fact, rule in chosen} - {""})
    chosen = [(fact, rule) for fact, rule in chosen if older_key(rule, fact) not in before]
    if not chosen:
        return 0
    known = await contacts.load(work.session, (fact.customer_id for fact, _ in chosen))
    templates = await catalogue.templates(work.session)
    return await _write(work, _plans(chosen, templates, known, work.now()))


def _rules_for(rules: Iterable[Rule], fact: Fact) -> list[Rule]:
    """The rules that apply; a message asked for by a policy that no rule gives a text to is still on record.

    Where a rule names the very policy, general ones leave its message alone: it has one text.
    """
    found = applying(rules, fact.name, fact.data)
    found = [rule for rule in found if asked_for(rule.condition, POLICY)] or found
    return found or ([NO_RULE] if needs_text(fact) else [])


async def next_greeting_day(work: Work, begins: time) -> date | None:
    """The earliest business day whose greetings are due and not planned; the first one ever is today."""
    now = work.now().astimezone(ORG_ZONE)
    latest = now.date() if now.time() >= begins else now.date() - timedelta(days=1)
    last = await inbound.last_greeting_day(work.session)
    if last is None:
        return latest if latest == now.date() else None
    return last + timedelta(days=1) if last < latest else None


async def plan_greetings(work: Work, day: date, begins: time) -> int:
    """Plan the greetings of a business day, once; those of a day already over are written and expire."""
    if not await inbound.claim_greeting_day(work.session, day, work.now()):
        return 0
    rules = await catalogue.rules(work.session)
    templates = await catalogue.templates(work.session)
    at = datetime.combine(day, begins, ORG_ZONE)
    planned = 0
    if _any_for(rules, BIRTHDAY):
        born = await contacts.born_on(work.session, keys_of(day))
        planned += await _greet(work, rules, templates, born, BIRTHDAY, at, {})
    for festival in festivals_on(day) if _any_for(rules, FESTIVAL) else ():
        facts = {"festival": festival.code, "festival_name": festival.name}
        async for some in contacts.everybody(work.session):
            planned += await _greet(work, rules, templates, some, FESTIVAL, at, facts)
    await inbound.note_planned(work.session, day, planned)
    return planned


async def _greet(
    work: Work,
    rules: Sequence[Rule],
    templates: Mapping[str, Versioned],
    people: Sequence[Contact],
    name: str,
    at: datetime,
    extra: Mapping[str, str],
) -> int:
    facts = [_greeting_fact(contact, name, at, extra) for contact in people]
    chosen = [(fact, rule) for fact in facts for rule in applying(rules, name, fact.data)]
    known = {contact.customer_id: contact for contact in people}
    return await _write(work, _plans(chosen, templates, known, work.now()))


def _greeting_fact(contact: Contact, name: str, at: datetime, extra: Mapping[str, str]) -> Fact:
    cause = f"{local_day(at)}/{extra.get('festival', 'birthday')}"
    data = {"customer": view(contact), "branch": contact.branch, "day": str(local_day(at)), **extra}
    return Fact(name, at, cause, f"{cause}/{contact.customer_id}", data, contact.customer_id)


def _any_for(rules: Iterable[Rule], event: str) -> bool:
    return any(rule.enabled and event in rule.events for rule in rules)


def _plans(
    chosen: Sequence[tuple[Fact, Rule]],
    templates: Mapping[str, Versioned],
    known: Mapping[str, Contact],
    now: datetime,
) -> list[Send]:
    return [plan(fact, rule, templates.get(rule.template), known.get(fact.customer_id), now) for fact, rule in chosen]


async def _write(work: Work, planned: Sequence[Send]) -> int:
    added = await sends.add(work.session, planned)
    for send in planned:
        if send.id in added and send.state is State.SUPPRESSED:
            count(send)
    return len(added)
