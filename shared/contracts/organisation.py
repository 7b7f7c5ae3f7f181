"""The tree of units and teams, published by the scheduler for every pack that has one."""

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


@contract("organisation.published", topic=ORGANISATION, owner="scheduler", title="组织已公布")
class OrganisationPublished(EventData):
    """What a pack says of the organisation from now on; no units = it says nothing any more. Told again every day."""

    pack: str
    version: int = Field(ge=1, description="rises with every change of any pack's organisation")
    units: tuple[UnitEntry, ...] = ()
    teams: tuple[TeamEntry, ...] = ()
