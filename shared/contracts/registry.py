"""Look-ups over the declared contracts; importing this module finds them all."""

import importlib
import pkgutil
from functools import cache

import shared.contracts as package
from shared.contracts.base import CONTRACTS, Contract, EventData

HELPERS = {"base", "registry", "common", "generate", "words"}


@cache
def _loaded() -> dict[str, Contract]:
    for module in pkgutil.iter_modules(package.__path__):
        if module.name not in HELPERS:
            importlib.import_module(f"shared.contracts.{module.name}")
    return CONTRACTS


def all_contracts() -> list[Contract]:
    """Every declared contract, by name."""
    return [_loaded()[name] for name in sorted(_loaded())]


def by_name(name: str) -> Contract | None:
    return _loaded().get(name)


@cache
def _by_type() -> dict[str, Contract]:
    return {declared.type: declared for declared in all_contracts()}


@cache
def _by_model() -> dict[type[EventData], Contract]:
    return {declared.model: declared for declared in all_contracts()}


def by_type(wire: str) -> Contract | None:
    return _by_type().get(wire)


def by_model(model: type[EventData]) -> Contract:
    """The contract of an event's model class. Raises KeyError for a class that is not an event."""
    return _by_model()[model]


def wire_type(name: str) -> str:
    """Short name → wire type; a name nobody declared (or a wire type) is returned as it is."""
    declared = by_name(name)
    return declared.type if declared else name


def short_name(wire: str) -> str:
    """Wire type → short name; a type nobody declared is returned as it is."""
    declared = by_type(wire)
    return declared.name if declared else wire


def topics() -> list[str]:
    """Names of all event topics (without prefix and without dead-letter topics)."""
    return sorted({declared.topic for declared in all_contracts()})
