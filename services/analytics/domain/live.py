"""Which part of whose pages new figures concern."""

from collections.abc import Collection

FIGURES = "figures"
PARTS = frozenset((FIGURES,))


def concerns(visible: Collection[str], branches: Collection[str]) -> frozenset[str]:
    """The parts of the page of somebody who sees these branches (none = all) that new figures of `branches` concern."""
    return PARTS if not visible or not set(visible).isdisjoint(branches) else frozenset()
