"""The tree of units and teams, and kinds of events, published by the scheduler for every pack that names any."""

from pydantic import Field

from shared.contracts.base import ORGANISATION, EventData, contract


class UnitEntry(EventData):
    """A unit of the tree; `parent` is the unit above it, "" at the top."""

    code: str
    title: str = ""
    tier: str = ""
    parent: str = ""


class TeamEntry(EventData):
    """A team, and the unit it belongs to."""

    code: str
    title: str = ""
    unit: str = ""
    role: str = ""


class KindEntry(EventData):
    """A kind of event that the pack declares, and what it is called."""

    event: str
    title: str


@contract("organisation.published", topic=ORGANISATION, owner="scheduler", title="组织已公布")
class OrganisationPublished(EventData):
    """What a pack says of the organisation and its own events from now on; no units = it has none any more. Told again
    every day."""

    pack: str
    version: int = Field(ge=1, description="rises with every change of any pack's organisation")
    units: tuple[UnitEntry, ...] = ()
    teams: tuple[TeamEntry, ...] = ()
    kinds: tuple[KindEntry, ...] = Field(default=(), description="the kinds of events that are the pack's own")
