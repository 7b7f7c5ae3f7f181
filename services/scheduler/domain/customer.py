"""What the scheduler keeps of a customer: a small profile from facts, refusals, and what is already planned."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from services.scheduler.domain.conditions.memory import Memory
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.restraint.ledger import Contact, contact_of
from services.scheduler.domain.steps.story import Story
from services.scheduler.domain.steps.waiting import Waiting
from services.scheduler.domain.task import Task
from services.scheduler.domain.value import Value
from services.scheduler.domain.when.windows import local_day

BLOCK_ATTRIBUTES = ("level", "birthday", "preferred_channel")
UPDATE_ATTRIBUTES = ("tier", "area", "product", "preferred_times")
KEPT_ATTRIBUTES = ("known_since", "branch", "do_not_contact")
CARD_ATTRIBUTES = ("name", "phone", "email")  # for contacts that no fact leads to
TOLD_BY_BLOCK = frozenset((*BLOCK_ATTRIBUTES, *CARD_ATTRIBUTES))
RESERVED = TOLD_BY_BLOCK.union(UPDATE_ATTRIBUTES, KEPT_ATTRIBUTES)
NEVER = datetime.fromtimestamp(0, UTC)
# what an opt-out of `shared.contracts.notifications` refuses, as purposes of ours: a question by message is a notice
REFUSING: Mapping[str, tuple[str, ...]] = {
    "followup": ("all", "notice", "followup", "survey"),
    "greeting": ("all", "*", "greeting"),
    "notice": ("all", "notice"),
}
REFUSED = "refused"
NOTHING: Mapping[str, Any] = {}


class Customer(Value, frozen=True):
    """`as_of` is the newest fact the profile comes from; `opted_out` maps `channel:purpose` to when it was refused.

    `open` are the tasks not yet released, `memory` holds earlier events that some condition counts, `waiting` what the
    customer's runs wait for, `story` the facts that concern runs. Nobody contacts them before `paused_until`. `asked` are
    the contacts, released or made, about what has just been drawn.
    """

    id: str
    profile: Mapping[str, Any] = NOTHING
    as_of: datetime = NEVER
    opted_out: Mapping[str, datetime] = NOTHING
    contacts: tuple[Contact, ...] = ()
    open: tuple[Task, ...] = ()
    memory: Memory = ()
    waiting: tuple[Waiting, ...] = ()
    paused_until: datetime | None = None
    asked: tuple[Task, ...] = ()
    story: Story = ()

    @property
    def do_not_contact(self) -> bool:
        return bool(self.profile.get("do_not_contact"))

    def opted_out_at(self, channel: str, purpose: str) -> datetime | None:
        """Since when the customer is opted out of this way of contact (X5)."""
        if not self.opted_out:
            return None
        known = [self.opted_out.get(way_of(channel, scope)) for scope in REFUSING[purpose]]
        return min((at for at in known if at is not None), default=None)

    def refused(self, channel: str) -> bool:
        """Whether the customer told an agent not to be contacted this way again (X5)."""
        return way_of(channel, REFUSED) in self.opted_out

    def without(self, task: Task) -> "Customer":
        """As if `task` had never been planned."""
        tasks = tuple(other for other in self.open if other.id != task.id)
        contacts = tuple(contact for contact in self.contacts if contact.task_id != task.id)
        return self._replace(contacts=contacts, open=tasks)

    def planned(self, task: Task) -> "Customer":
        """With `task` planned, in the place of its earlier self if there was one."""
        bare = self.without(task) if self.open else self
        counted = (contact_of(task),) if task.counted else ()
        return bare._replace(contacts=(*bare.contacts, *counted), open=(*bare.open, task))

    def taken_over(self, weaker: Task, task: Task) -> "Customer":
        """With `task` planned in the place of `weaker`: who waited for the one's result now waits for the other's."""
        after = self.without(weaker).planned(task)
        if not self.waiting:
            return after
        moved = tuple(row._replace(task_id=task.id) if row.task_id == weaker.id else row for row in self.waiting)
        return after._replace(waiting=moved)

    def waits(self, row: Waiting) -> bool:
        return any(other.id == row.id for other in self.waiting)

    def waiting_for(self, row: Waiting) -> "Customer":
        return self._replace(waiting=(*self.waiting, row))

    def not_waiting(self, *rows: Waiting) -> "Customer":
        ended = {row.id for row in rows}
        return self._replace(waiting=tuple(row for row in self.waiting if row.id not in ended))

    def noted(self, task: Task) -> "Customer":
        """With what became of a due `task`: released it keeps its contact, put off it moves, ended it is gone."""
        if task.state == "planned":
            return self.planned(task)
        after = self.without(task)
        return after._replace(contacts=self.contacts) if task.state == "released" else after

    def contacted(self, task: Task, day: date) -> "Customer":
        """With the contact of `task` counted on the day it took place."""
        return self._replace(
            contacts=tuple(one._replace(day=day) if one.task_id == task.id else one for one in self.contacts)
        )


def way_of(channel: str, purpose: str) -> str:
    """The key of an opt-out; `refused` in place of a purpose is what was told to an agent."""
    return f"{channel}:{purpose}"


def updated(customer: Customer, fact: Fact) -> Customer:
    """The customer after a fact about them; an older fact than the newest known changes nothing.

    A fact can set `do_not_contact`; only customer.updated can take it back, because senders leave it at its default.
    """
    if fact.at <= customer.as_of:
        return customer
    block, data, profile = fact.customer, fact.data, dict(customer.profile)
    if customer.as_of == NEVER:
        profile["known_since"] = local_day(fact.at).isoformat()
    profile |= {name: value for name, value in block.items() if value and name in TOLD_BY_BLOCK}
    if type(org := data.get("org")) is dict and (branch := org.get("code")):
        profile["branch"] = branch
    if fact.name == "customer.updated":
        profile |= _told_by_update(data)
        profile["do_not_contact"] = block.get("do_not_contact") is True
    elif block.get("do_not_contact") is True:
        profile["do_not_contact"] = True
    return customer._replace(profile=profile, as_of=fact.at)


def _told_by_update(data: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes and dates of their own names; none of these can take an attribute's place."""
    dates = data.get("dates")
    own = {name: str(day) for name, day in dates.items() if name not in RESERVED} if isinstance(dates, dict) else {}
    return own | {name: data[name] for name in UPDATE_ATTRIBUTES if data.get(name)}
