"""Facts as JSON lines: one CloudEvents object a line, and a simulation played with them.

`recordedtime` (a CloudEvents extension) is when the platform took the event in; without it, that is the event's own time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from services.scheduler.domain.facts import Fact
from services.scheduler.domain.simulation.facts import simulated_fact
from services.scheduler.domain.simulation.plan import Simulation
from shared.moments import sensible
from shared.process_limits import ask_for_room
from shared.texts import faults_in_json

NEEDED = ("id", "source", "type", "time")
STEP = 500
OFTEN, LONG = 100, 10_000  # lines, and bytes of a line, after which there must be room for more
LONGEST = 1 << 20  # bytes of a line: no door takes a larger fact
BROKEN = (KeyError, ValueError, TypeError, AttributeError, OverflowError)


class BadFact(ValueError):
    """A line is no fact; the text says which and why."""


class Line(NamedTuple):
    """A fact, when it was heard of, and where it stands."""

    fact: Fact
    heard_at: datetime
    number: int


def read_lines(texts: Iterable[bytes]) -> list[Line]:
    """The facts in the order they were heard of. Raises BadFact."""
    return sorted(_read(texts), key=lambda line: line.heard_at)


def play(
    simulation: Simulation, lines: Sequence[Line], progress: Callable[[int], None], until: datetime | None = None
) -> None:
    """Let the facts happen as they were heard of, then time pass to `until`, or until nothing is planned any more.

    Raises BadFact.
    """
    for done, line in enumerate(lines, 1):
        simulation.advance(line.heard_at)
        try:
            simulation.happen(line.fact)
        except BROKEN as error:  # an event of the platform without what it always has
            raise BadFact(f"第 {line.number} 行的 {line.fact.name} 缺少或写错了 {error}") from error
        if not done % STEP:
            progress(done)
    progress(len(lines))
    if until is None:
        simulation.finish()
    else:
        simulation.advance(until)


def _read(texts: Iterable[bytes]) -> Iterator[Line]:
    for number, text in enumerate(texts, 1):
        if text.strip():
            yield _line(text, number)


def _line(text: bytes, number: int) -> Line:
    if len(text) > LONGEST:
        raise BadFact(f"第 {number} 行超过 {LONGEST >> 20} MB")
    for field, fault in faults_in_json(text):
        raise BadFact(f"第 {number} 行的 {field} {fault}")
    if number % OFTEN == 1 or len(text) > LONG:
        ask_for_room(16 * (len(text) + OFTEN * LONG))
    try:
        event = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadFact(f"第 {number} 行不是 JSON：{error}") from error
    if not isinstance(event, dict) or not all(isinstance(event.get(name), str) and event[name] for name in NEEDED):
        raise BadFact(f"第 {number} 行应是 CloudEvents，有 {'、'.join(NEEDED)} 和 data")
    if not isinstance(event.get("data"), dict):
        raise BadFact(f"第 {number} 行的 data 应是 JSON 对象")
    at = _moment(event, "time", number)
    heard_at = _moment(event, "recordedtime", number) if event.get("recordedtime") else at
    lineage = str(event.get("lineageid", ""))
    fact = simulated_fact(event["id"], event["source"], event["type"], at, event["data"], lineage)
    return Line(fact, max(at, heard_at), number)


def _moment(event: dict[str, Any], name: str, number: int) -> datetime:
    try:
        at = datetime.fromisoformat(event[name])
    except (ValueError, TypeError) as error:
        shown = f"{event[name]!r}"
        raise BadFact(f"第 {number} 行的 {name} 应写成 2026-03-06T15:00:00+08:00，现在是 {shown}") from error
    if at.tzinfo is None:
        raise BadFact(f"第 {number} 行的 {name} 缺少时区，如 +08:00")
    try:
        return sensible(at)
    except ValueError as error:
        raise BadFact(f"第 {number} 行的 {name} 有误：{error}") from error
