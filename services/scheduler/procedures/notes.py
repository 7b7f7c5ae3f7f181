"""Note what visits, notifications and complaints tell: contacts made, refusals, numbers, how cases stand."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.scheduler.domain.customer import REFUSED, Customer, way_of, with_refusal, without_refusal
from services.scheduler.domain.explain.life import Entry, contact_entry, message_entry
from services.scheduler.domain.kept.contact_result import task_id_in
from services.scheduler.domain.restraint.contacts import (
    CaseNews,
    Settlement,
    TaskNews,
    case_news,
    message_news,
    newest,
    settled,
    visit_news,
)
from services.scheduler.procedures.announce import TASKS
from services.scheduler.procedures.turn import Turn
from services.scheduler.store import customers, tasks
from shared.contracts.notifications import NotificationOptedOut, NotificationOptOutRevoked
from shared.contracts.visits import CustomerNumberCorrected, Visit, VisitCallbackAgreed, VisitCompleted, VisitFailed
from shared.messaging import Event, Work
from shared.zone import local_day

RESULTS: dict[str, type[Visit]] = {
    "visit.completed": VisitCompleted,
    "visit.callback_agreed": VisitCallbackAgreed,
    "visit.failed": VisitFailed,
}
NUMBER_CORRECTED = "customer.number_corrected"
OPTED_OUT = "notification.opted_out"
OPT_OUT_REVOKED = "notification.opt_out_revoked"
Refusals = dict[str, Mapping[str, datetime]]


async def note_visits(work: Work, turn: Turn, events: Sequence[Event]) -> None:
    """Tasks end, contacts are settled, and who refused is not contacted that way again (X5)."""
    ended: dict[UUID, tuple[str, str]] = {}
    contacts: dict[UUID, Settlement] = {}
    refusals: Refusals = defaultdict(dict)
    life: dict[UUID, list[Entry]] = defaultdict(list)
    for event in events:
        news = visit_news(event.name, event.data.get("reason", ""))
        if news is None:
            continue
        visit = event.read(RESULTS[event.name])
        task_id = UUID(visit.task_id)
        life[task_id].append(contact_entry(event.name, event.data, event.time))
        contacts[task_id] = settled(contacts.get(task_id), Settlement(news.contact, local_day(event.time)))
        if news.ends:
            ended[task_id] = (news.ends, news.reason)
        if news.refused:
            name, way = visit.customer.id, way_of(visit.channel, REFUSED)
            refusals[name] = with_refusal(refusals[name], way, event.time)
    await _end(work, ended, life, contacts)
    await turn.add_refusals(refusals)


async def note_numbers(turn: Turn, events: Sequence[Event]) -> None:
    """Numbers that agents learned to be wrong or new are so in the profile of whoever is known."""
    corrections = [event.read(CustomerNumberCorrected) for event in events if event.name == NUMBER_CORRECTED]
    if not corrections:
        return
    known = await turn.of(one.customer.id for one in corrections)
    learned: dict[str, Customer] = {}
    for one in corrections:
        if before := learned.get(one.customer.id) or known.get(one.customer.id):
            learned[before.id] = before.with_number(one.wrong, one.phone, one.learned_at)
    await turn.learn(learned.values())


async def note_messages(work: Work, events: Sequence[Event]) -> None:
    """Messages that are a task's contact were delivered, or not, and their tasks end; most of them are about no task."""
    found = [(event, task_id_in(event.data.get("cause_id"))) for event in events]
    about = [(event, news, task_id) for event, task_id in found if task_id and (news := _message_news(event))]
    sent = [(task_id, str(event.data.get("channel", ""))) for event, _, task_id in about]
    ended: dict[UUID, tuple[str, str]] = {}
    contacts: dict[UUID, Settlement] = {}
    life: dict[UUID, list[Entry]] = defaultdict(list)
    for position in sorted(await tasks.find_made_by(work.session, sent)):
        event, news, task_id = about[position]
        life[task_id].append(message_entry(event.name, event.data, event.time))
        contacts[task_id] = settled(contacts.get(task_id), Settlement(news.contact, local_day(event.time)))
        if news.ends and ended.get(task_id, ("", ""))[0] != "done":
            ended[task_id] = (news.ends, news.reason)
    await _end(work, ended, life, contacts)


def _message_news(event: Event) -> TaskNews | None:
    return message_news(event.name, str(event.data.get("reason", "")))


async def _end(
    work: Work,
    ended: Mapping[UUID, tuple[str, str]],
    life: Mapping[UUID, Sequence[Entry]],
    contacts: Mapping[UUID, Settlement],
) -> None:
    for state in await tasks.end_tasks(work.session, ended, work.now()):
        TASKS.labels(state).inc()
    await tasks.note_life(work.session, life)
    await tasks.settle_contacts(work.session, contacts)


async def note_opt_outs(turn: Turn, events: Sequence[Event]) -> None:
    """Opt-outs by channel and purpose count from now on, until they are revoked (X5)."""
    heeded = [(event, customer_id) for event in events if (customer_id := _heeded(event))]
    known = await turn.of(customer_id for _, customer_id in heeded)
    ways: dict[str, Mapping[str, datetime]] = {}
    for event, customer_id in heeded:
        before = ways.get(customer_id, known[customer_id].opted_out if customer_id in known else {})
        if event.name == OPTED_OUT:
            refusal = event.read(NotificationOptedOut)
            ways[customer_id] = with_refusal(before, way_of(refusal.channel, refusal.purpose), refusal.opted_out_at)
        else:
            revoked = event.read(NotificationOptOutRevoked)
            ways[customer_id] = without_refusal(before, way_of(revoked.channel, revoked.purpose), revoked.revoked_at)
    await turn.replace_refusals({one: ways[one] for one in ways if one in known})
    await turn.add_refusals({one: ways[one] for one in ways if one not in known})


def _heeded(event: Event) -> str:
    """The customer that an opt-out or its end is of; "" for other events, and where nobody knows whose number it is."""
    return str(event.data.get("customer_id") or "") if event.name in (OPTED_OUT, OPT_OUT_REVOKED) else ""


async def note_cases(work: Work, events: Sequence[Event]) -> None:
    """How complaints stand, for the guards of release."""
    cases: dict[str, CaseNews] = {}
    customers_of: dict[str, str] = {}
    for event in events:
        if case := case_news(event.name, event.id, event.time):
            case_id = event.data["case_id"]
            cases[case_id] = newest(cases.get(case_id), case)
            customers_of[case_id] = event.data["customer"]["id"]
    await customers.save_cases(work.session, customers_of, cases)
