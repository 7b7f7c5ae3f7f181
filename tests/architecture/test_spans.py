"""A matter has one trace: from the sender's request over the decision, the release, the call and the case to the write-back."""

import io
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from deploy.commands.trace import by_trace, read_spans, trace_id_of_lineage, tree_of
from shared.clock import ManualClock
from shared.messaging.event import Event
from shared.observability.spans import NoTracing
from shared.observability.tracing import trace_of_lineage
from shared.testing import Served, example, serve
from tests.architecture.parts import create_app, settings_class
from tests.architecture.test_once_and_versions import PACK
from tests.architecture.test_trace import TRACE_ID, TRACEPARENT
from tests.visits.conftest import UNHAPPY, Desk

Dsn = Callable[[str], Awaitable[str]]
Span = dict[str, Any]
THROUGH = ("gateway", "scheduler", "visits", "complaints")


def fact(number: int) -> dict[str, Any]:
    data = example("repair.closed", work_order_no=f"WX-{number}")
    return {"specversion": "1.0", "id": f"r{number}", "source": "/erp/1", "type": "repair.closed", "data": data}


class House:
    """Four services that trace into files."""

    def __init__(self, served: dict[str, Served], folder: Path, clock: ManualClock) -> None:
        self.served, self.folder, self.clock = served, folder, clock

    def spans(self) -> list[Span]:
        """What the services have recorded, sent out now."""
        for one in self.served.values():
            one.runtime.tracing.provider.force_flush()
        lines = [line for path in sorted(self.folder.iterdir()) for line in path.read_text().splitlines()]
        return [json.loads(line) for line in lines]

    async def post(self, *numbers: int, **headers: str) -> list[Event]:
        async with self.served["gateway"].client("integrator", **headers) as client:
            for number in numbers:
                assert (await client.post("/api/v1/events", json=fact(number))).status_code == 202
        return await self.served["gateway"].published("repair.closed")

    async def whole_story(self) -> str:
        """A repair is followed up, the customer dissatisfied, and a case opened; returns the lineage."""
        gateway, scheduler, visits, complaints = (self.served[name] for name in THROUGH)
        (closed,) = await self.post(1, traceparent=TRACEPARENT)
        async with scheduler.client("policy_owner") as owner:
            assert (await owner.post("/api/v1/packs", json=PACK)).status_code == 200
        await scheduler.deliver(closed)
        self.clock.advance(timedelta(days=1, hours=1))
        await scheduler.run_job("release")
        desk = Desk(visits, self.clock)
        await desk.publish("gas-repair")
        await visits.deliver(*await scheduler.published("followup.released"))
        async with desk.agent("1001") as agent:
            (visit,) = (await agent.post("/api/v1/visits/claim", json={"limit": 1})).json()["items"]
        answer = await desk.attempt(
            visit["id"], result="completed", answers=UNHAPPY | {"fixed": "yes", "on_time": "yes"}
        )
        assert answer.status_code == 201, answer.text
        await complaints.deliver(*await visits.published("visit.dissatisfied"))
        await gateway.deliver(*await complaints.published("complaint.opened"))
        return closed.lineage


