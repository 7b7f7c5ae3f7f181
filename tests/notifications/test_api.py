"""What HTTP can ask, and who may."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
import yaml

from services.notifications.domain.send import State
from services.notifications.store import contacts, sends
from shared.auth import Role, issue_token
from shared.ids import new_id
from shared.testing import event, example
from tests.notifications.conftest import PHONE, SEALER, World, customer
from tests.notifications.samples import a_send, template_document

ROUTES = [
    ("GET", "/api/v1/sends"),
    ("GET", "/api/v1/sends/00000000-0000-0000-0000-000000000001"),
    ("POST", "/api/v1/sends"),
    ("POST", "/api/v1/sends/00000000-0000-0000-0000-000000000001/resend"),
    ("GET", "/api/v1/providers"),
    ("GET", "/api/v1/templates"),
    ("POST", "/api/v1/templates"),
    ("GET", "/api/v1/rules"),
    ("POST", "/api/v1/rules"),
    ("GET", "/api/v1/festivals?year=2026"),
    ("GET", "/api/v1/opt-outs"),
    ("POST", "/api/v1/opt-outs"),
    ("DELETE", "/api/v1/opt-outs/00000000-0000-0000-0000-000000000001"),
    ("GET", "/api/v1/consents?customer_id=C1"),
    ("POST", "/api/v1/consents"),
    ("GET", "/api/v1/replies?customer_id=C1"),
]


@pytest.fixture
async def owner(world: World) -> Any:
    async with world.served.client("policy_owner") as client:
        yield client


async def save(client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await client.post("/api/v1/templates", json=template_document(**changes))


async def test_no_route_answers_without_a_key_or_to_an_agent_and_an_auditor_only_reads(world: World) -> None:
    nobody, agent, auditor = (world.served.client(role) for role in (None, "agent", "auditor"))
    async with nobody, agent, auditor:
        for method, route in ROUTES:
            assert (await nobody.request(method, route)).status_code == 401, route
            heard = (method, route) == ("POST", "/api/v1/opt-outs")  # in a call
            assert (await agent.request(method, route)).status_code == (422 if heard else 403), route
            answer = await auditor.request(method, route, json={})
            assert (answer.status_code == 403) == (method != "GET"), route


async def test_a_template_saved_twice_is_one_version_and_a_changed_one_the_next(owner: httpx.AsyncClient) -> None:
    first, again = await save(owner), await save(owner)
    assert (first.json()["version"], again.json()["version"]) == (1, 1)
    changed = await save(owner, text="尊敬的{{ name }}，早上好。")
    assert changed.json()["version"] == 2
    (shown,) = (await owner.get("/api/v1/templates")).json()["items"]
    assert shown["body"]["text"] == "尊敬的{{ name }}，早上好。"


async def test_a_template_may_be_yaml(owner: httpx.AsyncClient) -> None:
    answer = await owner.post("/api/v1/templates", content=yaml.safe_dump(template_document(), allow_unicode=True))
    assert answer.status_code == 200


async def test_a_template_that_fails_the_lint_is_refused_in_chinese(owner: httpx.AsyncClient) -> None:
    answer = await save(owner, category="promotion", sign="")
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["code"] if "code" in problem else problem["type"]).endswith("template-rejected")
    assert len(problem["problems"]) == 2


async def test_what_is_no_document_is_refused(owner: httpx.AsyncClient) -> None:
    assert (await owner.post("/api/v1/rules", content="x" * 70_000)).status_code == 413
    for body in ("[1]", "a: [", "a: &x 1\nb: *x", "\xff\xfe"):
        assert (await owner.post("/api/v1/rules", content=body.encode("latin-1"))).status_code == 400, body[:20]


async def test_a_message_sent_by_hand_with_one_key_is_sent_once(world: World, owner: httpx.AsyncClient) -> None:
    await save(owner)
    body = {"customer_id": "C1", "template": "note", "phone": "138 0013 8000", "data": {"customer": {"name": "陈静"}}}
    first = await owner.post("/api/v1/sends", json=body, headers={"Idempotency-Key": "k1"})
    again = await owner.post("/api/v1/sends", json=body, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, first.json()["id"]) == (201, again.json()["id"])
    await world.send_out()
    shown = (await owner.get(first.headers["Location"])).json()
    assert (shown["state"], shown["recipient_masked"]) == ("accepted", "138****8000")
    assert world.simulator.messages.counts()["messages"] == 1


async def test_a_template_under_review_cannot_be_used(owner: httpx.AsyncClient) -> None:
    await save(owner, review="pending")
    answer = await owner.post("/api/v1/sends", json={"customer_id": "C1", "template": "note"})
    assert answer.status_code == 409


async def test_a_message_whose_text_cannot_be_made_is_refused(owner: httpx.AsyncClient) -> None:
    await save(owner, params={"name": "{{ data.absent }}"})
    answer = await owner.post("/api/v1/sends", json={"customer_id": "C1", "template": "note"})
    assert answer.status_code == 409
    wrong_number = {"customer_id": "C1", "template": "note", "phone": "123"}
    assert (await owner.post("/api/v1/sends", json=wrong_number)).status_code == 422


async def test_only_a_failed_send_is_sent_again_and_only_once(world: World, owner: httpx.AsyncClient) -> None:
    await world.load_pack("thank_you")
    world.behave(failed=1)
    await world.served.deliver(event("order.completed", example("order.completed", customer=customer())))
    (planned,) = await world.sends()
    assert (await owner.post(f"/api/v1/sends/{planned['id']}/resend")).status_code == 409
    await world.send_out()
    await world.call_back()
    world.behave()
    answer = await owner.post(f"/api/v1/sends/{planned['id']}/resend")
    assert (answer.status_code, answer.json()["resend_of"]) == (201, planned["id"])
    assert (await owner.post(f"/api/v1/sends/{planned['id']}/resend")).status_code == 409
    await world.send_out()
    await world.call_back()
    assert sorted(send["state"] for send in await world.sends()) == ["delivered", "failed"]


async def test_the_ledger_is_listed_in_pages_and_filtered(world: World, owner: httpx.AsyncClient) -> None:
    await world.load_pack("thank_you")
    for number in range(5):
        order = example("order.completed", customer=customer(f"C{number}"))
        await world.served.deliver(event("order.completed", order, key=f"C{number}"))
        world.clock.advance(timedelta(minutes=1))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await owner.get("/api/v1/sends", params={"limit": 2, "cursor": cursor})).json()
        seen += [send["customer_id"] for send in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ["C4", "C3", "C2", "C1", "C0"]
    assert [send["customer_id"] for send in await world.sends(customer_id="C3", state="planned")] == ["C3"]
    assert await world.sends(purpose="birthday") == []
    assert (await owner.get("/api/v1/sends", params={"cursor": "nonsense"})).status_code == 422
    assert PHONE[3:] not in (await owner.get("/api/v1/sends")).text


async def test_an_unknown_send_is_not_found(owner: httpx.AsyncClient) -> None:
    assert (await owner.get(ROUTES[1][1])).status_code == 404
    assert (await owner.post(ROUTES[3][1])).status_code == 404


async def test_an_opt_out_is_announced_listed_and_can_be_revoked(world: World, owner: httpx.AsyncClient) -> None:
    created = await owner.post("/api/v1/opt-outs", json={"customer_id": "C1", "phone": "13800138000", "scope": "all"})
    assert created.json()["phone_masked"] == "138****8000"
    (told,) = await world.served.published("notification.opted_out")
    assert (told.key, told.data["purpose"], told.data["phone_masked"]) == ("C1", "all", "138****8000")
    listed = (await owner.get("/api/v1/opt-outs", params={"customer_id": "C1"})).json()["items"]
    assert [row["id"] for row in listed] == [created.json()["id"]]
    where = f"/api/v1/opt-outs/{created.json()['id']}"
    assert (await owner.delete(where)).json()["revoked_at"]
    assert (await owner.delete(where)).status_code == 404
    assert (await owner.get("/api/v1/opt-outs")).json()["items"] == []
    assert (await owner.post("/api/v1/opt-outs", json={})).status_code == 422


async def test_promotion_that_needs_consent_goes_to_those_who_gave_it(world: World, owner: httpx.AsyncClient) -> None:
    rule = {"id": "sale", "events": ["order.completed"], "purpose": "sale", "template": "sale", "needs_consent": True}
    await save(owner, name="sale", category="promotion", text="尊敬的{{ name }}，欢迎再来。拒收请回复R")
    assert (await owner.post("/api/v1/rules", json=rule)).status_code == 200
    proof = {"customer_id": "C1", "how": "营业厅签字", "text": "我同意接收服务推广短信"}
    assert (await owner.post("/api/v1/consents", json=proof)).json()["by"] == "key:test-policy_owner"
    for number in ("C1", "C2"):
        order = example("order.completed", customer=customer(number))
        await world.served.deliver(event("order.completed", order, key=number))
    await world.send_out()
    found = {send["customer_id"]: (send["state"], send["reason"]) for send in await world.sends()}
    assert found == {"C1": ("accepted", ""), "C2": ("suppressed", "no_consent")}
    (kept,) = (await owner.get("/api/v1/consents", params={"customer_id": "C1"})).json()["items"]
    assert kept["text"] == proof["text"]


async def test_the_providers_tell_how_they_are(world: World, owner: httpx.AsyncClient) -> None:
    await save(owner)
    world.simulator.burst = world.simulator.burst.model_copy(update={"status": 500, "count": 1})
    body = {"customer_id": "C1", "template": "note", "phone": "13800138000", "data": {"customer": {"name": "陈静"}}}
    await owner.post("/api/v1/sends", json=body)
    await world.send_out()
    shown = (await owner.get("/api/v1/providers")).json()
    providers = {one["name"]: one for one in shown["items"]}
    assert set(providers) == {"aliyun", "smtp"}
    assert (providers["aliyun"]["healthy"], providers["aliyun"]["trouble"]) == (False, "http_500")
    assert (providers["aliyun"]["last_day"], shown["unknown"]) == ({"unknown": 1}, 1)


async def test_the_calendar_of_festivals_is_shown(owner: httpx.AsyncClient) -> None:
    days = (await owner.get("/api/v1/festivals", params={"year": 2026})).json()["festivals"]
    assert {"code": "lantern", "name": "元宵节", "day": "2026-03-03"} in days


async def test_changes_are_audited(world: World, owner: httpx.AsyncClient) -> None:
    from sqlalchemy import text

    await save(owner)
    await owner.post("/api/v1/opt-outs", json={"customer_id": "C1"})
    async with world.served.runtime.db.read() as session:
        rows = (await session.execute(text("SELECT action, principal FROM audit_log ORDER BY id"))).all()
    assert [tuple(row) for row in rows] == [
        ("template.saved", "key:test-policy_owner"),
        ("opt_out.created", "key:test-policy_owner"),
    ]


async def test_every_operation_is_described_in_chinese(owner: httpx.AsyncClient) -> None:
    described = (await owner.get("/openapi.json")).json()
    for path, operations in described["paths"].items():
        if path.startswith(("/api/v1/dlq", "/api/v1/dead")):
            continue
        for operation in operations.values():
            assert any("一" <= letter <= "鿿" for letter in operation["summary"]), path


async def test_a_template_without_the_configured_providers_code_is_not_activated(owner: httpx.AsyncClient) -> None:
    refused = await save(owner, codes={"tencent": "1"})
    assert refused.status_code == 422
    assert "codes：没有 aliyun 的模板编号" in refused.json()["detail"]
    draft = await save(owner, codes={"tencent": "1"}, review="pending")
    assert draft.status_code == 200
    assert "没有 aliyun 的模板编号" in draft.json()["findings"][0]
    (shown,) = (await owner.get("/api/v1/templates")).json()["items"]
    assert shown["findings"] == draft.json()["findings"]


RULE = {"id": "r", "events": ["order.completed"], "purpose": "sale", "template": "note"}


async def test_a_promotion_without_consent_and_a_greeting_as_a_notice_are_refused(owner: httpx.AsyncClient) -> None:
    sale = {"category": "promotion", "text": "尊敬的{{ name }}，新品上市。拒收请回复R"}
    refused = await save(owner, **sale, rules=[RULE])
    assert (refused.status_code, "needs_consent: true" in refused.text) == (422, True)
    assert (await save(owner, **sale, rules=[RULE | {"needs_consent": True}])).status_code == 200
    alone = await owner.post("/api/v1/rules", json=RULE | {"id": "alone"})
    assert (alone.status_code, alone.json()["type"]) == (422, "urn:huifang:problem:template-rejected")
    assert (await save(owner, name="other")).status_code == 200
    greeting = RULE | {"template": "other", "events": ["calendar.birthday"]}
    assert (await owner.post("/api/v1/rules", json=greeting)).status_code == 422


async def test_who_is_of_one_unit_reaches_no_number_of_another_units_customer(
    world: World, owner: httpx.AsyncClient
) -> None:
    ours, theirs, unknown = "13800138000", "13900139000", "13700137000"
    for number, phone, unit in (("C1", ours, "CD"), ("C2", theirs, "CX")):
        block = customer(number, phone=SEALER.seal(f"+86{phone}"))
        order = example("order.completed", customer=block, org={"code": unit})
        await world.served.deliver(event("order.completed", order, key=number))
    assert (await save(owner)).status_code == 200
    secret = world.served.runtime.settings.jwt_secret
    assert secret is not None
    token = issue_token(secret.get_secret_value(), "boss", Role.SUPERVISOR, 4_000_000_000, units=["CD"])
    async with world.served.client(None, Authorization=f"Bearer {token}") as boss:

        async def refused(customer_id: str, phone: str) -> int:
            body = {"customer_id": customer_id, "phone": phone, "scope": "all"}
            return (await boss.post("/api/v1/opt-outs", json=body)).status_code

        async def sent(**changes: Any) -> int:
            body = {"template": "note", "customer_id": "C1", "phone": ours, "data": {}} | changes
            return (await boss.post("/api/v1/sends", json=body)).status_code

        assert [await refused("C1", theirs), await refused("", theirs), await refused("", unknown)] == [404] * 3
        assert [await refused("C1", unknown), await refused("", ours)] == [201] * 2
        assert [await sent(phone=theirs), await sent(customer_id="C2"), await sent(data={"branch": "CX"})] == [
            404,
            404,
            403,
        ]
        assert await sent() == 201
        listed = (await boss.get("/api/v1/opt-outs")).json()["items"]
    assert len(listed) == 2


async def test_whoever_knows_a_customer_records_their_refusal_whatever_branch_their_newest_fact_is_of(
    world: World,
) -> None:
    sealed = SEALER.seal("+8613800138000")
    for place, unit in enumerate(("CD", "CX")):
        order = example("order.completed", customer=customer(phone=sealed), org={"code": unit})
        at = world.clock.now() + timedelta(hours=place)
        await world.served.deliver(event("order.completed", order, key="C1", time=at))
    released = example("followup.released", customer={"id": "C1", "phone": sealed}, branch="CX", team="hotline")
    await world.served.deliver(event("followup.released", released, key="C1"))
    first = example("followup.released", customer={"id": "C2", "phone": sealed}, branch="CD", team="")
    await world.served.deliver(event("followup.released", first, key="C2"))  # no fact of theirs was heard yet
    secret = world.served.runtime.settings.jwt_secret
    assert secret is not None

    async def answers(unit: str, *asked: dict[str, str]) -> list[int]:
        token = issue_token(secret.get_secret_value(), "boss", Role.SUPERVISOR, 4_000_000_000, units=[unit])
        async with world.served.client(None, Authorization=f"Bearer {token}") as client:
            told = [await client.post("/api/v1/opt-outs", json=one | {"scope": "all"}) for one in asked]
        return [answer.status_code for answer in told]

    by_id, by_number, other = {"customer_id": "C1"}, {"customer_id": "", "phone": "13800138000"}, {"customer_id": "C2"}
    assert await answers("CX", by_id, by_number) == [201, 201]
    assert await answers("CD", by_id, by_number, other) == [201, 201, 201]
    assert await answers("hotline", by_id, other) == [201, 404]
    assert await answers("CZ", by_id, by_number, other) == [404, 404, 404]
    consent = {"customer_id": "C1", "how": "paper", "text": "同意接收优惠信息"}
    token = issue_token(secret.get_secret_value(), "boss", Role.SUPERVISOR, 4_000_000_000, units=["CD"])
    async with world.served.client(None, Authorization=f"Bearer {token}") as client:
        assert (await client.post("/api/v1/consents", json=consent)).status_code == 201
        assert len((await client.get("/api/v1/consents", params={"customer_id": "C1"})).json()["items"]) == 1
        assert len((await client.get("/api/v1/opt-outs", params={"customer_id": "C1"})).json()["items"]) == 3


async def test_a_customers_second_number_is_theirs_as_the_first_is(world: World, owner: httpx.AsyncClient) -> None:
    first, second, shared = (SEALER.seal(f"+8613{digit}00139000") for digit in (8, 9, 7))
    for number, phones, unit in (("C1", (first, second, shared), "CD"), ("C2", (shared,), "CX")):
        block = customer(number, phone=phones[0], phones=list(phones[1:]))
        order = example("order.completed", customer=block, org={"code": unit})
        await world.served.deliver(event("order.completed", order, key=number))
    assert (await save(owner)).status_code == 200
    secret = world.served.runtime.settings.jwt_secret
    assert secret is not None

    def of(unit: str) -> httpx.AsyncClient:
        token = issue_token(secret.get_secret_value(), "boss", Role.SUPERVISOR, 4_000_000_000, units=[unit])
        return world.served.client(None, Authorization=f"Bearer {token}")

    async with of("CX") as beside, of("CD") as own:
        refusal = {"customer_id": "", "phone": "13900139000", "scope": "all"}
        send = {"template": "note", "customer_id": "C2", "phone": "13900139000", "data": {}}
        assert (await beside.post("/api/v1/opt-outs", json=refusal)).status_code == 404
        assert (await beside.post("/api/v1/sends", json=send)).status_code == 404
        assert (await own.post("/api/v1/opt-outs", json=refusal)).status_code == 201
        assert len((await own.get("/api/v1/opt-outs")).json()["items"]) == 1
        assert (await beside.get("/api/v1/opt-outs")).json()["items"] == []
    assert await world.reply("谢谢", "13900139000")
    async with world.served.client() as admin:
        answers = (await admin.get("/api/v1/replies", params={"customer_id": "C1"})).json()["items"]
    assert [answer["content"] for answer in answers] == ["谢谢"]
    async with world.served.runtime.db.read() as session:
        assert await contacts.owners_of(session, [first, second, shared]) == {first: "C1", second: "C1", shared: "C2"}


async def test_an_agent_notes_in_the_call_that_no_more_messages_are_wanted(world: World) -> None:
    async with world.served.client("agent") as agent:
        made = await agent.post(
            "/api/v1/opt-outs", json={"customer_id": "C1", "scope": "all", "note": "客户在回访中要求"}
        )
        assert (made.status_code, made.json()["how"]) == (201, "by_hand"), made.text
        assert (await agent.get("/api/v1/opt-outs")).status_code == 403
        assert (await agent.delete(f"/api/v1/opt-outs/{made.json()['id']}")).status_code == 403
    (told,) = await world.served.published("notification.opted_out")
    assert (told.key, told.data["purpose"]) == ("C1", "all")


async def test_beside_a_call_stand_the_customers_newest_messages(world: World) -> None:
    async with world.served.runtime.db.work() as work:
        for number, state in enumerate(("delivered", "failed")):
            sent = a_send(
                id=new_id(), key=f"k{number}", recipient="", state=State(state), text=f"第{number}条 13900139000",
                reason="MOBILE_NOT_ON_SERVICE" if state == "failed" else "",
            )  # fmt: skip
            await sends.add(work.session, [sent])
    async with world.served.client("agent") as agent:
        shown = await agent.get("/fragments/messages", params={"customer_id": "C1"})
        nobody = await agent.get("/fragments/messages", params={"customer_id": "C2"})
    async with world.served.client("integrator") as stranger:
        assert (await stranger.get("/fragments/messages", params={"customer_id": "C1"})).status_code == 403
    assert [
        text for text in ("第0条", "第1条", "已送达", "失败", "停机", "139****9000") if text not in shown.text
    ] == []
    assert "没有给这位客户发过消息" in nobody.text
