"""Sending, settling and greeting, against the simulator and the mail sink over real sockets (F18)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from services.notifications.commands import sending
from services.notifications.commands.settling import give_up_lost_leases
from services.notifications.office import office_of
from shared.testing import event, example
from shared.testing.figures import figure
from tests.notifications.conftest import PHONE, SEALED, SEALER, NewWorld, World, customer


async def thank(world: World, number: str = "C1", **changes: object) -> None:
    """A completed order of a customer, with the thank-you rule loaded."""
    order = example("order.completed", customer=customer(number, **changes), order_no=f"SO-{number}")
    await world.served.deliver(event("order.completed", order, key=number, time=world.clock.now()))


@pytest.fixture
async def thanking(world: World) -> World:
    await world.load_pack("thank_you")
    return world


async def only(world: World) -> dict[str, object]:
    (send,) = await world.sends()
    return send


async def test_an_answer_that_never_came_is_settled_by_asking_and_nothing_is_sent_twice(thanking: World) -> None:
    thanking.behave(hang=1, hang_seconds=2, lost=1)
    await thank(thanking)
    await thanking.send_out()
    assert (await only(thanking))["state"] == "unknown"
    await thanking.send_out()

    thanking.clock.advance(timedelta(seconds=5))
    await thanking.settle()
    send = await only(thanking)
    assert (send["state"], send["attempts"]) == ("delivered", 1)
    assert len(thanking.simulator.messages.sent_as(str(send["id"]))) == 1


async def test_an_answer_that_never_came_is_settled_by_its_receipt(thanking: World) -> None:
    thanking.behave(hang=1, hang_seconds=2, receipt_seconds=0)
    await thank(thanking)
    await thanking.send_out()
    await thanking.call_back()
    assert (await only(thanking))["state"] == "delivered"


async def test_an_error_before_taking_is_sent_again_only_after_the_absence_is_sure(thanking: World) -> None:
    thanking.simulator.burst = thanking.simulator.burst.model_copy(update={"status": 500, "count": 1})
    await thank(thanking)
    await thanking.send_out()
    assert (await only(thanking))["state"] == "unknown"
    thanking.clock.advance(timedelta(seconds=6))
    await thanking.settle()
    assert (await only(thanking))["state"] == "unknown"

    thanking.clock.advance(timedelta(seconds=30))
    await thanking.settle()
    await thanking.send_out()
    send = await only(thanking)
    assert (send["state"], send["attempts"]) == ("accepted", 2)
    assert len(thanking.simulator.messages.sent_as(str(send["id"]))) == 1


async def test_an_error_after_taking_is_not_sent_again(thanking: World) -> None:
    thanking.behave(error_after=1)
    await thank(thanking)
    await thanking.send_out()
    thanking.clock.advance(timedelta(minutes=1))
    await thanking.settle()
    await thanking.send_out()
    send = await only(thanking)
    assert send["state"] == "delivered"
    assert len(thanking.simulator.messages.sent_as(str(send["id"]))) == 1


async def test_a_throttled_send_waits_and_goes_later(thanking: World) -> None:
    thanking.simulator.burst = thanking.simulator.burst.model_copy(update={"status": 429, "count": 1})
    await thank(thanking)
    await thanking.send_out()
    assert (await only(thanking))["reason"] == "throttled"
    thanking.clock.advance(timedelta(seconds=2))
    await thanking.send_out()
    assert (await only(thanking))["state"] == "accepted"


async def test_a_provider_that_is_away_is_tried_again_until_the_message_is_over(new_world: NewWorld) -> None:
    world = await new_world(sms_url="http://127.0.0.1:1")
    await world.load_pack("thank_you")
    await thank(world)
    await world.send_out()
    assert (await only(world))["reason"] == "unreachable"
    world.clock.advance(timedelta(days=2))
    await world.send_out()
    send = await only(world)
    assert (send["state"], send["reason"]) == ("suppressed", "expired")


async def test_a_process_that_dies_between_lease_and_call_leaves_an_unknown_that_is_asked_about(
    thanking: World,
) -> None:
    await thank(thanking)
    office = office_of(thanking.served.runtime)
    async with thanking.served.runtime.db.work() as work:
        batch = await sending.lease_due(work, office.rules, 10)
        await office.fence.hold(batch.token)
    thanking.clock.advance(timedelta(minutes=5))
    await thanking.settle()
    assert (await only(thanking))["state"] == "leased"  # frozen, not dead: its session still holds the fence

    await office.fence.close()
    await thanking.settle()
    assert (await only(thanking))["state"] == "unknown"
    thanking.clock.advance(timedelta(minutes=1))
    await thanking.settle()
    await thanking.send_out()
    send = await only(thanking)
    assert (send["state"], send["attempts"]) == ("accepted", 2)


async def test_a_process_that_dies_between_call_and_record_does_not_send_again(thanking: World) -> None:
    await thank(thanking)
    office = office_of(thanking.served.runtime)
    async with thanking.served.runtime.db.work() as work:
        batch = await sending.lease_due(work, office.rules, 10)
    await office.providers["sms"].submit(batch.parcels[0])
    thanking.clock.advance(timedelta(minutes=5))
    await thanking.settle()
    await thanking.send_out()
    send = await only(thanking)
    assert (send["state"], send["attempts"]) == ("delivered", 1)
    assert len(thanking.simulator.messages.sent_as(str(send["id"]))) == 1


async def test_two_processes_share_what_is_due(
    new_world: NewWorld, service_dsn: Callable[[str], Awaitable[str]]
) -> None:
    dsn = await service_dsn("notifications")
    one, two = await new_world(dsn), await new_world(dsn, send_batch=3)
    await one.load_pack("thank_you")
    for number in range(20):
        await thank(one, f"C{number}", phone=SEALER.seal(f"+86138001380{number:02}"))
    await asyncio.gather(one.send_out(), two.send_out())
    sends = await one.sends(state="accepted")
    assert len(sends) == 20
    taken = [len(one.simulator.messages.sent_as(send["id"])) for send in sends]
    assert taken == [1] * 20


async def test_a_process_that_stops_hears_out_the_calls_under_way(thanking: World) -> None:
    thanking.behave(hang=1, hang_seconds=0.3)
    await thank(thanking)
    job = asyncio.create_task(thanking.send_out())
    while not thanking.simulator.messages.counts()["messages"]:
        await thanking.clock.sleep(0)
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    assert (await only(thanking))["state"] == "accepted"


async def test_missing_receipts_are_asked_for(thanking: World) -> None:
    thanking.behave(lost=1)
    await thank(thanking)
    await thanking.send_out()
    assert (await only(thanking))["state"] == "accepted"
    thanking.clock.advance(timedelta(minutes=6))
    await thanking.settle()
    assert (await only(thanking))["state"] == "delivered"


async def test_late_doubled_and_failed_receipts_change_a_send_once(thanking: World) -> None:
    thanking.behave(failed=1, doubled=1, late=1, late_seconds=20)
    await thank(thanking)
    await thanking.send_out()
    await thanking.call_back()
    assert (await only(thanking))["state"] == "accepted"
    thanking.clock.advance(timedelta(seconds=21))
    await thanking.call_back()
    send = await only(thanking)
    assert (send["state"], send["reason"]) == ("failed", "MOBILE_NOT_ON_SERVICE")
    assert [e.name for e in await thanking.served.published()] == ["notification.sent", "notification.failed"]


async def test_an_opt_out_between_plan_and_sending_is_honoured(thanking: World) -> None:
    await thank(thanking)
    assert await thanking.reply("R")
    async with thanking.served.client("supervisor") as client:
        await client.post("/api/v1/opt-outs", json={"customer_id": "C1", "scope": "thank_you"})
    await thanking.send_out()
    send = await only(thanking)
    assert (send["state"], send["reason"]) == ("suppressed", "opted_out")


async def test_who_cannot_or_must_not_be_reached_is_on_record(thanking: World) -> None:
    cases: list[tuple[dict[str, object], str]] = [
        ({"phone": SEALER.seal("+862886600001")}, "no_mobile_number"),
        ({"phone": None}, "no_mobile_number"),
        ({"phone": "13800138000"}, "no_mobile_number"),
        ({"do_not_contact": True}, "do_not_contact"),
    ]
    for number, (changes, _) in enumerate(cases):
        await thank(thanking, f"C{number}", **changes)
    await thanking.send_out()
    found = {send["customer_id"]: (send["state"], send["reason"]) for send in await thanking.sends()}
    assert found == {f"C{number}": ("suppressed", reason) for number, (_, reason) in enumerate(cases)}


async def test_a_message_planned_at_night_goes_in_the_morning(thanking: World) -> None:
    thanking.clock.move_to(thanking.clock.now().replace(hour=15))  # 23:00 in Shanghai
    await thank(thanking)
    await thanking.send_out()
    assert (await only(thanking))["state"] == "planned"
    thanking.clock.advance(timedelta(hours=8, minutes=1))
    await thanking.send_out()
    assert (await only(thanking))["state"] == "accepted"


async def test_management_gets_an_e_mail_about_a_major_complaint_at_once(world: World) -> None:
    await world.load_pack("major_complaint")
    complaint = event("complaint.opened", example("complaint.opened", grade="major"))
    await world.served.deliver(complaint)
    await world.send_out()
    (send,) = await world.sends()
    assert (send["state"], send["recipient_masked"]) == ("accepted", "d***@example.com、h***@example.com")
    (name,) = world.mailbox.names()
    received = world.mailbox.shown(name)
    assert received["id"] == f"<{send['id']}@huifang>"
    assert received["to"] == "duty@example.com, head@example.com"
    assert "重大投诉" in received["subject"]
    assert PHONE[3:] not in received["text"]


@pytest.mark.parametrize(("branch", "told"), [("CD", "cd@example.com"), ("CX", "duty@example.com, head@example.com")])
async def test_the_branchs_supervisors_are_told_that_a_deadline_is_near_else_the_managers(
    new_world: NewWorld, branch: str, told: str
) -> None:
    world = await new_world(supervisor_emails={"CD": "cd@example.com"})
    await world.load_pack("deadline_near")
    near = event("followup.deadline_near", example("followup.deadline_near", branch=branch))
    await world.served.deliver(near, near)
    await world.send_out()
    (name,) = world.mailbox.names()
    received = world.mailbox.shown(name)
    assert received["to"] == told
    assert "将到期" in received["subject"]
    assert PHONE[3:] not in received["text"]
    (send,) = await world.sends()
    assert (send["state"], send["purpose"], send["branch"]) == ("accepted", "deadline_near", branch)


async def test_a_lesser_complaint_is_no_matter_for_management(world: World) -> None:
    await world.load_pack("major_complaint")
    await world.served.deliver(event("complaint.opened", example("complaint.opened", grade="general")))
    assert await world.sends() == []


async def test_an_e_mail_nobody_can_vouch_for_fails_for_somebody_to_look_at(world: World) -> None:
    await world.load_pack("major_complaint")
    await world.served.deliver(event("complaint.opened", example("complaint.opened", grade="major")))
    office = office_of(world.served.runtime)
    async with world.served.runtime.db.work() as work:
        await sending.lease_due(work, office.rules, 10)
    world.clock.advance(timedelta(minutes=5))
    await world.settle()
    (send,) = await world.sends()
    assert (send["state"], send["reason"]) == ("failed", "unconfirmed")
    assert [e.name for e in await world.served.published()] == ["notification.failed"]


async def test_a_birthday_is_greeted_once_a_year_on_its_day(world: World) -> None:
    await world.load_pack("birthday")
    await world.served.deliver(
        event("customer.updated", example("customer.updated", customer=customer(birthday="1990-03-02"))),
        event(
            "customer.updated", example("customer.updated", customer=customer("C2", birthday="lunar:01-15")), key="C2"
        ),
    )
    await world.served.run_job("greetings")
    await world.send_out()
    assert [(s["customer_id"], s["state"], s["lineage"]) for s in await world.sends()] == [
        ("C1", "accepted", "2026-03-02/birthday/C1")
    ]
    world.clock.advance(timedelta(days=1))
    await world.served.run_job("greetings")
    assert {send["customer_id"] for send in await world.sends()} == {"C1", "C2"}
    world.clock.advance(timedelta(days=363))
    await world.served.run_job("greetings")
    assert len([s for s in await world.sends() if s["customer_id"] == "C1"]) == 1
    world.clock.advance(timedelta(days=1))
    await world.served.run_job("greetings")
    assert len([s for s in await world.sends() if s["customer_id"] == "C1"]) == 2


async def test_no_day_is_skipped_and_a_greeting_after_its_day_is_not_sent(world: World) -> None:
    await world.load_pack("birthday")
    for number, birthday in (("C1", "--03-03"), ("C2", "--03-04"), ("C3", "--03-05")):
        told = example("customer.updated", customer=customer(number, birthday=birthday))
        await world.served.deliver(event("customer.updated", told, key=number))
    await world.served.run_job("greetings")
    world.clock.advance(timedelta(days=3))
    await world.served.run_job("greetings")
    await world.send_out()
    found = {send["customer_id"]: (send["state"], send["reason"]) for send in await world.sends()}
    assert found == {"C1": ("suppressed", "expired"), "C2": ("suppressed", "expired"), "C3": ("accepted", "")}


async def test_greetings_wait_for_their_hour(world: World) -> None:
    await world.load_pack("birthday")
    await world.served.deliver(
        event("customer.updated", example("customer.updated", customer=customer(birthday="--03-03")))
    )
    world.clock.advance(timedelta(hours=22))  # 8:00 of the 3rd
    await world.served.run_job("greetings")
    assert await world.sends() == []
    world.clock.advance(timedelta(hours=1))
    await world.served.run_job("greetings")
    assert len(await world.sends()) == 1


async def test_key_customers_are_greeted_on_a_festival(world: World) -> None:
    await world.load_pack("festival")
    for number, level in (("C1", "A"), ("C2", "B")):
        told = example("customer.updated", customer=customer(number, level=level))
        await world.served.deliver(event("customer.updated", told, key=number))
    world.clock.advance(timedelta(days=1))  # the lantern festival of 2026
    await world.served.run_job("greetings")
    await world.send_out()
    (send,) = await world.sends()
    assert send["customer_id"] == "C1"
    assert "元宵节" in str(send["text"])
    assert str(send["text"]).endswith("拒收请回复R")


async def test_the_metrics_tell_outcomes_and_unknowns(thanking: World) -> None:
    thanking.behave(hang=1, hang_seconds=2)
    await thank(thanking)
    await thanking.send_out()
    await thanking.settle()
    async with thanking.served.client(None) as client:
        metrics = (await client.get("/metrics")).text
    labels = {"outcome": "unknown", "provider": "aliyun", "channel": "sms", "template": "thank_you"}
    assert REGISTRY.get_sample_value("huifang_notifications_sends_total", labels)
    assert "huifang_notifications_unknown 1.0" in metrics


async def test_calls_of_a_provider_are_counted_by_its_answer(thanking: World) -> None:
    answers = ("accepted", "refused", "unclear", "not_tried")

    def calls() -> dict[str, float]:
        return {
            each: figure("huifang_notifications_submissions_total", provider="aliyun", answer=each) for each in answers
        }

    before = calls()
    await thank(thanking)
    assert calls() == before
    await thanking.send_out()
    assert calls() == before | {"accepted": before["accepted"] + 1}
    thanking.behave(hang=1, hang_seconds=2)
    await thank(thanking, "C2", phone=SEALER.seal_phone("13700137021"))
    await thanking.send_out()
    assert calls() == before | {"accepted": before["accepted"] + 1, "unclear": before["unclear"] + 1}


async def test_an_accepted_message_without_a_receipt_is_missed_after_an_hour(thanking: World) -> None:
    async def missing() -> float:
        async with thanking.served.runtime.db.work() as work:
            await give_up_lost_leases(work, 10)  # what `settle` begins with; asking the provider comes after it
        return figure("huifang_notifications_receipts_missing")

    await thank(thanking)
    await thanking.send_out()
    thanking.clock.advance(timedelta(minutes=59))
    assert await missing() == 0
    thanking.clock.advance(timedelta(minutes=2))
    assert await missing() == 1
    await thanking.call_back()
    assert await missing() == 0


async def test_nothing_personal_is_stored_or_logged_in_the_clear(
    thanking: World, capsys: pytest.CaptureFixture[str]
) -> None:
    thanking.behave(error_after=1)
    await thank(thanking)
    await thanking.send_out()
    await thanking.reply("R")
    async with thanking.served.runtime.db.read() as session:
        for table in ("send", "contact", "opt_out", "reply", "receipt", "outbox"):
            rows = (await session.execute(text(f"SELECT to_jsonb({table})::text FROM {table}"))).scalars().all()
            assert not [row for row in rows if PHONE[3:] in row or PHONE[3:].encode().hex() in row], table
    assert PHONE[3:] not in capsys.readouterr().out


async def test_the_simulator_shows_its_messages_masked(thanking: World) -> None:
    await thank(thanking)
    await thanking.send_out()
    office = office_of(thanking.served.runtime)
    async with httpx.AsyncClient() as client:
        page = (await client.get(office.providers["sms"].address)).text
    assert "138****8000" in page
    assert PHONE[3:] not in page
    assert SEALED not in page


async def test_withdrawals_are_forgotten_once_no_fact_is_heard_so_late(world: World) -> None:
    days = world.served.runtime.settings.late_days  # type: ignore[attr-defined]
    for number in (1, 2):
        data = example("fact.withdrawn", event_id=f"e{number}", event_source="/erp")
        await world.served.deliver(event("fact.withdrawn", data, id=f"w{number}", time=world.clock.now()))
        world.clock.advance(timedelta(days=days / 2, minutes=1))
    await world.served.run_job("forget")
    async with world.served.runtime.db.read() as session:
        assert list((await session.execute(text("SELECT event_id FROM withdrawn_fact"))).scalars()) == ["e2"]