@pytest.fixture
async def house(service_dsn: Dsn, clock: ManualClock, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    folder = tmp_path / "spans"
    ratio = getattr(request, "param", 1.0)
    async with AsyncExitStack() as stack:
        served = {}
        for name in THROUGH:
            options = {"trace_ratio": ratio, "trace_file": folder / f"{name}.jsonl"}
            opened = serve(create_app(name), settings_class(name), await service_dsn(name), clock=clock, **options)
            served[name] = await stack.enter_async_context(opened)
        yield House(served, folder, clock)


def hexed(number: int, digits: int) -> str:
    return f"0x{number:0{digits}x}"


async def test_one_trace_goes_through_the_services_from_the_request_to_the_case(house: House) -> None:
    trace_id, first = trace_of_lineage(await house.whole_story())
    spans = [span for span in house.spans() if span["context"]["trace_id"] == hexed(trace_id, 32)]
    services = {span["resource"]["attributes"]["service.name"] for span in spans}
    assert services == {f"huifang-{name}" for name in THROUGH}
    names = [span["name"] for span in spans]
    for name in ("tell repair.closed", "take repair.closed", "tell followup.released", "take followup.released",
                 "tell visit.dissatisfied", "take visit.dissatisfied", "take complaint.opened"):  # fmt: skip
        assert name in names
    assert [span["name"] for span in spans if span["parent_id"] is None] == ["tell repair.closed"]
    known = {span["context"]["span_id"] for span in spans}
    assert hexed(first, 16) in known
    assert all(span["parent_id"] in known for span in spans if span["parent_id"])


async def test_the_first_span_is_linked_with_the_senders_request_and_taking_effect_with_its_batch(house: House) -> None:
    lineage = await house.whole_story()
    spans = house.spans()
    (request,) = [span for span in spans if span["name"] == "POST /api/v1/events"]
    assert request["context"]["trace_id"] == f"0x{TRACE_ID}"
    (told,) = [span for span in spans if span["name"] == "tell repair.closed"]
    assert [link["context"]["span_id"] for link in told["links"]] == [request["context"]["span_id"]]
    assert told["attributes"]["huifang.lineage"] == lineage
    (taken,) = [span for span in spans if span["name"] == "take visit.dissatisfied"]
    (batch,) = [span for span in spans if span["context"]["span_id"] == taken["links"][0]["context"]["span_id"]]
    assert batch["name"] == "batch complaints"
    assert batch["links"][0]["context"]["trace_id"] == taken["context"]["trace_id"]


async def test_a_batchs_statements_have_spans_below_its_own_and_are_few(house: House) -> None:
    """One for the batch, not one for each of its events."""
    told = await house.post(*range(20))
    async with house.served["scheduler"].client("policy_owner") as owner:
        assert (await owner.post("/api/v1/packs", json=PACK)).status_code == 200
    await house.served["scheduler"].deliver(*told)
    spans = house.spans()
    (batch,) = [span for span in spans if span["name"] == "batch scheduler"]
    statements = [span["name"] for span in spans if span["parent_id"] == batch["context"]["span_id"]]
    assert "INSERT inbox" in statements, statements
    assert any("outbox" in name for name in statements)
    assert len(statements) < len(told)
    (request, *_) = [span for span in spans if span["name"] == "POST /api/v1/events"]
    assert [span for span in spans if span["parent_id"] == request["context"]["span_id"]], "requests', too"


async def test_no_span_holds_anything_of_the_customer(house: House) -> None:
    await house.whole_story()
    customer = example("repair.closed")["customer"]
    text = json.dumps(house.spans(), ensure_ascii=False)
    for needle in (customer["name"], customer["phone"], UNHAPPY["complaint"]):
        assert needle not in text


@pytest.mark.parametrize("house", [0.3], indirect=True)
async def test_every_service_samples_the_same_part_of_the_matters(house: House) -> None:
    told = await house.post(*range(40))
    await house.served["scheduler"].deliver(*told)
    spans = house.spans()
    sampled = {event.lineage for event in told if event.traceparent.endswith("-01")}
    assert 0 < len(sampled) < len(told)
    for name in ("tell repair.closed", "take repair.closed"):
        assert {span["attributes"]["huifang.lineage"] for span in spans if span["name"] == name} == sampled
    assert len([span for span in spans if span["name"] == "batch scheduler"]) == 1


async def test_without_a_ratio_nothing_is_traced(service_dsn: Dsn, clock: ManualClock, tmp_path: Path) -> None:
    file = tmp_path / "none.jsonl"
    opened = serve(
        create_app("gateway"), settings_class("gateway"), await service_dsn("gateway"), clock=clock, trace_file=file
    )
    async with opened as served:
        assert type(served.runtime.tracing) is NoTracing
        async with served.client("integrator") as client:
            assert (await client.post("/api/v1/events", json=fact(1))).status_code == 202
    assert not file.exists()


async def test_the_command_shows_the_steps_of_a_matter_below_each_other(house: House) -> None:
    trace_id = trace_id_of_lineage(await house.whole_story())
    house.spans()
    spans = by_trace(read_spans(house.folder))
    assert set(spans) == {trace_id}
    console = Console(file=io.StringIO(), width=200)
    console.print(tree_of(trace_id, spans[trace_id]))
    lines = console.file.getvalue().splitlines()
    assert "complaints" in lines[0]
    assert "gateway tell repair.closed" in lines[1]
    told, taken = (
        next(line for line in lines if name in line) for name in ("tell repair.closed", "take repair.closed")
    )
    assert told.index("tell") < taken.index("take")
    after = lines[lines.index(taken) + 1]
    assert "SQL" in after, "what the database was asked for the batch stands below the event that was in it"
    assert after.index("scheduler") > taken.index("scheduler")


async def test_sampled_events_that_go_to_the_broker_have_a_span_and_others_none(house: House) -> None:
    tracing = house.served["gateway"].runtime.tracing
    with tracing.publish([(TRACEPARENT, "intake-v1"), (TRACEPARENT[:-2] + "00", "intake-v1"), ("", "tasks-v1")]):
        pass
    (span,) = [span for span in house.spans() if span["name"].startswith("publish")]
    assert (span["name"], span["parent_id"]) == ("publish intake-v1", f"0x{TRACEPARENT.split('-')[2]}")
