"""The appointment of a visit on site (R12.3): the time agreed with the customer, and whether they have confirmed it since.

It is agreed as a callback is, and moved by agreeing on another time, with the reason.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.visits.domain.errors import ClaimedByOther, NoAppointment, NotOnSite, VisitAlreadyFinished
from services.visits.domain.visit import State, Visit

# paths of facts that say where the customer is, the most exact first
PLACES = ("service_address", "delivery.address", "address", "location", "customer.address")


def address_of(visit: Visit) -> str:
    """Where the customer is to be found, as the facts say; "" where none does."""
    places = (_at(matter.facts, path) for path in PLACES for matter in visit.matters)
    return next((place for place in places if place), "")


def _at(facts: Mapping[str, Any], path: str) -> str:
    value: Any = facts
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def is_own(visit: Visit, agent: str) -> bool:
    """Whether this is an appointment of `agent`'s to come, for which they may set out before its time."""
    return visit.on_site and visit.state is State.APPOINTED and visit.callback_owner == agent


def confirm(visit: Visit, agent: str) -> Visit:
    """The customer has said once more that the time suits. Moved, it is to be confirmed anew.

    Raises NotOnSite, VisitAlreadyFinished, NoAppointment, ClaimedByOther.
    """
    if not visit.on_site:
        raise NotOnSite
    if visit.finished:
        raise VisitAlreadyFinished
    if visit.callback_at is None:
        raise NoAppointment
    if agent not in (visit.agent, visit.callback_owner):
        raise ClaimedByOther(f"该单由 {visit.agent or visit.callback_owner or '其他人'} 上门")
    return replace(visit, confirmed_for=visit.callback_at)
