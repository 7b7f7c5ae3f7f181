"""A running visits service with the gas company's questionnaires, and how tests speak to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.visits.app import create_app
from services.visits.settings import VisitsSettings
from shared.auth import Role, issue_token
from shared.clock import ManualClock
from shared.messaging import Event
from shared.privacy import Sealer
from shared.testing.events import event, example
from shared.testing.served import DATA_KEY, Served, serve

PACK = Path(__file__).parents[2] / "deploy" / "packs" / "r01-gas" / "questionnaires"
SECRET = "a-secret-of-tests-that-is-long-enough-for-hs256"
PHONE = "+8613800138000"
HAPPY = {
    "conduct": "yes",
    "attitude": "good",
    "guidance": "clear",
    "convenience": "fast",
    "satisfaction": "satisfied",
}
UNHAPPY = HAPPY | {"satisfaction": "dissatisfied", "reasons": ["late"], "complaint": "等了一天"}


def released(task_id: str, **changes: Any) -> Event:
    """A released follow-up of customer C1 (or of `customer`), due now and to be done within two days."""
    customer, lineage = changes.pop("customer", "C1"), changes.pop("lineage", f"lineage-{task_id}")
    token = Sealer.from_text(DATA_KEY).seal_phone(PHONE)
    data = example(
        "followup.released",
        task_id=task_id,
        questionnaire="gas-service",
        branch="B1",
        team="hotline",
        priority=5,
        due_at="2026-03-02T10:00:00+08:00",
        released_at="2026-03-02T10:00:00+08:00",
        deadline_at="2026-03-04T10:00:00+08:00",
        customer={"id": customer, "name": "张三", "phone": token, "phone_masked": "138****8000"},
    )
    return event("followup.released", data | changes, key=customer, lineage=lineage)


def cancelled(task_id: str, reason: str = "customer_refused") -> Event:
    return event("followup.cancelled", example("followup.cancelled", task_id=task_id, reason=reason))


def postponed(task_id: str, reason: str = "paused", **changes: Any) -> Event:
    changes |= {"task_id": task_id, "reason": reason}
    return event("followup.postponed", example("followup.postponed", **changes))


def changed(task_id: str, *changes: str, **values: Any) -> Event:
    values |= {"task_id": task_id, "changes": list(changes)}
    return event("followup.changed", example("followup.changed", **values))


def matter(event_id: str = "e1", kind: str = "repair.closed", **facts: Any) -> dict[str, Any]:
    return {"event_id": event_id, "event_source": "/erp", "event_type": kind, "at": "2026-03-02T08:00:00+08:00",
            "title": f"{kind} {event_id}", "subject": event_id, "facts": facts}  # fmt: skip


@dataclass
class Desk:
    """The service and some of its callers."""

    served: Served
    clock: ManualClock

    def agent(self, name: str = "1001", role: str = "agent", **claims: Any) -> httpx.AsyncClient:
        """A client of a person with a token; `claims` such as units, teams, worker, skills."""
        plain = {claim: list(value) if isinstance(value, tuple) else value for claim, value in claims.items()}
        token = issue_token(SECRET, name, Role(role), 4_000_000_000, **plain)
        return self.served.client(None, Authorization=f"Bearer {token}")

    async def publish(self, *names: str) -> None:
        async with self.served.client("policy_owner") as author:
            for name in names:
                body = (PACK / f"{name}.yaml").read_bytes()
                answer = await author.post(
                    "/api/v1/questionnaires", content=body, headers={"Content-Type": "application/yaml"}
                )
                assert answer.status_code in (200, 201), answer.text

    async def claimed(self, task_id: str = "T1", agent: str = "1001", **changes: Any) -> UUID:
        """A visit of a new task, claimed by that agent."""
        await self.served.deliver(released(task_id, **changes))
        async with self.agent(agent) as client:
            answer = await client.post("/api/v1/visits/claim", json={"limit": 20})
        assert answer.status_code == 200, answer.text
        return next(UUID(item["id"]) for item in answer.json()["items"] if item["task_id"] == task_id)

    async def attempt(self, visit_id: UUID, agent: str = "1001", **body: Any) -> httpx.Response:
        async with self.agent(agent) as client:
            return await client.post(f"/api/v1/visits/{visit_id}/attempts", json=body)

    async def seen(self, visit_id: UUID) -> dict[str, str]:
        """The header that says the caller has seen the visit as it is now."""
        return {"If-Match": f'"{(await self.visit(visit_id))["version"]}"'}

    async def visit(self, visit_id: UUID) -> dict[str, Any]:
        async with self.served.client("supervisor") as client:
            answer = await client.get(f"/api/v1/visits/{visit_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def open_desk(dsn: str, clock: ManualClock, **settings: Any) -> AsyncIterator[Desk]:
    async with serve(create_app, VisitsSettings, dsn, clock=clock, **settings) as served:
        yield Desk(served, clock)


@pytest.fixture
async def desk(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await service_dsn("visits"), clock, files=str(tmp_path / "files")) as desk:
        await desk.publish("gas-service", "gas-repair")
        yield desk
