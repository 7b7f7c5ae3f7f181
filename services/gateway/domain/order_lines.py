"""The lines of an order that a system pushes: as many as an event holds. Nobody waits for the answer to a push, so that an
order refused for its length would be lost.
"""

import msgspec
import orjson

from services.gateway.domain.facts import Candidate
from services.gateway.domain.faults import MOST_BYTES
from services.gateway.domain.problems import FieldError
from shared.contracts.intake import MOST_LINES
from shared.contracts.registry import wire_type

ORDER = wire_type("order.completed")


def with_first_lines(candidate: Candidate) -> Candidate:
    """The candidate with as many of its first lines as its contract and its size (bytes of JSON) allow; it is noted how many
    are left out.
    """
    lines = candidate.data.get("lines")
    if candidate.type != ORDER or not isinstance(lines, list):
        return candidate
    room = MOST_BYTES - len(orjson.dumps(candidate.data | {"lines": []}))
    kept = 0
    for line in lines[:MOST_LINES]:
        room -= len(orjson.dumps(line)) + 1  # and its comma
        if room < 0:
            break
        kept += 1
    if kept == len(lines):
        return candidate
    note = FieldError("data.lines", f"共 {len(lines)} 行，只接收了前 {kept} 行")
    return msgspec.structs.replace(
        candidate, data=candidate.data | {"lines": lines[:kept]}, notes=(*candidate.notes, note)
    )
