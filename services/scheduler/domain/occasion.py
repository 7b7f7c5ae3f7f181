"""An occasion: the moment has come to plan a contact that one policy wants, after the fact itself was decided on."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.scheduler.domain.detail import BecauseOf, Reason
from services.scheduler.domain.facts import Fact, new_fact
from services.scheduler.domain.policy import Policy
from shared.contracts.registry import short_name
from shared.ids import derived_id

BY_TIME: tuple[Reason, ...] = ("schedule", "anniversary")
DRAWN: tuple[Reason, ...] = ("drawn", "reserve")
ARRIVED = "occasion.arrived"


class Occasion(NamedTuple):
    """`policy` is the version (and step) to plan for `fact`; `key` the identity of its decision record.

    `moment` is when it arrived: nothing is planned before it. `anchor` is what delay and deadline count from. `because` is
    what else its record keeps of the reason.
    """

    key: UUID
    policy: Policy
    fact: Fact
    reason: Reason
    moment: datetime
    anchor: datetime
    because: BecauseOf[datetime] = BecauseOf()

    @property
    def name(self) -> str:
        """The event type in its record."""
        return ARRIVED

    @property
    def asked_at(self) -> datetime:
        """Its day's list no longer changes; a draw at midnight is of the day before."""
        return self.anchor if self.reason in DRAWN else self.moment


def occasion_key(moment: datetime, policy: Policy, fact: Fact, reason: Reason) -> UUID:
    """The same for the same occasion, whoever finds it."""
    return derived_id(moment, ARRIVED, policy.id, policy.step, reason, fact.source, fact.id)


def occasion_id(policy_id: str, customer_id: str, day: date) -> str:
    """The id of the fact that an occasion is planned for; the same occasion has the same, whoever finds it."""
    return f"{policy_id}/{customer_id}/{day}"


def recorded(fact: Fact) -> dict[str, Any]:
    """The fact as it is kept until its occasion comes (`shared.contracts.tasks.RecordedFact`)."""
    return {
        "id": fact.id,
        "source": fact.source,
        "type": fact.type,
        "time": fact.at.isoformat(),
        "data": fact.data,
        "lineage": fact.lineage,
        "title": fact.title,
    }


def recalled(kept: dict[str, Any], key: UUID | None = None) -> Fact:
    """The fact that `recorded` kept; `key` where its event's is known."""
    at, source, wire = datetime.fromisoformat(kept["time"]), kept["source"], kept["type"]
    key = key or derived_id(at, source, kept["id"])
    fact = new_fact(kept["id"], source, key, wire, short_name(wire), at, kept["data"], kept.get("lineage", ""))
    return fact._replace(title=kept["title"]) if kept.get("title") else fact
