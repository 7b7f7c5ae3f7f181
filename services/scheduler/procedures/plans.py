"""What is planned for customers: read at once before runs are moved or somebody drawn is contacted."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.batch import Matched
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact, new_fact
from services.scheduler.domain.ledger.contacts import LONGEST_PERIOD
from services.scheduler.procedures.policies import Policies
from services.scheduler.store import customers as customer_store
from services.scheduler.store import story, waiting
from services.scheduler.store import tasks as task_store
from shared.messaging import Event
from shared.profile import NEVER
from shared.zone import local_day

Customers = dict[str, Customer]


def fact_of(event: Event) -> Fact:
    """The event as the rules see it."""
    return new_fact(
        event.id, event.source, event.event_key, event.type, event.name, event.time, event.data, event.lineage
    )


async def plans_for(session: AsyncSession, policies: Policies, matched: Sequence[Matched], lock: bool) -> Customers:
    """The customers somebody was drawn for or whose runs listen, with all that is planned for them."""
    wanted = {one.fact.customer_id: one.customer for one in matched if one.drawn and one.fact.customer_id}
    first = min([one.fact.at for one in matched], default=NEVER)
    if policies.heeded:
        heeded = {one.fact.customer_id: one.customer for one in matched if one.fact.type in policies.heeded}
        listening = await waiting.find_listening(session, heeded.keys() - wanted.keys(), first)
        wanted |= {name: heeded[name] for name in listening}
    if not wanted:
        return {}
    return await load_plans(session, policies, wanted, first, lock)


async def with_asked(session: AsyncSession, plans: Customers, drawn: Sequence[Fact]) -> Customers:
    """With the contacts that have asked about these facts: read once nobody can release one meanwhile."""
    asked = await task_store.find_asked(session, sorted(plans), [fact.identity for fact in drawn])
    return plans | {name: plans[name]._replace(asked=tasks) for name, tasks in asked.items()}


async def load_plans(
    session: AsyncSession, policies: Policies, customers: Mapping[str, Customer], first: datetime, lock: bool
) -> Customers:
    """Locked customers with their contacts of a period before `first`, open tasks, what their runs wait for and remember."""
    ids = sorted(customers)
    contacts = await customer_store.find_contacts(session, ids, local_day(first) - LONGEST_PERIOD)
    tasks = await task_store.find_open(session, ids, lock)
    rows = await waiting.find_waiting(session, ids, lock) if policies.chained else {}
    stories = await story.find_stories(session, ids) if policies.chained else {}
    begun = (run.policy for of in stories.values() for one in of for run in one.runs)
    await policies.add_chains({*(row.policy for of in rows.values() for row in of), *begun})
    return {
        name: customer._replace(
            contacts=contacts.get(name, ()),
            open=tasks.get(name, ()),
            waiting=rows.get(name, ()),
            story=stories.get(name, ()),
        )
        for name, customer in customers.items()
    }
