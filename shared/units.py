"""The tree of units: who is of a unit sees and changes what is its own and what is below it.

Packs tell the tree, the scheduler publishes each pack's (`organisation.published`), and every service keeps them all. A code
names the same unit or team in all packs. Below a unit is what any pack puts below it, but what two packs put in different
places is in neither until they agree: showing too little can be mended, showing too much can't. A unit that no pack names
is by itself, as is every unit before the first pack was told of.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.base import ORGANISATION
from shared.contracts.organisation import OrganisationPublished
from shared.lookups import Lookup
from shared.observability.catalogue import gauge
from shared.principal import Principal

if TYPE_CHECKING:
    from shared.db import Database
    from shared.messaging import Consumer, Event, Work

log = structlog.get_logger(__name__)
DISPUTED = gauge(
    "huifang_units_disputed",
    "Units and teams that packs put below different units: they are below none",
    "上下级有争议的单位数",
)
_REVISION = text("SELECT coalesce(sum(version), 0) FROM organisation")
_ALL = text("SELECT told FROM organisation ORDER BY pack")
# of one version's words the longer count: a service of the version before tells and keeps less of them
_KEEP = text("""
    INSERT INTO organisation (pack, version, told) VALUES (:pack, :version, CAST(:told AS jsonb))
    ON CONFLICT (pack) DO UPDATE SET version = excluded.version, told = excluded.told
    WHERE organisation.version < excluded.version
    OR (organisation.version = excluded.version AND NOT organisation.told @> excluded.told)
""")


@dataclass(frozen=True)
class UnitTree:
    """The units and teams right below each unit, and those that packs disagree about."""

    below: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    disputed: frozenset[str] = frozenset()

    def all_below(self, units: Iterable[str]) -> tuple[str, ...]:
        """Whatever is below one of these units, at any depth, sorted; without the units themselves."""
        found: set[str] = set()
        left = list(units)
        while left:
            new = [code for code in self.below.get(left.pop(), ()) if code not in found]
            found.update(new)
            left += new
        return tuple(sorted(found.difference(units)))


def tree_of(organisations: Iterable[OrganisationPublished]) -> UnitTree:
    """The tree that these packs' organisations make together."""
    above: dict[str, set[str]] = {}
    for told in organisations:
        places = [(unit.code, unit.parent) for unit in told.units] + [(team.code, team.unit) for team in told.teams]
        for code, place in places:
            if place and place != code:
                above.setdefault(code, set()).add(place)
    below: dict[str, tuple[str, ...]] = {}
    for code, places_of in above.items():
        if len(places_of) == 1:
            (place,) = places_of
            below[place] = (*below.get(place, ()), code)
    return UnitTree(below, frozenset(code for code, places_of in above.items() if len(places_of) > 1))


class KeptUnits:
    """The tree of this process, as its service's database knows it."""

    def __init__(self, db: "Database") -> None:
        self.tree = Lookup(db, _REVISION, _read_tree, UnitTree())
        self._reached_in = UnitTree()
        self._reach: dict[tuple[str, ...], tuple[str, ...]] = {}

    async def placed(self, principal: Principal) -> Principal:
        """With what is below their units; who is limited to none costs no look."""
        if not principal.units:
            return principal
        tree = await self.tree.current()
        if tree is not self._reached_in:
            self._reached_in, self._reach = tree, {}
        if principal.units not in self._reach:
            self._reach[principal.units] = tree.all_below(principal.units)
        return replace(principal, below=self._reach[principal.units])

    def forget(self) -> None:
        """Look again at the next question."""
        self.tree.forget()


async def _read_tree(session: AsyncSession) -> UnitTree:
    tree = tree_of(await list_organisations(session))
    DISPUTED.set(len(tree.disputed))
    if tree.disputed:
        log.warning("units_disputed", codes=sorted(tree.disputed)[:20])
    return tree


async def list_organisations(session: AsyncSession) -> list[OrganisationPublished]:
    """What is known of every pack's organisation."""
    return [OrganisationPublished.model_validate(told) for told in (await session.execute(_ALL)).scalars()]


async def keep_organisation(session: AsyncSession, told: OrganisationPublished) -> None:
    """Keep what a pack says; told again, or late, or by a service that knows less of it, changes nothing."""
    values = {"pack": told.pack, "version": told.version, "told": told.model_dump_json()}
    await session.execute(_KEEP, values)


def keeps_organisations(consumer: "Consumer") -> None:
    """Let a service's consumer keep the organisation."""
    consumer.topics = [*consumer.topics, ORGANISATION]

    @consumer.on("organisation.published")
    async def keep(work: "Work", events: "Sequence[Event]") -> None:
        for event in events:
            await keep_organisation(work.session, event.read(OrganisationPublished))
