"""What a running platform has recorded and planned, and how a trial run differs from it."""

from collections.abc import Container, Iterator, Mapping, Sequence, Set
from datetime import date, datetime
from typing import Any
from uuid import UUID

import typer

from deploy.commands._client import answer, every, service_client
from deploy.local.files import read_json
from deploy.local.settings import LocalSettings
from services.scheduler.domain.explain.decision import local_text
from services.scheduler.domain.facts import Identity, identity_in
from services.scheduler.domain.later.erasing import CUSTOMER_ERASED
from services.scheduler.domain.simulation.fact_lines import Line, read_lines
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.task import NAMES, Task
from shared.calendar import BUILT_IN, OfficialYears
from shared.clock import parse_clock

EXPORT_SECONDS = 300
DIFFERENT = 2
MOST_SHOWN = 20
FIELDS = {"policy_id": "策略", "due_at": "最早联系", "deadline_at": "时限", "state": "状态", "reason": "原因"}
UNTIMED = {field: name for field, name in FIELDS.items() if not field.endswith("_at")}


def platform_now() -> datetime:
    """Business time of the running platform, which may be simulated."""
    run = read_json(LocalSettings.from_environment().run_file) or {}
    clock = run.get("clock")
    return (parse_clock(clock["spec"], clock["anchor"]) if clock else parse_clock(None)).now()


def official_years() -> OfficialYears:
    """The official calendar that the platform goes by."""
    official = BUILT_IN
    with service_client("scheduler", "policy_owner") as client:
        for year in answer(client.get("/api/v1/calendars/official")):
            days = {date.fromisoformat(day["day"]): day["worked"] for day in year["days"]}
            official = official.with_year(year["year"], days)
    return official


def recorded_facts(since: datetime, until: datetime) -> list[Line]:
    """The facts that the platform has recorded, and its own events about them."""
    query = {"from": since.isoformat(), "to": until.isoformat()}
    with (
        service_client("scheduler", "policy_owner") as client,
        client.stream("GET", "/api/v1/facts", params=query, timeout=EXPORT_SECONDS) as response,
    ):
        if not response.is_success:
            typer.secho(f"取不到事实（HTTP {response.status_code}）：{response.read().decode()}", fg="red", err=True)
            raise typer.Exit(1)
        return read_lines(line.encode() for line in response.iter_lines())


def show_differences(simulation: Simulation, lines: Sequence[Line]) -> int:
    """Print how the tasks of these facts differ from the platform's; returns the exit code.

    The tasks of customers who were erased are counted, not compared: when the platform goes over its tables for them is
    not recorded, and what it heard of them later says codes alone.
    """
    facts = {line.fact.identity for line in lines}
    facts |= {(event_id, "") for event_id, _ in facts}  # matters planned before they said their source
    erasures = {line.fact.at: line.fact.data["customer_id"] for line in lines if line.fact.name == CUSTOMER_ERASED}
    with service_client("scheduler", "policy_owner") as client:
        planned = {UUID(task["id"]): task for task in every(client, "/api/v1/tasks") if _is_of(task, facts)}
    tried = {task.id: task for task in simulation.tasks.values()}
    gone = {one for one, task in tried.items() if task.customer_id in erasures.values()}
    gone |= {one for one, task in planned.items() if task["customer_id"] in erasures.values()}
    both = (tried.keys() & planned.keys()) - gone
    held = {one for one in both if _was_held(tried[one], planned[one])}
    fields = dict.fromkeys(both, FIELDS) | dict.fromkeys(_in_place(simulation, erasures), UNTIMED)
    unlike = {one: rows for one in both - held if (rows := _unlike(tried[one], planned[one], fields[one]))}
    only_tried = sorted(tried.keys() - planned.keys() - gone)
    only_planned = sorted(planned.keys() - tried.keys() - gone)
    alike = len(both) - len(unlike) - len(held)
    typer.echo(f"试算 {len(tried)} 个任务，平台 {len(planned)} 个：相同 {alike} 个，不同 {len(unlike)} 个，")
    typer.echo(f"只在试算中 {len(only_tried)} 个，只在平台上 {len(only_planned)} 个。")
    if held:
        typer.echo(f"另有 {len(held)} 个在平台上到下达时已过接触时段，顺延到下一时段，其余相同。")
    if gone:
        typer.echo(f"另有 {len(gone)} 个任务的客户已按本人要求删除个人信息，不作比较。")
    for task_id in sorted(unlike)[:MOST_SHOWN]:
        typer.echo(f"  不同 {task_id} {tried[task_id].event_id}：{'；'.join(unlike[task_id])}")
    for task_id in only_tried[:MOST_SHOWN]:
        task = tried[task_id]
        typer.echo(f"  只在试算中 {task_id} {task.policy_id} {task.event_id} {local_text(task.due_at)}")
    for task_id in only_planned[:MOST_SHOWN]:
        found = planned[task_id]
        fact = found["matters"][0]["event_id"]
        typer.echo(f"  只在平台上 {task_id} {found['policy_id']} {fact} {local_text(found['due_at'])}")
    return DIFFERENT if unlike or only_tried or only_planned else 0


def _in_place(simulation: Simulation, erasures: Container[datetime]) -> Iterator[UUID]:
    """The tasks of those who were called from a reserve in place of somebody erased.

    The platform calls them once it has gone over its tables, a little after it was asked; their times count from then.
    """
    for decision in simulation.decisions.values():
        called = decision.occasion
        if called is not None and called.reason == "reserve" and called.moment in erasures:
            yield from (task.id for task in decision.tasks)


def _is_of(task: dict[str, Any], facts: Set[Identity]) -> bool:
    return any(identity_in(matter) in facts for matter in task["matters"])


def _was_held(task: Task, planned: dict[str, Any]) -> bool:
    """Whether the platform came to release it only after its window had closed, and that is all they differ in.

    A trial releases at the very moment; a platform that was down or slow waits for the next window, into which other
    matters may come that were another contact's in the trial.
    """
    if planned["held_until"] is None or datetime.fromisoformat(planned["due_at"]) <= task.due_at:
        return False
    return not _unlike(task, planned | {"due_at": task.due_at.isoformat()})


def _unlike(task: Task, planned: dict[str, Any], fields: Mapping[str, str] = FIELDS) -> list[str]:
    rows = []
    for field, name in fields.items():
        tried, real = _shown(getattr(task, field), field), _shown(planned[field], field)
        if tried != real:
            rows.append(f"{name} 试算 {tried}，平台 {real}")
    return rows


def _shown(value: Any, field: str) -> str:
    if value in (None, ""):
        return "无"
    if field.endswith("_at"):
        return local_text(value)
    return NAMES.get(value, value) if field == "state" else str(value)
