"""What people do to the scheduler, each with its entry: packs, policies, drafts, trials, calendars, tasks, draws, exports."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from shared.testing import event, example
from tests.architecture.audited import MASKED, TYPED, Acts
from tests.scheduler.builders import contents
from tests.scheduler.domain.packs.test_calendar_year import DAYS_2027

LATER = {"delay": {"days": 1}, "deadline": {"working_days": 3}}
EXACT = {"rate": {"exact": 50, "of": "day"}}
PACK = contents({"id": "all", **LATER}, {"id": "some", **LATER, **EXACT})


def pack(**more: Any) -> dict[str, Any]:
    return {"name": "test", "files": PACK, **more}


async def of_scheduler(acts: Acts) -> None:
    await acts.act("pack.applied", "POST", "/api/v1/packs", "test", role="policy_owner", json=pack(),
                   detail={"results": {"all": "created", "some": "created"}})  # fmt: skip
    await tasks(acts)
    await draws(acts)
    await policies(acts)
    await drafts(acts)
    path = "/api/v1/calendars/official/2027"
    await acts.act("calendar.published", "PUT", path, "2027", role="policy_owner", seen=path,
                   json={"days": DAYS_2027, "source": TYPED}, detail={"source": MASKED})  # fmt: skip
    await acts.act("facts.exported", "GET", "/api/v1/facts", "", role="policy_owner", detail={"count": 0})


async def tasks(acts: Acts) -> None:
    await acts.served.deliver(event("repair.closed", example("repair.closed"), key="C1", id="e1"))
    (task,) = (await acts.ask("GET", "/api/v1/tasks"))["items"]
    await acts.act("task.cancelled", "POST", f"/api/v1/tasks/{task['id']}/cancel", task["id"], role="supervisor",
                   json={"reason": TYPED}, detail={"reason": MASKED, "lawful": False})  # fmt: skip


async def draws(acts: Acts) -> None:
    acts.served.runtime.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    await acts.served.run_job("draw")
    (draw,) = (await acts.ask("GET", "/api/v1/draws"))["items"]
    path = f"/api/v1/draws/{draw['id']}"
    await acts.act("population.exported", "GET", f"{path}/population", draw["id"], role="auditor",
                   detail={"policy": "some"})  # fmt: skip
    async with acts.served.runtime.db.work() as work:
        await work.session.execute(text("UPDATE draw SET state = 'closed', attempts = 3"))
    await acts.act("draw.retried", "POST", f"{path}/retry", draw["id"], role="ops")


async def policies(acts: Acts) -> None:
    path = "/api/v1/policies/all"
    for way, action in (("disable", "policy.disabled"), ("enable", "policy.enabled")):
        await acts.act(action, "POST", f"{path}/{way}", "all", role="policy_owner", seen=path,
                       detail={"version": 1})  # fmt: skip
    await acts.act("policy.retired", "POST", f"{path}/retire", "all", role="policy_owner", seen=path,
                   json={"reason": TYPED}, detail={"reason": MASKED, "version": 1})  # fmt: skip


async def drafts(acts: Acts) -> None:
    path = "/api/v1/drafts"
    given: dict[str, Any] = {"role": "policy_owner", "detail": {"pack": "test"}}
    first = await acts.act("draft.added", "POST", path, json=pack(note=TYPED), **given)
    await acts.act("draft.published", "POST", f"{path}/{first['id']}/publish", first["id"], json={}, **given,
                   also=("pack.applied",))  # fmt: skip
    second = await acts.act("draft.added", "POST", path, json=pack(), **given)
    await acts.act("draft.discarded", "POST", f"{path}/{second['id']}/discard", second["id"], **given)
    trial = await acts.act("trial.added", "POST", "/api/v1/trials", role="policy_owner",
                           json={"pack": pack(), "days": 7}, detail={"pack": "test", "days": 7})  # fmt: skip
    await acts.act("trial.cancelled", "POST", f"/api/v1/trials/{trial['id']}/cancel", trial["id"], role="policy_owner")
