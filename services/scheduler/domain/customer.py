"""What the scheduler keeps of a customer: a small profile from facts, refusals, and what is already planned."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kept.memory import Memory
from services.scheduler.domain.kept.story import Story
from services.scheduler.domain.kept.waiting import LedOn, Waiting
from services.scheduler.domain.ledger.contacts import Contact, contact_of
from services.scheduler.domain.task import Task
from services.scheduler.domain.value import Value
from shared.profile import IN_UPDATES, NEVER, NOTHING, REFUSES, UPDATED, Profile, fields_in, heard, number_learned
from shared.zone import local_day

KNOWN_SINCE = "known_since"
CARD_ATTRIBUTES = ("name", "phone", "phones", "email")  # for contacts that no fact leads to
# what conditions may ask for
ATTRIBUTES = ("level", "birthday", "preferred_channel", *IN_UPDATES, KNOWN_SINCE, "branch", REFUSES)
RESERVED = frozenset((*ATTRIBUTES, *CARD_ATTRIBUTES))
# what an opt-out of `shared.contracts.notifications` refuses, as purposes of ours: a question by message is a notice
REFUSING: Mapping[str, tuple[str, ...]] = {
    "followup": ("all", "notice", "followup", "survey"),
    "greeting": ("all", "*", "greeting"),
    "notice": ("all", "notice"),
}
REFUSED = "refused"


class Customer(Value, frozen=True):
    """`as_of` and `older` tell when the profile's fields were told (`shared.profile.Profile`); `opted_out` maps
    `channel:purpose` to when it was refused.

    `open` are the tasks not yet released, `memory` holds earlier events that some condition counts, `waiting` what the
    customer's runs wait for, `story` the facts that concern runs. Nobody contacts them before `paused_until`. `asked` are
    the contacts, released or made, about what has just been drawn. `led` are results that have led runs on, as far as
    somebody needs them.
    """

    id: str
    profile: Mapping[str, Any] = NOTHING
    as_of: datetime = NEVER
    older: Mapping[str, int] = NOTHING
    opted_out: Mapping[str, datetime] = NOTHING
    contacts: tuple[Contact, ...] = ()
    open: tuple[Task, ...] = ()
    memory: Memory = ()
    waiting: tuple[Waiting, ...] = ()
    paused_until: datetime | None = None
    asked: tuple[Task, ...] = ()
    story: Story = ()
    led: tuple[LedOn, ...] = ()

    @property
    def do_not_contact(self) -> bool:
        return bool(self.profile.get(REFUSES))

    def opted_out_at(self, channel: str, purpose: str) -> datetime | None:
        """Since when the customer is opted out of this way of contact (X5)."""
        if not self.opted_out:
            return None
        known = [self.opted_out.get(way_of(channel, scope)) for scope in REFUSING[purpose]]
        return min((at for at in known if at is not None), default=None)

    def refused(self, channel: str) -> bool:
        """Whether the customer told an agent not to be contacted this way again (X5)."""
        return way_of(channel, REFUSED) in self.opted_out

    def refusing(self, ways: Mapping[str, datetime]) -> "Customer":
        """With these opted out as well; of a way of contact the first refusal stays."""
        refused = self.opted_out
        for way, at in ways.items():
            refused = with_refusal(refused, way, at)
        return self._replace(opted_out=refused)

    def without(self, task: Task) -> "Customer":
        """As if `task` had never been planned."""
        contacts = tuple(contact for contact in self.contacts if contact.task_id != task.id)
        return self.closed(task)._replace(contacts=contacts)

    def closed(self, task: Task) -> "Customer":
        """With `task` planned no more; whether it counts as a contact stays as it is."""
        return self._replace(open=tuple(other for other in self.open if other.id != task.id))

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

    def remembering(self, led: LedOn) -> "Customer":
        """With what a result led to, in the place of an earlier one of the same contact."""
        return self._replace(led=(*(one for one in self.led if one.id != led.id), led))

    def not_remembering(self, led: LedOn) -> "Customer":
        return self._replace(led=tuple(one for one in self.led if one.id != led.id))

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

    def with_number(self, wrong: str | None, phone: str | None, at: datetime) -> "Customer":
        """With a number learned to be `wrong` and another that reaches them."""
        after = number_learned(Profile(self.profile, self.as_of, self.older), wrong, phone, at)
        return self._replace(profile=after.fields, as_of=after.as_of, older=after.older)


def way_of(channel: str, purpose: str) -> str:
    """The key of an opt-out; `refused` in place of a purpose is what was told to an agent."""
    return f"{channel}:{purpose}"


def with_refusal(refused: Mapping[str, datetime], way: str, at: datetime) -> Mapping[str, datetime]:
    """The opt-outs with one more; of a way of contact the first that happened stays."""
    return {**refused, way: min(at, refused.get(way, at))}


def without_refusal(refused: Mapping[str, datetime], way: str, at: datetime) -> Mapping[str, datetime]:
    """The opt-outs without one that was revoked at `at`; what was refused later stays."""
    return {other: since for other, since in refused.items() if other != way or since > at}


def not_refusing(customer: Customer, channel: str, since: datetime) -> Customer:
    """The customer who had not refused this way of contact, as was thought `since`; an earlier refusal stays."""
    way = way_of(channel, REFUSED)
    if customer.opted_out.get(way, NEVER) < since:
        return customer
    return customer._replace(opted_out={other: at for other, at in customer.opted_out.items() if other != way})


def updated(customer: Customer, fact: Fact) -> Customer:
    """The customer after a fact about them (`shared.profile`)."""
    known = Profile(customer.profile, customer.as_of, customer.older)
    told, repeated = fields_in(fact.name, fact.data), NOTHING
    if fact.name == UPDATED:
        told |= _dates_in(fact.data)
    if fact.about_earlier:
        told, repeated = {}, _unsaid(known, told)
    told[KNOWN_SINCE] = known.fields.get(KNOWN_SINCE) or local_day(fact.at).isoformat()
    after = heard(known, told, fact.at)
    if fact.at < known.as_of:
        after = _known_since(after, local_day(fact.at).isoformat())
    if repeated:
        after = heard(after, repeated, NEVER)
    return customer if after is known else customer._replace(profile=after.fields, as_of=after.as_of, older=after.older)


def _unsaid(known: Profile, told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What nobody has told yet: an event of the platform repeats a customer as they were when its matter began, so every
    fact counts more. It does not tell of refusals: its flag may stand for the matter alone."""
    return {field: value for field, value in told.items() if field not in known.fields and field != REFUSES}


def _known_since(profile: Profile, day: str) -> Profile:
    """Known from the local day `day` (ISO form) on, of a fact heard late."""
    if profile.fields[KNOWN_SINCE] <= day:
        return profile
    return Profile({**profile.fields, KNOWN_SINCE: day}, profile.as_of, profile.older)


def _dates_in(data: Mapping[str, Any]) -> dict[str, str]:
    """Dates of their own names; none of these can take an attribute's place."""
    dates = data.get("dates")
    return {name: str(day) for name, day in dates.items() if name not in RESERVED} if isinstance(dates, dict) else {}
