"""What a changing route accepted can be read and listed again: strange bodies to every route below a thing that is there.

Routes come from the API description. Things are made by the creating route above them, visits by events: each strange body
meets one that has been brought where the route wants it. A route that is neither walked nor named in `ELSEWHERE` fails.
"""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.testing import Served
from tests.architecture.parts import operations
from tests.architecture.test_read_again import (
    EXAMPLES,
    ask,
    bodies,
    creating,
    example_of,
    fields_of,
    list_again,
)
from tests.visits.conftest import HAPPY, Desk, desk, released

__all__ = ["desk"]
TESTS = Path(__file__).parents[1]
SENT = max(8, EXAMPLES // 12)  # to each route
COMPLETED = {"result": "completed", "answers": HAPPY}
REASON = {"reason": "记录有误，已与坐席核对"}
# changed by bodies that other tests make strange, or by none that could be
ELSEWHERE = {
    "/dead-letters/": "the note alone; what is mended is judged as any event",
    "/doubtful-replies/": "a choice of two words",
    "/stray-replies/": "visits/test_digit_replies.py",
    "/policies/": "architecture/test_planned_again.py",
    "/tasks/": "architecture/test_planned_again.py",
    "/calendars/": "scheduler/test_calendars.py: a calendar is read before it is kept",
}
# what is done to a visit, and a body that is taken
OF_VISITS: dict[str, dict[str, Any]] = {
    "claim": {},
    "answers": {"answers": HAPPY},
    "attempts": COMPLETED,
    "reveal-phone": {"reason": "dial"},
    "reassign": {"team": "hotline"},
    "review": {"remark": "已复核"},
    "correct": {"answers": HAPPY | {"attitude": "fair"}, **REASON},
    "correct-result": COMPLETED | REASON,
}
BEFORE = {"correct": COMPLETED, "review": COMPLETED, "correct-result": {"result": "no_answer"}}
SUPERVISED = ("reassign", "review", "correct-result")


def changing(served: Served) -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of routes with a JSON body below something that is there."""
    return [
        (method, path, operation)
        for method, path, operation in operations(served.app)
        if method in ("POST", "PUT", "PATCH")
        and "{" in path
        and "application/json" in operation.get("requestBody", {}).get("content", {})
    ]


def above(served: Served, path: str) -> tuple[str, dict[str, Any]] | None:
    """The creating route whose things this one changes."""
    found = [each for each in creating(served) if re.match(re.escape(each[0]) + r"/{\w+}(/[\w-]+)?$", path)]
    return found[0] if found else None


async def test_every_changing_route_is_walked_or_known_to_be_elsewhere(served: Served) -> None:
    for method, path, _ in changing(served):
        of_visits = path.partition("/visits/{visit_id}/")[2] in OF_VISITS
        known = above(served, path) or of_visits or any(part in path for part in ELSEWHERE)
        assert known, f"{method} {path} is not walked: see ELSEWHERE"


def test_the_tests_that_are_named_are_there() -> None:
    named = {part for said in ELSEWHERE.values() for part in re.findall(r"[\w/]+\.py", said)}
    assert {name for name in named if not (TESTS / name).is_file()} == set()


async def test_what_was_changed_can_be_read_and_listed_again(served: Served) -> None:
    document = served.app.openapi()
    async with served.client() as client:
        for method, path, operation in changing(served):
            made_by = above(served, path)
            if made_by is None:
                continue
            strange = bodies(example_of(operation, document), fields_of(operation, document), path, SENT)
            for number, body in enumerate(strange):
                thing = named(
                    example_of(made_by[1], document), f"{method.lower()}{path[-5:]}{number}".replace("/", "-")
                )
                made = await ask(client, "POST", made_by[0], thing)
                if not made.is_success:
                    continue
                own = str(made.json().get("id") or made.json().get("login") or made.json().get("name"))
                headers = {"If-Match": made.headers.get("ETag", '"1"')}
                changed = await ask(client, method, re.sub(r"{\w+}", own, path), body, headers=headers)
                if changed.is_success:
                    await read(served, client, made_by[0], own)
        await list_again(served, client, {})


def named(thing: dict[str, Any], suffix: str) -> dict[str, Any]:
    """The thing under a name that no other has."""
    suffix = re.sub(r"[^a-z0-9-]", "", suffix)
    return thing | {key: f"{thing[key]}-{suffix}" for key in ("name", "id", "login") if isinstance(thing.get(key), str)}


async def read(served: Served, client: httpx.AsyncClient, made_by: str, own: str) -> None:
    """Every route below that reads the thing."""
    for method, path, _ in operations(served.app):
        if method == "GET" and re.fullmatch(re.escape(made_by) + r"/{\w+}(/[\w-]+)?", path):
            answer = await ask(client, "GET", re.sub(r"{\w+}", own, path))
            assert answer.status_code != 404, (path, own)


# --- visits, which events make


@pytest.mark.parametrize("what", OF_VISITS)
async def test_what_was_done_to_a_visit_can_be_read_and_listed_again(desk: Desk, what: str) -> None:
    document = desk.served.app.openapi()
    ((method, path, operation),) = [
        each for each in changing(desk.served) if each[1].endswith(f"/visits/{{visit_id}}/{what}")
    ]
    taken = 0
    async with desk.served.client() as reader:
        for number, body in enumerate(bodies(OF_VISITS[what], fields_of(operation, document), path, SENT)):
            agent = f"10{number:03}"
            visit = await brought(desk, what, f"{what}-{number}", agent)
            async with desk.agent(agent, "supervisor" if what in SUPERVISED else "agent") as client:
                address, seen = path.replace("{visit_id}", visit), await desk.seen(visit)  # type: ignore[arg-type]
                changed = await ask(client, method, address, body, headers=seen)
            taken += changed.is_success
            assert number or changed.is_success, f"a sound body is refused: {changed.text}"
            await seen_by_all(desk, visit, agent)
            for job in desk.served.runtime.service.jobs:
                await job.run(desk.served.runtime)
        await list_again(desk.served, reader, {})
    assert await desk.served.dead_letters() == []


async def brought(desk: Desk, what: str, task: str, agent: str) -> str:
    """A visit that the agent holds and has called about, as far as this wants it; one that nobody holds to be claimed."""
    if what == "claim":
        await desk.served.deliver(released(task, customer=f"C-{task}"))
        async with desk.served.client("supervisor") as client:
            found = (await client.get("/api/v1/visits", params={"customer_id": f"C-{task}"})).json()["items"]
        return str(found[0]["id"])
    visit = await desk.claimed(task, agent, customer=f"C-{task}")
    if what in BEFORE:
        answer = await desk.attempt(visit, agent, **BEFORE[what])
        assert answer.is_success, answer.text
    return str(visit)


async def seen_by_all(desk: Desk, visit: str, agent: str) -> None:
    """Whoever may see it does: as the API tells it, and as pages show it."""
    for role in ("supervisor", "auditor"):
        async with desk.served.client(role) as looking:
            assert (await looking.get(f"/api/v1/visits/{visit}")).status_code in (200, 403)
    async with desk.agent(agent) as holder:
        for page in (f"/agent/visits/{visit}", f"/agent/visits/{visit}/record", f"/agent/visits/{visit}/aside"):
            assert (await holder.get(page)).status_code < 500, page
