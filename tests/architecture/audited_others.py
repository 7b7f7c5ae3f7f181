"""What people do to complaints, messages and figures, each with its entry."""

from typing import Any

from services.notifications.store import doubtful, sends
from shared.ids import new_id
from shared.testing.events import NOON
from tests.architecture.audited import MASKED, TYPED, Acts
from tests.architecture.unit_worlds import fact
from tests.notifications.samples import a_send, template_document

RULE = {"id": "thanks", "events": ["order.completed"], "purpose": "thank_you", "template": "note", "when": "same_day",
        "valid_hours": 12}  # fmt: skip


async def opened(acts: Acts) -> str:
    new = {"customer": {"id": "C1", "name": "刘先生"}, "description": TYPED}
    case = await acts.act("case.opened", "POST", "/api/v1/cases", role="agent", json=new)
    return str(case["id"])


async def of_complaints(acts: Acts) -> None:
    case = await opened(acts)
    path = f"/api/v1/cases/{case}"
    number = (await acts.ask("GET", path))["case_no"]
    for action, way, body in (
        ("assigned", "assign", {"unit": "CD"}),
        ("promised", "promise", {"next_reply_at": "2026-03-03T10:00:00+08:00"}),
        ("escalated", "escalate", {"note": TYPED}),
        ("resolved", "resolve", {"measures": TYPED}),
        ("reopened", "reopen", {"reason": TYPED}),
        ("remarked", "remarks", {"text": TYPED}),
        ("closed", "close", {"reason": TYPED, "customer_opinion": TYPED}),
    ):
        await acts.act(f"case.{action}", "POST", f"{path}/{way}", case, role="supervisor", seen=path, json=body,
                       detail={"case_no": number})  # fmt: skip
    second = await opened(acts)
    await acts.act("case.assigned", "POST", "/api/v1/cases/assign", second, role="supervisor",
                   json={"ids": [second], "unit": "CD"})  # fmt: skip
    path = f"/api/v1/cases/{second}"
    await acts.act(
        "case.rejected", "POST", f"{path}/reject", second, role="supervisor", seen=path, json={"reason": TYPED}
    )
    of_visit = {"customer": {"id": "C2"}, "description": TYPED, "visit_id": str(new_id())}
    await acts.act("case.opened", "POST", "/api/v1/cases", role="agent", json=of_visit)
    await acts.act("case.joined", "POST", "/api/v1/cases", role="agent", json=of_visit)


async def of_notifications(acts: Acts) -> None:
    await acts.act(
        "template.saved", "POST", "/api/v1/templates", "note", json=template_document(), detail={"version": 1}
    )
    await acts.act("rule.saved", "POST", "/api/v1/rules", "thanks", json=RULE, detail={"version": 1})
    refused = await acts.act("opt_out.created", "POST", "/api/v1/opt-outs", role="agent",
                             json={"customer_id": "C1", "note": TYPED})  # fmt: skip
    await acts.act("opt_out.revoked", "DELETE", f"/api/v1/opt-outs/{refused['id']}", refused["id"], role="supervisor")
    consent = {"customer_id": "C1", "how": "written", "text": TYPED}
    await acts.act("consent.recorded", "POST", "/api/v1/consents", role="supervisor", json=consent,
                   detail={"customer_id": "C1"})  # fmt: skip
    send = {"template": "note", "customer_id": "C1", "phone": "13800138000", "data": {"name": "客户"}}
    await acts.act("send.created", "POST", "/api/v1/sends", role="supervisor", json=send,
                   detail={"customer_id": "C1", "template": "note"})  # fmt: skip
    failed = a_send(id=new_id(), key="failed", recipient="", state="failed")
    reply = doubtful.DoubtfulReply(new_id(), "", "C1", None, "", "", "不要", NOON)
    async with acts.served.runtime.db.work() as work:
        await sends.add(work.session, [failed])
        await doubtful.add(work.session, [reply])
    again = await acts.act(
        "send.resent", "POST", f"/api/v1/sends/{failed.id}/resend", str(failed.id), role="supervisor"
    )
    assert again["id"] != str(failed.id)
    await acts.act("reply.decided", "POST", f"/api/v1/doubtful-replies/{reply.id}/decision", str(reply.id),
                   role="supervisor", json={"refuses": False, "remark": TYPED},
                   detail={"refuses": False, "remark": MASKED})  # fmt: skip


async def of_analytics(acts: Acts) -> None:
    await acts.served.deliver(fact("CD"))
    asked: dict[str, Any] = {"from": "2026-03-01", "to": "2026-03-02"}
    await acts.act("figures.exported", "GET", "/api/v1/kpis.xlsx", "", role="auditor", params=asked)
    await acts.act("timeline.read", "GET", "/api/v1/timeline", "C1", role="auditor", params={"customer_id": "C1"})
    await acts.act("audit.exported", "GET", "/api/v1/audit-log/export", "", role="auditor", params={"format": "csv"})
