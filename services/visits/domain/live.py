"""Whose page a change of visits concerns, and which part of it."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

QUEUE, NOTICES = "queue", "notices"  # the rows and counters; what is said of the visit that the agent holds
PARTS = frozenset((QUEUE, NOTICES))


class Looker(NamedTuple):
    """Somebody with a page of visits open; without `teams` of their own they work for every team, without `units` they see
    the whole organisation."""

    id: str
    teams: Collection[str]
    units: Collection[str]


def concerns(who: Looker, changed: Iterable[tuple[str, str, str, str, str]]) -> set[str]:
    """The parts of this page that visits of (branch, team, agent, callback's owner, holder before) concern.

    A queue shows what is somebody's own, and what they might claim by units and teams.
    """
    parts = set()
    for branch, team, agent, owner, held in changed:
        if held == who.id:
            parts.add(NOTICES)
        in_scope = not who.units or branch in who.units or team in who.units
        if who.id in (agent, owner) or (in_scope and (not who.teams or team in who.teams)):
            parts.add(QUEUE)
    return parts
