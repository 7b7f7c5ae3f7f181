"""Opt-outs that somebody told us of: of numbers for messages, of mail addresses for e-mail, of customers for calls too."""

from typing import Any

import httpx
import pytest

from services.notifications.store import contacts
from services.notifications.store.contacts import OptOut
from shared.auth import Role, issue_token
from shared.erasure.job import erase_due
from shared.ids import new_id
from shared.testing import event, example
from tests.architecture.test_personal_data import everything_in
from tests.notifications.conftest import SEALED, World, customer
from tests.notifications.samples import template_document

MAIL, OF_A_NUMBER = "Li.Na@mail.example", "13800138000@mail.example"
WHERE = "/api/v1/opt-outs"


async def letters(world: World, *addresses: str) -> list[tuple[str, str, str]]:
    """State, reason and purpose of an e-mail sent by hand to each address, to a customer nobody knows."""
    async with world.served.client("policy_owner") as owner:
        letter = template_document(name="letter", channel="email", subject="您好")
        assert (await owner.post("/api/v1/templates", json=letter)).status_code == 200
        for number, address in enumerate(addresses):
            body = {
                "customer_id": f"X{number}",
                "template": "letter",
                "email": address,
                "data": {"customer": {"name": "李娜"}},
            }
            answer = await owner.post("/api/v1/sends", json=body)
            assert answer.status_code == 201, answer.text
    await world.send_out()
    found = {send["customer_id"]: send for send in await world.sends(purpose="letter")}
    return [
        (found[f"X{n}"]["state"], found[f"X{n}"]["reason"], found[f"X{n}"]["purpose"]) for n in range(len(addresses))
    ]


async def refused(world: World, **body: Any) -> httpx.Response:
    async with world.served.client("supervisor") as client:
        return await client.post(WHERE, json={"scope": "all", **body})


@pytest.mark.parametrize("said", [MAIL, "li.na@MAIL.EXAMPLE", "李娜 <LI.NA@mail.example.>", " li.na@mail.example "])
async def test_an_address_that_refuses_gets_no_e_mail_however_it_is_written(world: World, said: str) -> None:
    answer = await refused(world, channel="email", email=said)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["email_masked"], answer.json()["phone_masked"]) == ("l***@mail.example", "")
    stopped, sent = await letters(world, MAIL, "other@mail.example")
    assert (stopped[:2], sent[:2]) == (("suppressed", "opted_out"), ("accepted", ""))


async def test_an_address_that_holds_a_number_refuses_and_shows_it_to_nobody(world: World) -> None:
    answer = await refused(world, channel="email", email=OF_A_NUMBER)
    assert "13800138000" not in answer.text
    assert answer.json()["email_masked"].endswith("@mail.example")
    ((state, reason, _),) = await letters(world, OF_A_NUMBER)
    assert (state, reason) == ("suppressed", "opted_out")
    assert [table for table, rows in (await everything_in(world.served)).items() if "13800138000" in rows] == []


async def test_it_stops_no_sms_and_ends_when_it_is_revoked(world: World) -> None:
    made = await refused(world, channel="email", email=MAIL)
    await world.load_pack("thank_you")
    order = example("order.completed", customer=customer(email=MAIL))
    await world.served.deliver(event("order.completed", order, key="C1"))
    await world.send_out()
    assert [send["state"] for send in await world.sends(customer_id="C1")] == ["accepted"]
    async with world.served.client("supervisor") as client:
        assert (await client.delete(f"{WHERE}/{made.json()['id']}")).status_code == 200
    ((state, _, _),) = await letters(world, MAIL)
    assert state == "accepted"
    (revoked,) = await world.served.published("notification.opt_out_revoked")
    assert (revoked.data["channel"], revoked.data["phone_masked"]) == ("email", "")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"channel": "email", "phone": "13800138000"}, "邮件"),
        ({"channel": "email", "customer_id": "C1", "phone": "13800138000"}, "邮件"),
        ({"channel": "email"}, "邮箱至少填一项"),
        ({"channel": "email", "email": "无"}, "不是邮箱"),
        ({"channel": "email", "email": "a@b.example, c@d.example"}, "不是邮箱"),
        ({"channel": "sms", "email": MAIL}, "短信"),
        ({"channel": "sms", "customer_id": "C1", "email": MAIL}, "短信"),
        ({"channel": "sms"}, "手机号至少填一项"),
        ({"channel": "phone", "phone": "13800138000"}, "客户编号"),
        ({"channel": "phone", "email": MAIL, "customer_id": "C1"}, "电话"),
    ],
)
async def test_what_would_stop_nothing_is_refused_and_says_why(world: World, body: dict[str, str], says: str) -> None:
    answer = await refused(world, **body)
    assert (answer.status_code, says in answer.json()["detail"]) == (422, True), answer.text
    async with world.served.client("supervisor") as client:
        assert (await client.get(WHERE)).json()["items"] == []
    assert await world.served.published("notification.opted_out") == []


