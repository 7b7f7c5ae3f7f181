"""A trial run: a file of facts against a pack, nothing kept."""

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import typer

from deploy.commands._pack_files import read_sound_pack
from deploy.commands._pack_tables import show_trial
from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.simulation import Simulation, simulated_fact
from services.scheduler.domain.task import Task
from services.scheduler.domain.trial import CALLS_PER_AGENT, summarise
from shared.zone import ORG_ZONE

NEEDED = ("id", "source", "type", "time")


class BadFact(ValueError):
    """A line of the file is no fact; the text says which and why."""


class Line(NamedTuple):
    """A fact and where it stands."""

    fact: Fact
    number: int


def run_trial(
    folder: Path, file: Path, since: datetime | None, until: datetime | None, jsonl: bool, agents: Sequence[str]
) -> bool:
    """Print the plan; False when an option or a line of the file can't be read.

    Facts before `since` are taken in as well, so that caps and merges know of them; only their plan is not shown.
    """
    since, until = _local(since), _local(until)
    pack = read_sound_pack(folder)
    simulation = Simulation(PolicyBook(pack.policies, kinds=pack.kinds))
    try:
        seats = _seats(agents)
        with file.open("rb") as lines:
            facts = sorted(_read(lines), key=lambda line: line.fact.at)
        _run(simulation, [line for line in facts if until is None or line.fact.at < until])
    except BadFact as error:
        typer.secho(str(error), fg="red", err=True)
        return False
    trial = summarise(simulation, since, until, seats, CALLS_PER_AGENT)
    if jsonl:
        for task in trial.tasks:
            sys.stdout.buffer.write(orjson.dumps(_row(task), option=orjson.OPT_APPEND_NEWLINE))
    else:
        show_trial(trial)
    return True


def _local(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=ORG_ZONE) if at and at.tzinfo is None else at


def _seats(agents: Sequence[str]) -> dict[str, int]:
    seats = {}
    for each in agents:
        team, _, count = each.rpartition("=")
        if not team or not count.isdigit():
            raise BadFact(f"--agents 应写成 班组=人数，如 hotline=4，现在是 {each!r}")
        seats[team] = int(count)
    return seats


def _read(lines: Any) -> Iterator[Line]:
    for number, text in enumerate(lines, 1):
        if text.strip():
            yield Line(_fact(text, number), number)


def _fact(text: bytes, number: int) -> Fact:
    try:
        event = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadFact(f"第 {number} 行不是 JSON：{error}") from error
    if not isinstance(event, dict) or not all(isinstance(event.get(name), str) and event[name] for name in NEEDED):
        raise BadFact(f"第 {number} 行应是 CloudEvents，有 {'、'.join(NEEDED)} 和 data")
    if not isinstance(event.get("data"), dict):
        raise BadFact(f"第 {number} 行的 data 应是 JSON 对象")
    try:
        at = datetime.fromisoformat(event["time"])
    except ValueError as error:
        raise BadFact(f"第 {number} 行的 time 应写成 2026-03-06T15:00:00+08:00，现在是 {event['time']!r}") from error
    if at.tzinfo is None:
        raise BadFact(f"第 {number} 行的 time 缺少时区，如 +08:00")
    lineage = str(event.get("lineageid", ""))
    return simulated_fact(event["id"], event["source"], event["type"], at, event["data"], lineage)


def _run(simulation: Simulation, lines: Sequence[Line]) -> None:
    with typer.progressbar(lines, label="试算", file=sys.stderr, update_min_steps=500) as progress:
        for line in progress:
            try:
                simulation.happen(line.fact)
            except (
                KeyError,
                ValueError,
                TypeError,
                AttributeError,
            ) as error:  # an event of the platform without what it always has
                raise BadFact(f"第 {line.number} 行的 {line.fact.name} 缺少或写错了 {error}") from error
    simulation.finish()


def _row(task: Task) -> dict[str, Any]:
    return {
        "task": str(task.id),
        "policy": task.policy_id,
        "combined": task.combined,
        "fact": task.event_id,
        "matters": [matter["event_id"] for matter in task.matters],
        "customer": task.customer_id,
        "due": task.due_at.astimezone(ORG_ZONE).isoformat(),
        "deadline": task.deadline_at and task.deadline_at.astimezone(ORG_ZONE).isoformat(),
        "channel": task.channel,
        "team": task.team,
        "questionnaire": task.questionnaire,
        "priority": task.priority,
        "round": task.round,
        "state": task.state,
        "reason": task.reason,
    }
