"""What people do to the gateway, each with its entry: people, keys, sources, messages, files, receivers, erasures."""

from typing import Any

from sqlalchemy import insert, update

from services.gateway.models import DeliveryRow, ImportRow
from shared.ids import new_id
from shared.testing import example
from shared.testing.events import NOON
from tests.architecture.audited import MASKED, TYPED, Acts

SHEET = (
    "工单编号,诉求内容,诉求性质,事发区域,求助人员,求助号码,办结时间,主办单位,工单状态,处置结果\r\n"
    "51010020260301000001,来电,投诉,城东区,林女士,13800138000,2026-03-01 10:00:00,燃气公司,办结未解决,已回电"
).encode("gbk")


async def of_gateway(acts: Acts) -> None:
    await people(acts)
    await keys(acts)
    await sources(acts)
    await messages(acts)
    await receivers(acts)
    await acts.act("customer.erased", "POST", "/api/v1/erasures", "C1", json={"customer_id": "C1"})


async def people(acts: Acts) -> None:
    new = {"login": "ann", "name": "安", "roles": ["agent"], "units": ["CD"]}
    path = "/api/v1/people/ann"
    await acts.act("person.created", "POST", "/api/v1/people", "ann", json=new, detail={"units": ["CD"]})
    changed = {"units": ["CD"], "name": "安"}
    await acts.act("person.changed", "PATCH", path, "ann", seen=path, json={"units": ["CX"], "name": "安然"},
                   detail={"units": ["CX"], "name": "安然", "before": changed})  # fmt: skip
    await acts.act("person.disabled", "POST", f"{path}/disable", "ann", seen=path)
    await acts.act("person.enabled", "POST", f"{path}/enable", "ann", seen=path)
    await acts.act("person.password_reset", "POST", f"{path}/reset-password", "ann", seen=path)


async def keys(acts: Acts) -> None:
    issued = await acts.act("key.issued", "POST", "/api/v1/keys", json={"owner": "erp", "roles": ["integrator"]})
    path = f"/api/v1/keys/{issued['id']}"
    end = {"ends_at": "2026-06-01T00:00:00+08:00"}
    await acts.act("key.end_set", "POST", f"{path}/expire", issued["id"], seen=path, json=end,
                   detail={"owner": "erp", "before": {"ends_at": None}})  # fmt: skip
    rotated = await acts.act("key.rotated", "POST", f"{path}/rotate", issued["id"], seen=path, json={},
                             also=("key.issued",))  # fmt: skip
    path = f"/api/v1/keys/{rotated['id']}"
    await acts.act("key.revoked", "POST", f"{path}/revoke", rotated["id"], seen=path, json={"reason": TYPED},
                   detail={"reason": MASKED})  # fmt: skip


async def sources(acts: Acts) -> None:
    path = "/api/v1/sources/city"
    await acts.act("source.created", "POST", "/api/v1/sources", "city", role="ops",
                   json={"name": "city", "kind": "hotline"}, detail={"kind": "hotline"})  # fmt: skip
    await acts.act("source.changed", "PATCH", path, "city", role="ops", seen=path, json={"zone": "Asia/Urumqi"},
                   detail={"zone": "Asia/Urumqi", "before": {"zone": "Asia/Shanghai"}})  # fmt: skip
    await acts.act("source.rotated", "POST", f"{path}/rotate", "city", role="ops", seen=path, json={"grace_hours": 2},
                   detail={"grace_seconds": 7200.0})  # fmt: skip


async def messages(acts: Acts) -> None:
    told = {"specversion": "1.0", "id": "e1", "source": "/erp/1", "type": "order.completed",
            "data": example("order.completed")}  # fmt: skip
    await acts.ask("POST", "/api/v1/events", json=told)
    (message,) = (await acts.ask("GET", "/api/v1/messages"))["items"]
    path = f"/api/v1/messages/{message['id']}"
    await acts.act("message.read", "GET", path, message["id"], role="auditor", detail={"source": "/erp/1"})
    await acts.act("message.replayed", "POST", f"{path}/replay", message["id"], role="ops")
    name = f"{TYPED}.csv"
    uploaded = await acts.act("import.uploaded", "POST", "/api/v1/imports", role="supervisor", files={"file": (name, SHEET)},
                              data={"source": "city"}, detail={"source": "city", "size": len(SHEET)})  # fmt: skip
    path = f"/api/v1/imports/{uploaded['id']}"
    await change(acts, update(ImportRow).values(state="failed"))
    await acts.act("import.retried", "POST", f"{path}/retry", uploaded["id"], role="ops")
    await acts.served.run_job("import")
    await acts.act("import.exported", "GET", f"{path}/result", uploaded["id"], role="auditor", detail={"rows": 1})


async def receivers(acts: Acts) -> None:
    new = {"name": "市平台", "url": "https://93.184.216.34/hook", "sources": "*"}
    made = await acts.act("endpoint.created", "POST", "/api/v1/endpoints", role="ops", json=new,
                          detail={"url": new["url"], "sources": "*"})  # fmt: skip
    path = f"/api/v1/endpoints/{made['id']}"
    await acts.act("endpoint.changed", "PATCH", path, role="ops", seen=path, json={"sources": "/12345/*"},
                   detail={"sources": "/12345/*", "rotated": False, "before": {"sources": "*"}})  # fmt: skip
    await change(acts, delivery(made["id"]))
    (one,) = (await acts.ask("GET", "/api/v1/deliveries"))["items"]
    await acts.act("delivery.resent", "POST", f"/api/v1/deliveries/{one['id']}/resend", one["id"], role="ops")


def delivery(endpoint: str) -> Any:
    """A result that the receiver did not take."""
    row = {"id": new_id(), "endpoint_id": endpoint, "event_id": "e1", "type": "visit.completed", "number": "5101",
           "body": "{}", "state": "failed", "attempts": 1, "tries": 1, "next_at": NOON, "last_status": 500,
           "last_error": "", "created_at": NOON}  # fmt: skip
    return insert(DeliveryRow).values(**row)


async def change(acts: Acts, statement: Any) -> None:
    async with acts.served.runtime.db.work() as work:
        await work.session.execute(statement)
