"""For every service, things of several units and of nobody known: what `test_units` looks for, and the ids to ask by."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import insert

from services.notifications.store import doubtful, inbound, sends
from services.visits.domain.replies import StrayReply
from services.visits.models import AttachmentRow, AttemptRow, LineCallRow
from services.visits.store import replies
from shared.auth import Role, issue_token
from shared.contracts.base import INTAKE
from shared.contracts.organisation import OrganisationPublished, UnitEntry
from shared.ids import new_id
from shared.messaging.broker import Message
from shared.messaging.event import encode
from shared.testing import Served, event, example
from shared.testing.events import NOON
from tests.analytics.builders import Followup
from tests.notifications.samples import a_send, template_document
from tests.scheduler.builders import contents

OURS, THEIRS, ABOVE, NOBODYS = "CD", "CX", "EAST", ""  # ours is below ABOVE, and theirs beside it
ALL = (OURS, THEIRS, ABOVE, NOBODYS)
TOP = "HQ"
TREE = OrganisationPublished(
    pack="organisation",
    version=1,
    units=tuple(UnitEntry(code=code, parent=parent) for code, parent in
                ((TOP, ""), (ABOVE, TOP), (THEIRS, TOP), (OURS, ABOVE))),
)  # fmt: skip
Ids = dict[str, dict[str, str]]  # path parameter → unit → id


def name(unit: str, kind: str = "cust") -> str:
    """What marks a unit's things in answers: `cust-CD`."""
    return f"{kind}-{unit or 'none'}"


def credential(served: Served, *units: str, role: Role = Role.ADMIN) -> dict[str, str]:
    """Headers of somebody with this role, of these units only (of all without one)."""
    secret = served.runtime.settings.jwt_secret
    assert secret is not None
    subject = f"{role}-{'-'.join(units)}"
    token = issue_token(secret.get_secret_value(), subject, role, 4_000_000_000, units=list(units))
    return {"Authorization": f"Bearer {token}"}


def fact(unit: str) -> Any:
    block = example("repair.closed")["customer"] | {"id": name(unit), "phone": None}
    data = example("repair.closed", customer=block, work_order_no=name(unit, "order"))
    data.pop("org")
    block = {"code": unit, "name": unit}
    named = {"org": block, "provider": block} if unit else {"provider": {"name": "外协"}}
    return event("repair.closed", data | named, key=name(unit), id=name(unit, "event"))


async def ask(served: Served, method: str, path: str, **options: Any) -> Any:
    """As somebody of the whole organisation. The answer must be a success."""
    async with served.client(None, **credential(served)) as client:
        answer = await client.request(method, path, **options)
    assert answer.is_success, (path, answer.text)
    return answer.json()


async def of_scheduler(served: Served) -> Ids:
    """Two policies: one plans a task for each fact, and one asks for nobody's."""
    later = {"delay": {"days": 1}, "deadline": {"working_days": 3}}
    nowhere = {"field": "service_type", "op": "eq", "value": "no such service"}
    files = contents(
        {"id": "all", "title": "全部", **later}, {"id": "none", "title": "没有", "condition": nowhere, **later}
    )
    await ask(served, "POST", "/api/v1/packs", json={"name": "test", "files": files})
    producer = await served.runtime.broker.producer()
    for unit in ALL:
        await served.deliver(fact(unit))
        await producer.publish([Message(INTAKE, name(unit), *encode(fact(unit)))])
    found = (await ask(served, "GET", "/api/v1/tasks"))["items"]
    assert len(found) == len(ALL), await served.dead_letters()
    return {"task_id": {unit: one["id"] for one in found for unit in ALL if one["customer_id"] == name(unit)}}


async def of_visits(served: Served) -> Ids:
    for unit in ALL:
        card = example("followup.released")["customer"] | {"id": name(unit), "name": name(unit)}
        changes = {
            "branch": unit,
            "team": name(unit, "team"),
            "customer": card,
            "task_id": name(unit, "task"),
            "barred": [],
        }
        data = example("followup.released", **changes) | {"hours": None}
        site = {"id": name(unit, "site"), "name": name(unit, "site")}
        there = data | {"task_id": name(unit, "site"), "channel": "on_site", "customer": card | site}
        await served.deliver(event("followup.released", data, key=name(unit)))
        await served.deliver(event("followup.released", there, key=name(unit, "site")))
        secret = served.runtime.settings.jwt_secret
        assert secret is not None
        units = [unit] if unit else []
        token = issue_token(secret.get_secret_value(), name(unit), Role.AGENT, 4_000_000_000, units=units)
        async with served.client(None, Authorization=f"Bearer {token}") as agent:
            await agent.post("/api/v1/presence", json={"state": "ready"})
    found = (await ask(served, "GET", "/api/v1/visits"))["items"]
    assert len(found) == 2 * len(ALL), await served.dead_letters()
    ids: Ids = {
        "visit_id": {unit: one["id"] for one in found for unit in ALL if one["task_id"] == name(unit, "task")},
        "reply_id": {},
    }
    for one in found:
        if one["channel"] == "on_site":
            await _bring(served, one["id"])
    for unit in ALL:
        stray = StrayReply(
            id=new_id(), customer_id=name(unit), phone_masked="", digit=1, reason="none", branch=unit, received_at=NOON
        )
        async with served.runtime.db.work() as work:
            await replies.add(work.session, [stray])
        ids["reply_id"][unit] = str(stray.id)
    return ids


