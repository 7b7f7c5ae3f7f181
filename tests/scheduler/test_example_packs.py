"""What the example packs' own tests let happen, the service plans as the simulation does."""

from pathlib import Path

import pytest

from deploy.commands._pack_files import read_sound_pack
from deploy.local.pack_folder import read_files
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.packs.scenario_file import read_scenarios
from services.scheduler.domain.simulation import rehearsal
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.simulation.rehearsal import books_of, rehearse
from services.scheduler.domain.simulation.scenario import Scenario
from shared.clock import ManualClock
from shared.contracts.base import INTAKE
from shared.contracts.registry import by_name
from shared.messaging import Event
from shared.testing import Served
from shared.testing.events import example
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import rows
from tests.scheduler.test_pack_tests import EXAMPLES
from tests.scheduler.test_simulation_agrees import Service

FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/pack.yaml"))
PLAN = (
    "SELECT event_id, policy_id, body->>'step', due_at, deadline_at, (body->>'warn_at')::timestamptz, state, reason "
    "FROM task ORDER BY id"
)


class _Heard(Simulation):
    """A simulation that keeps what happened in it."""

    ran: "list[_Heard]" = []

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.facts: list[Fact] = []
        self.ran.append(self)

    def happen(self, fact: Fact) -> None:
        self.facts.append(fact)
        super().happen(fact)


def _cases() -> list[object]:
    found = []
    for folder in FOLDERS:
        policies = {policy.id for policy in read_sound_pack(folder).policies}
        scenarios = read_scenarios(read_files(folder), policies, [])
        found += [pytest.param(folder, one, id=f"{folder.name}-{one.clause}-{one.line}") for one in scenarios]
    return found


def _event(fact: Fact) -> Event:
    """Of the platform's own events with whatever else their contract requires."""
    declared, data = by_name(fact.name), dict(fact.data)
    if declared and declared.topic != INTAKE:
        fields = declared.model.model_fields
        data = {name: value for name, value in example(fact.name).items() if fields[name].is_required()} | data
    return Event(
        fact.id, fact.source, fact.type, fact.at, fact.customer_id or fact.id, data, "", fact.lineage or fact.id
    )


@pytest.mark.parametrize(("folder", "scenario"), _cases())
async def test_the_service_plans_what_the_packs_own_test_expects(
    folder: Path, scenario: Scenario, empty: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "Simulation", _Heard)
    pack = read_sound_pack(folder)
    assert rehearse(scenario, books_of(pack.policies, pack.kinds)) == []
    simulation = _Heard.ran.pop()
    clock.move_to(min(step.heard_at for step in scenario.steps))
    await apply(empty, read_files(folder), folder.name)
    service = Service(empty, clock)
    await empty.run_job("walk")
    heard = {step.id: step.heard_at for step in scenario.steps}
    for fact in simulation.facts:
        await service.pass_time(heard[fact.id])
        await service.take(_event(fact))
    await service.pass_time(scenario.until or clock.now())
    simulation.advance(clock.now())
    planned = sorted(simulation.tasks.values(), key=lambda task: task.id)
    assert [tuple(row) for row in await rows(empty, PLAN)] == [
        (one.event_id, one.policy_id, one.step, one.due_at, one.deadline_at, one.warn_at, one.state, one.reason)
        for one in planned
    ]
    assert await empty.dead_letters() == []
