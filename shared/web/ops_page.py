"""The operators' page: how every service does, and what to do about dead letters; a panel of each service, asked every 5 s.

At the gateway, behind the front door, it has the panels of all services; elsewhere that of the service itself.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from prometheus_client import REGISTRY

from shared.auth import Principal, Role, require_whole_organisation
from shared.deployments import Deployment, latest_deployments
from shared.erasure.kept import progress
from shared.http import ReadSession
from shared.messaging import dead_letters
from shared.messaging.dead_letters import DeadLetter
from shared.observability.build import built_version
from shared.observability.measures import measure
from shared.readiness import not_ready
from shared.runtime import Line, Runtime
from shared.web.addresses import panels_of
from shared.web.erasure_progress import erasure_lines
from shared.web.render import render
from shared.zone import ORG_ZONE

router = APIRouter(include_in_schema=False)
Reader = Annotated[Principal, Depends(require_whole_organisation(Role.OPS, Role.AUDITOR))]
ROWS = 20
LATE_ROUNDS = 3  # of a job's interval, and at least
LATE_SECONDS = 60.0
MUCH_LAG, OLD_SECONDS = 10_000, 60.0
_METRICS = {"lag": "huifang_consumer_lag_messages", "rows": "huifang_outbox_rows", "age": "huifang_outbox_age_seconds",
            "success": "huifang_job_last_success_timestamp_seconds", "failures": "huifang_job_failures_total",
            "every": "huifang_job_interval_seconds"}  # fmt: skip


@router.get("/ops")
async def ops_page(request: Request, reader: Reader) -> Response:
    return render(request, "ops.html", panels=panels_of(request), may_settle=reader.may(Role.OPS))


@router.get("/fragments/ops")
async def ops_fragment(request: Request, session: ReadSession, _: Reader) -> Response:
    """How this process does, by what it measures of itself, and its service's dead letters by reason."""
    runtime: Runtime = request.app.state.runtime
    await measure(runtime)
    reasons = await not_ready(runtime)
    consumers = [runner.consumer.id for runner in runtime.consumers]
    jobs = list(_jobs(runtime))
    parts = [await tell(runtime, session) for tell in runtime.service.ops]
    return render(
        request,
        "fragments/ops.html",
        title=runtime.service.title,
        reasons=reasons,
        lines=[
            *_about(runtime),
            *_consumers(runtime),
            *_outbox(runtime.service.name),
            *erasure_lines(await progress(session), runtime.clock.machine()),
            *(line for part in parts for line in part),
        ],
        jobs=jobs,
        late=sum(job.mark == "bad" for job in jobs),
        deployed=[_deployed(each, runtime.clock.machine()) for each in await latest_deployments(session)],
        moment=shown_moment,
        groups=await dead_letters.count_by_reason(session, consumers),
    )


@router.get("/fragments/ops/letters")
async def letters_fragment(
    request: Request, session: ReadSession, reader: Reader, reason: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """The oldest open dead letters of one kind of error."""
    consumers = [runner.consumer.id for runner in request.app.state.runtime.consumers]
    found = await dead_letters.list_dead_letters(session, consumers, "open", None, ROWS + 1, reason)
    return render(
        request,
        "fragments/ops_letters.html",
        title=request.app.state.service.title,
        reason=reason,
        letters=[_letter(letter) for letter in found[:ROWS]],
        more=len(found) > ROWS,
        may_settle=reader.may(Role.OPS),
    )


def _letter(letter: DeadLetter) -> dict[str, Any]:
    record = letter.record
    return {
        "id": letter.id,
        "type": letter.event_type,
        "event": letter.event_id,
        "error": letter.error,
        "attempts": letter.attempts,
        "origin": f"{record.topic}/{record.partition}/{record.offset}",
        "preview": letter.preview(),
        "at": shown_moment(letter.created_at),
    }


def _about(runtime: Runtime) -> Iterator[Line]:
    build = _build(built_version(), runtime.settings.build_commit)
    yield Line("版本", f"{build}，{shown_moment(runtime.started_at)} 启动")


def _build(version: str, commit: str) -> str:
    return f"{version}（{commit[:12]}）" if commit else version


def _deployed(one: Deployment, now: datetime) -> Line:
    until = "现在在运行" if one.runs(now) else f"最后运行于 {shown_moment(one.last_at)}"
    return Line(_build(one.version, one.commit), f"{shown_moment(one.first_at)} 上线，{until}")


def _consumers(runtime: Runtime) -> Iterator[Line]:
    for runner in runtime.consumers:
        lag = int(_sample("lag", consumer=runner.consumer.id))
        if runner.halted:
            yield Line(f"消费 {runner.consumer.id}", f"已停止：{runner.halted}", "bad")
        elif not runner.joined:
            yield Line(f"消费 {runner.consumer.id}", "正在加入消费组", "warn")
        else:
            yield Line(f"消费 {runner.consumer.id}", f"滞后 {lag:,} 条", "warn" if lag > MUCH_LAG else "good")


def _outbox(service: str) -> Iterator[Line]:
    rows, age = int(_sample("rows", service=service)), _sample("age", service=service)
    words = f"积压 {rows:,} 条，最老 {age:.0f} 秒" if rows else "没有积压"
    yield Line("发件箱", words, "warn" if age > OLD_SECONDS else "good")


def _jobs(runtime: Runtime) -> Iterator[Line]:
    service, now = runtime.service.name, runtime.clock.machine()
    for name in runtime.jobs_running:
        every = _sample("every", service=service, job=name)
        last = datetime.fromtimestamp(_sample("success", service=service, job=name), UTC)
        failures = int(_sample("failures", service=service, job=name))
        is_late = (now - last).total_seconds() > max(LATE_SECONDS, LATE_ROUNDS * every)
        failed = f"，失败 {failures:,} 次" if failures else ""
        yield Line(name, f"每 {every:g} 秒，最近成功 {shown_moment(last)}{failed}", "bad" if is_late else "good")


def _sample(which: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(_METRICS[which], labels) or 0.0


def shown_moment(at: datetime) -> str:
    return f"{at.astimezone(ORG_ZONE):%m-%d %H:%M:%S}"
