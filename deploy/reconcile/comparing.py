"""How two places that should say the same are compared."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

SHOWN = 5


@dataclass(frozen=True)
class Side:
    """What one place says: a name for people, and how often each id was found there."""

    name: str
    found: Counter[str]

    @classmethod
    def of(cls, name: str, ids: Iterable[str]) -> "Side":
        return cls(name, Counter(iter(ids)))


@dataclass(frozen=True)
class Check:
    """`counted` tells what was compared, `mismatches` is empty when it agrees."""

    title: str
    counted: tuple[tuple[str, int], ...]
    mismatches: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        return not self.mismatches


@dataclass(frozen=True)
class Stage:
    """One step of the funnel; a place that does not count it says None."""

    title: str
    topics: int | None
    databases: int | None


def one_to_one(title: str, left: Side, right: Side, tolerated: frozenset[str] = frozenset()) -> Check:
    """Each id once on either side; `tolerated` ids may stand on the right alone."""
    mismatches = [
        listed(f"「{left.name}」有而「{right.name}」没有", left.found.keys() - right.found.keys()),
        listed(f"「{right.name}」有而「{left.name}」没有", right.found.keys() - left.found.keys() - tolerated),
        listed(f"「{left.name}」重复", {found for found, times in left.found.items() if times > 1}),
        listed(f"「{right.name}」重复", {found for found, times in right.found.items() if times > 1}),
    ]
    counted = ((left.name, left.found.total()), (right.name, right.found.total()))
    return Check(title, counted, tuple(filter(None, mismatches)))


def listed(what: str, ids: Iterable[str]) -> str:
    ordered = sorted(ids)
    if not ordered:
        return ""
    more = " …" if len(ordered) > SHOWN else ""
    return f"{what} {len(ordered)} 项：{'、'.join(ordered[:SHOWN])}{more}"


def names(identities: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{source} {event_id}" for source, event_id in identities]
