"""The public language: one module per producer, a pydantic model per event, a golden example beside each.

Additive within a version: fields may be added with a default, never removed or narrowed; readers ignore what they
don't know. A new event is a decorated class here and `examples/<name>.json`; nothing else has to be registered.
"""

from shared.contracts.base import Contract, EventData, contract
from shared.contracts.registry import all_contracts, by_name, by_type, topics, wire_type

__all__ = ["Contract", "EventData", "all_contracts", "by_name", "by_type", "contract", "topics", "wire_type"]
