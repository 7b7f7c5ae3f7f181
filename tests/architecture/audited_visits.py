"""What people do to visits, each with its entry; and to dead letters, which every service has."""

from typing import Any

from shared.messaging import Event
from shared.testing import event, example
from tests.architecture.audited import MASKED, TYPED, Acts
from tests.visits.conftest import PACK, released
from tests.visits.pictures import photo

YAML = {"Content-Type": "application/yaml"}


async def of_visits(acts: Acts) -> None:
    body = (PACK / "gas-service.yaml").read_bytes()
    await acts.act("questionnaire.published", "POST", "/api/v1/questionnaires", "gas-service", role="policy_owner",
                   content=body, headers=YAML, detail={"version": 1})  # fmt: skip
    rules = (await acts.ask("GET", "/api/v1/work-rules"))["rules"] | {"most_attempts": 4}
    await acts.act("work_rules.set", "PUT", "/api/v1/work-rules", "2", seen="/api/v1/work-rules",
                   json={"rules": rules, "reason": TYPED}, detail={"reason": MASKED, "changed": ["most_attempts"]})  # fmt: skip
    await pictures(acts)
    await calls(acts)
    await letters(acts)


async def claimed(acts: Acts, task_id: str, **changes: Any) -> dict[str, Any]:
    await acts.served.deliver(released(task_id, **changes))
    found = await acts.ask("POST", "/api/v1/visits/claim", "agent", json={"limit": 20})
    return next(one for one in found["items"] if one["task_id"] == task_id)  # type: ignore[no-any-return]


async def pictures(acts: Acts) -> None:
    visit = (await claimed(acts, "T1", channel="on_site"))["id"]
    path = f"/api/v1/visits/{visit}/attachments"
    kept = await acts.ask("POST", path, "agent", files={"file": ("a.jpg", photo())}, data={"kind": "photo"})
    await acts.act("attachment.opened", "GET", f"{path}/{kept['id']}", visit, role="auditor",
                   detail={"attachment": kept["id"]})  # fmt: skip
    await acts.act("attachment.dropped", "DELETE", f"{path}/{kept['id']}", visit, role="agent",
                   detail={"attachment": kept["id"], "kind": "photo"})  # fmt: skip


async def calls(acts: Acts) -> None:
    visit = (await claimed(acts, "T2"))["id"]
    path = f"/api/v1/visits/{visit}"
    await acts.act("phone.revealed", "POST", f"{path}/reveal-phone", visit, role="agent", json={"reason": "verify"},
                   detail={"reason": "verify", "customer_id": "C1"})  # fmt: skip
    await acts.act("visit.reassigned", "POST", f"{path}/reassign", visit, role="supervisor", seen=path,
                   json={"team": "other"}, detail={"from_team": "hotline", "to_team": "other"})  # fmt: skip
    await acts.ask("POST", f"{path}/claim", "agent", json={})
    await acts.ask("POST", f"{path}/attempts", "agent", json={"result": "refused", "note": TYPED})
    review = await acts.act(
        "visit.reviewed", "POST", f"{path}/review", visit, role="supervisor", json={"remark": TYPED}
    )
    assert review["remark"] == MASKED


async def letters(acts: Acts) -> None:
    for task, way, body, detail in (
        ("T3", "replay", {"data": released("T3").data, "note": TYPED}, {"mended": True}),
        ("T4", "discard", {"note": TYPED}, {"note": MASKED}),
    ):
        await acts.served.deliver(unreadable(task))
        (letter,) = (await acts.ask("GET", "/api/v1/dead-letters"))["items"]
        await acts.act(f"dead_letter.{way}ed", "POST", f"/api/v1/dead-letters/{letter['id']}/{way}", letter["id"],
                       role="ops", json=body, detail=detail)  # fmt: skip


def unreadable(task_id: str) -> Event:
    data = example("followup.released", task_id=task_id) | {"customer": "nobody"}
    return event("followup.released", data, key=task_id)