async def test_who_wants_no_calls_is_told_of_as_that(world: World) -> None:
    made = await refused(world, channel="phone", customer_id="C1", phone="13800138000")
    assert (made.status_code, made.json()["channel"], made.json()["phone_masked"]) == (201, "phone", "138****8000")
    async with world.served.client("supervisor") as client:
        assert (await client.delete(f"{WHERE}/{made.json()['id']}")).status_code == 200
    for name in ("notification.opted_out", "notification.opt_out_revoked"):
        (told,) = await world.served.published(name)
        assert [told.data[one] for one in ("channel", "customer_id", "phone_masked")] == ["phone", "C1", "138****8000"]
    await world.load_pack("thank_you")
    await world.served.deliver(event("order.completed", example("order.completed", customer=customer()), key="C1"))
    await refused(world, channel="phone", customer_id="C1")
    await world.send_out()
    assert [send["state"] for send in await world.sends()] == ["accepted"], "calls alone are refused"


async def test_a_reply_refuses_messages_though_its_number_refused_another_channel_before(world: World) -> None:
    """Such rows could be recorded once."""
    async with world.served.runtime.db.work() as work:
        earlier = OptOut(new_id(), "", SEALED, "email", "*", "by_hand", "", "zhao.min", work.now())
        await contacts.add_opt_out(work.session, earlier)
    await world.reply("退订")
    (told,) = await world.served.published("notification.opted_out")
    assert (told.data["channel"], told.data["purpose"]) == ("sms", "*")


async def test_who_is_of_one_unit_names_no_address_of_another_units_customer(world: World) -> None:
    for number, address, unit in (("C1", MAIL, "CD"), ("C2", "other@mail.example", "CX")):
        order = example("order.completed", customer=customer(number, email=address), org={"code": unit})
        await world.served.deliver(event("order.completed", order, key=number))
    secret = world.served.runtime.settings.jwt_secret
    assert secret is not None

    def of(unit: str) -> httpx.AsyncClient:
        token = issue_token(secret.get_secret_value(), "boss", Role.SUPERVISOR, 4_000_000_000, units=[unit])
        return world.served.client(None, Authorization=f"Bearer {token}")

    async with of("CD") as own, of("CX") as beside:
        refusal = {"channel": "email", "email": MAIL.lower()}
        for told in (refusal, refusal | {"customer_id": "C2"}, {"channel": "email", "email": "nobody@mail.example"}):
            assert (await beside.post(WHERE, json=told)).status_code == 404, told
        assert (await own.post(WHERE, json=refusal)).status_code == 201
        assert len((await own.get(WHERE)).json()["items"]) == 1
        assert (await beside.get(WHERE)).json()["items"] == []


@pytest.mark.parametrize("address", [MAIL, OF_A_NUMBER])
async def test_an_address_that_refused_is_known_to_refuse_though_its_customer_was_erased(
    world: World, address: str
) -> None:
    order = example("order.completed", customer=customer(email=address))
    await world.served.deliver(event("order.completed", order, key="C1"))
    assert (await refused(world, channel="email", email=address)).status_code == 201
    asked = {"customer_id": "C1", "asked_at": world.clock.now().isoformat(), "asked_by": "zhao.min"}
    await world.served.deliver(event("customer.erased", asked, key="C1"))
    assert await erase_due(world.served.runtime) == 1
    tables = await everything_in(world.served)
    assert [table for table, rows in tables.items() if address.lower() in rows.lower()] == []
    async with world.served.client("supervisor") as client:
        kept = (await client.get(WHERE)).json()["items"]
    assert {(row["email_masked"], row["phone_masked"]) for row in kept} == {("", "")}
    ((state, reason, _),) = await letters(world, address)
    assert (state, reason) == ("suppressed", "opted_out")
