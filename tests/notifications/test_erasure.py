"""After an erasure nobody sends the customer anything, nothing says who they were, and what they refused stays refused."""

from datetime import timedelta

from shared.clock import ManualClock
from shared.erasure.job import erase_due
from shared.testing import event, example
from tests.architecture.test_personal_data import everything_in
from tests.notifications.conftest import SEALED, World, customer

NEEDLE = "周子衿"
MAIL = "zhou@example.com"
REPLY = "这次修得太慢了"
NEEDLES = (NEEDLE, SEALED, "138****8000", MAIL, REPLY, "本人到营业厅签字")


async def know(world: World, number: str = "C1", **changes: object) -> None:
    order = example("order.completed", customer=customer(number, name=NEEDLE, email=MAIL, **changes), order_no=number)
    await world.served.deliver(event("order.completed", order, key=number, time=world.clock.now()))


async def erase(world: World, number: str = "C1") -> None:
    asked = {"customer_id": number, "asked_at": world.clock.now().isoformat(), "asked_by": "zhao.min"}
    await world.served.deliver(event("customer.erased", asked, key=number))
    assert await erase_due(world.served.runtime) == 1


async def say_everything(world: World) -> None:
    """A message sent and receipted, replies, a consent, an opt-out by hand, and a message that still waits."""
    await world.load_pack("thank_you", "complaint_resolved")
    await know(world)
    await world.send_out()
    await world.call_back()
    await world.reply(REPLY)
    await world.reply("退订")
    async with world.served.client("policy_owner") as client:
        consent = {"customer_id": "C1", "how": "本人到营业厅签字", "text": f"{NEEDLE}同意"}
        assert (await client.post("/api/v1/consents", json=consent)).is_success
        refusal = {"customer_id": "C1", "phone": "13800138000", "scope": "survey", "note": f"{NEEDLE}来电"}
        assert (await client.post("/api/v1/opt-outs", json=refusal)).is_success
    resolved = example("complaint.resolved", customer=customer(name=NEEDLE), measures=f"已上门，{NEEDLE}认可")
    await world.served.deliver(event("complaint.resolved", resolved, key="C1"))


async def found(world: World) -> list[tuple[str, str]]:
    tables = await everything_in(world.served)
    return [
        (table, needle)
        for table, rows in sorted(tables.items())
        for needle in NEEDLES
        if needle in rows or needle.encode().hex() in rows
    ]


async def test_nothing_says_who_it_was_and_what_waits_never_leaves(world: World) -> None:
    await say_everything(world)
    before = {table for table, _ in await found(world)}
    assert {"contact", "send", "reply", "receipt", "consent", "opt_out", "outbox"} <= before, before
    counted = [(send["purpose"], send["template"], send["planned_at"]) for send in await world.sends()]
    await erase(world)
    assert await found(world) == []
    assert [(send["purpose"], send["template"], send["planned_at"]) for send in await world.sends()] == counted
    await world.send_out()
    states = {send["purpose"]: (send["state"], send["reason"]) for send in await world.sends()}
    assert states["complaint_resolved"] == ("suppressed", "do_not_contact")
    assert states["thank_you"][0] in ("delivered", "accepted")


async def test_they_are_not_contacted_again_whatever_is_told_later(world: World, clock: ManualClock) -> None:
    await world.load_pack("thank_you")
    await erase(world)
    clock.advance(timedelta(days=40))
    updated = example("customer.updated", customer=customer(do_not_contact=False, name=NEEDLE))
    await world.served.deliver(event("customer.updated", updated, key="C1", time=clock.now()))
    await know(world)
    await world.send_out()
    assert [(send["state"], send["reason"]) for send in await world.sends()] == [("suppressed", "opted_out")]


async def test_a_number_that_refused_is_known_to_refuse_though_nobody_knows_the_number(world: World) -> None:
    await world.load_pack("birthday")
    await know(world)
    await world.reply("退订")
    await erase(world)
    other = example("customer.updated", customer=customer("C2", birthday="--03-02"))
    await world.served.deliver(event("customer.updated", other, key="C2"))
    await world.served.run_job("greetings")
    await world.send_out()
    (send,) = await world.sends(customer_id="C2")
    assert (send["state"], send["reason"]) == ("suppressed", "opted_out")
    async with world.served.client("policy_owner") as client:
        kept = (await client.get("/api/v1/opt-outs")).json()["items"]
    assert {row["phone_masked"] for row in kept} == {""}


async def test_whoever_shares_the_number_keeps_what_is_theirs(world: World) -> None:
    await world.load_pack("thank_you")
    await know(world)
    await know(world, "C2")
    await world.send_out()
    await erase(world)
    contact = (await everything_in(world.served))["contact"]
    assert contact.count(SEALED) == 1
    assert [send["recipient_masked"] for send in await world.sends(customer_id="C2")] == ["138****8000"]


async def test_a_second_pass_changes_nothing_more(world: World, clock: ManualClock) -> None:
    await say_everything(world)
    await erase(world)
    first = await everything_in(world.served)
    clock.advance(timedelta(minutes=2))
    assert await erase_due(world.served.runtime) == 1
    second = await everything_in(world.served)
    own = ("contact", "send", "reply", "receipt", "consent", "opt_out", "doubtful_reply", "outbox")
    assert {table: second[table] for table in own} == {table: first[table] for table in own}
