"""A trial run: facts of a file, or those that the platform has recorded, against a pack; nothing is kept."""

import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import typer

from deploy.commands._pack_files import read_sound_pack
from deploy.commands._pack_tables import show_trial
from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.simulation.fact_lines import BadFact, Line, play, read_lines
from services.scheduler.domain.simulation.limits import Limits
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.simulation.trial import CALLS_PER_AGENT, lead_of, summarise
from services.scheduler.domain.task import Task
from shared.calendar import BUILT_IN, OfficialYears
from shared.process_limits import OutOfTime, limited
from shared.zone import ORG_ZONE


@dataclass(frozen=True)
class Wanted:
    """What the caller asked for; without a file the facts of the last `days` come from the platform."""

    folder: Path
    file: Path | None
    days: int
    since: datetime | None
    until: datetime | None
    jsonl: bool
    agents: Sequence[str]
    compare: bool
    years: Sequence[Path]


def run_trial(wanted: Wanted, limits: Limits = Limits()) -> int:
    """Print the plan, or how it differs from the platform's; returns the exit code. A trial takes no more here than in
    the service.
    """
    try:
        with limited(limits.memory, limits.cpu):
            return _run(wanted)
    except MemoryError:
        typer.secho(limits.too_much, fg="red", err=True)
    except OutOfTime:
        typer.secho(limits.too_long, fg="red", err=True)
    return 1


def _run(wanted: Wanted) -> int:
    """Facts before `since` are taken in as well, so that caps and merges know of them; only their plan is not shown."""
    since, until = _local(wanted.since), _local(wanted.until)
    pack = read_sound_pack(wanted.folder, wanted.years, BUILT_IN if wanted.file else _platform_years())
    simulation = Simulation(PolicyBook(pack.policies, kinds=pack.kinds))
    try:
        seats = {team.code: team.agents for team in pack.organisation.teams.values()} | _seats(wanted.agents)
        if wanted.file is None:
            since, now, lines = _recorded(wanted.days, since, until, lead_of(pack.policies))
        else:
            now, lines = None, _read(wanted.file)
        lines = [line for line in lines if until is None or line.fact.at < until]
        _play(simulation, lines, now if wanted.compare else until or now)
        if not wanted.compare:
            simulation.finish()
    except BadFact as error:
        typer.secho(str(error), fg="red", err=True)
        return 1
    if wanted.compare:
        return _compared(simulation, lines)
    _show(summarise(simulation, since, until, seats, CALLS_PER_AGENT), wanted.jsonl)
    return 0


def _read(file: Path) -> list[Line]:
    with file.open("rb") as texts:
        return read_lines(texts)


def _platform_years() -> OfficialYears:
    from deploy.commands._platform_plan import official_years

    return official_years()


def _recorded(
    days: int, since: datetime | None, until: datetime | None, lead: timedelta
) -> tuple[datetime, datetime, Iterable[Line]]:
    """Since when to show the plan, the platform's time, and its facts with those of the `lead` before."""
    from deploy.commands._platform_plan import platform_now, recorded_facts

    now = platform_now()
    first = since or now - timedelta(days=days)
    return first, now, recorded_facts(first - lead, until or now)


def _compared(simulation: Simulation, lines: Sequence[Line]) -> int:
    from deploy.commands._platform_plan import show_differences

    return show_differences(simulation, lines)


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


def _play(simulation: Simulation, lines: Sequence[Line], until: datetime | None) -> None:
    with ExitStack() as stack:
        bar = stack.enter_context(typer.progressbar(length=len(lines), label="试算", file=sys.stderr))
        play(simulation, lines, lambda done: bar.update(done - bar.pos), until)


def _show(trial: Any, jsonl: bool) -> None:
    if not jsonl:
        show_trial(trial)
        return
    for task in trial.tasks:
        sys.stdout.buffer.write(orjson.dumps(_row(task), option=orjson.OPT_APPEND_NEWLINE))


def _row(task: Task) -> dict[str, Any]:
    return {
        "task": str(task.id),
        "policy": task.policy_id,
        "step": task.step,
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