async def _bring(served: Served, visit_id: str) -> None:
    """A photograph and a recording come with a visit, as of an earlier attempt at it."""
    attempt = {"id": new_id(), "visit_id": visit_id, "number": 99, "at": NOON, "agent": "1001", "result": "no_answer",
               "connected": False, "person": "", "talk_seconds": 0, "wrap_up_seconds": 0, "note": "",
               "phone_masked": ""}  # fmt: skip
    call = {"id": new_id(), "visit_id": visit_id, "agent": "1001", "phone_masked": "", "placed_at": NOON, "cause": "",
            "recording": "https://line.example/1", "attempt_id": attempt["id"]}  # fmt: skip
    picture = {"id": new_id(), "visit_id": visit_id, "agent": "1001", "kind": "photo", "digest": b"1", "at": NOON,
               "media_type": "image/jpeg", "width": 1, "height": 1, "size": 1, "stored": True,
               "attempt_id": attempt["id"]}  # fmt: skip
    async with served.runtime.db.work() as work:
        for row, values in ((AttemptRow, attempt), (LineCallRow, call), (AttachmentRow, picture)):
            await work.session.execute(insert(row).values(**values))


async def of_complaints(served: Served) -> Ids:
    opened = {}
    for unit in ALL:
        case = {"customer": {"id": name(unit)}, "description": f"态度差 {name(unit)}", "branch": unit}
        opened[unit] = (await ask(served, "POST", "/api/v1/cases", json=case))["id"]
    return {"case_id": opened}


async def of_notifications(served: Served) -> Ids:
    await ask(served, "POST", "/api/v1/templates", json=template_document())
    ids: Ids = {"opt_out_id": {}, "reply_id": {}, "send_id": {}}
    for unit in ALL:
        if unit:
            await served.deliver(fact(unit))
        send = a_send(id=new_id(), key=name(unit), customer_id=name(unit), branch=unit, recipient="", text=name(unit))
        opt_out = {"customer_id": name(unit), "scope": "all", "note": "来电"}
        consent = {"customer_id": name(unit), "how": "written", "text": name(unit, "consent")}
        reply = doubtful.DoubtfulReply(new_id(), "", name(unit), None, "", "", "不要", NOON)
        row = {
            "provider": "test", "sequence": name(unit), "recipient": "", "content": name(unit, "answer"),
            "customer_id": name(unit), "send_id": None, "digit": None, "refused": False, "received_at": NOON,
        }  # fmt: skip
        ids["opt_out_id"][unit] = (await ask(served, "POST", "/api/v1/opt-outs", json=opt_out))["id"]
        await ask(served, "POST", "/api/v1/consents", json=consent)
        async with served.runtime.db.work() as work:
            await sends.add(work.session, [send])
            await doubtful.add(work.session, [reply])
            await inbound.add_replies(work.session, [row])
        ids["send_id"][unit], ids["reply_id"][unit] = str(send.id), str(reply.id)
    return ids


async def of_gateway(served: Served) -> Ids:
    for unit in ALL:
        units = [unit] if unit else []
        body = {"login": person(unit), "name": name(unit), "roles": ["agent"], "units": units}
        await ask(served, "POST", "/api/v1/people", json=body)
    return {"login": {unit: person(unit) for unit in ALL}}


def person(unit: str) -> str:
    """The login of an agent of the unit."""
    return name(unit, "agent").lower()


async def of_analytics(served: Served) -> Ids:
    for unit in ALL:
        one = Followup(name(unit, "task"), name(unit), at=NOON, branch=unit)
        one.visit = {"visit_id": name(unit, "visit"), "agent": name(unit, "agent"), "team": "hotline"}
        await served.deliver(fact(unit), one.planned(), one.task("released"), one.attempted(), one.outcome())
    return {}


WORLDS: dict[str, Callable[[Served], Awaitable[Ids]]] = {
    "analytics": of_analytics,
    "complaints": of_complaints,
    "gateway": of_gateway,
    "notifications": of_notifications,
    "scheduler": of_scheduler,
    "visits": of_visits,
}
