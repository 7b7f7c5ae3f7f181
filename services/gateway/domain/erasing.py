"""A customer asked that what is kept of them be deleted: what is left of results that were written back."""

from collections.abc import Mapping
from typing import Any

from shared.erasure.scrub import scrubbed_own

_STAYS = frozenset(
    {
        *("case_no", "source", "source_event_id", "visit_no", "complaint_no", "agent_no", "customer_id"),
        *("responsible_unit", "outcome", "satisfaction", "resolution", "unreached_reason"),
    }
)
"""Texts of a result that are codes of the sender's or ours (`writeback.body_of`)."""


def erased_result(body: Mapping[str, Any]) -> dict[str, Any]:
    """A webhook's body with its members, of which texts that are no codes and no moments are empty."""
    return {**body, "data": {name: _left(name, item) for name, item in body["data"].items()}}


def _left(name: str, item: Any) -> Any:
    if isinstance(item, Mapping):
        return {member: _left(member, value) for member, value in item.items()}
    if isinstance(item, list):
        return []
    if not isinstance(item, str) or name in _STAYS:
        return item
    return scrubbed_own([item])[0] if scrubbed_own([item]) else ""
