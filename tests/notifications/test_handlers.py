"""Which events lead to which messages, once each."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import text

from shared.messaging.event import Event
from shared.testing import event, example
from shared.testing.events import NOON
from tests.notifications.conftest import SEALED, SEALER, World, customer

AFTERNOON = NOON + timedelta(hours=3)


async def test_the_demo_pack_gives_each_fact_its_message(world: World) -> None:
    await world.load_pack()
    facts = ("order.completed", "installation.finished", "gas.ignited", "repair.closed", "complaint.resolved")
    for number, name in enumerate(facts):
        data = example(name)
        data["customer"]["id"] = f"C{number}"
        await world.served.deliver(event(name, data, key=f"C{number}"))
    found = {send["customer_id"]: (send["purpose"], send["state"]) for send in await world.sends()}
    thanks = {f"C{number}": ("thank_you", "planned") for number in range(4)}
    assert found == thanks | {"C4": ("complaint_resolved", "planned")}


async def test_the_same_event_twice_and_two_events_about_one_matter_are_one_message(world: World) -> None:
    await world.load_pack("complaint_resolved")
    once = event("complaint.resolved", id="e1")
    await world.served.deliver(once)
    await world.served.deliver(once, event("complaint.resolved", id="e2"))
    assert len(await world.sends()) == 1


async def test_a_customer_with_two_matters_a_day_is_thanked_once(world: World) -> None:
    await world.load_pack("thank_you")
    order = example("order.completed", customer=customer())
    repair = example("repair.closed", customer=customer())
    await world.served.deliver(event("order.completed", order), event("repair.closed", repair))
    assert len(await world.sends()) == 1


async def test_a_released_greeting_or_notice_is_sent_and_a_phone_follow_up_is_not(world: World) -> None:
    await world.load_pack("followup_notice")
    await world.served.deliver(
        event("followup.released", example("followup.released", task_id="T1", purpose="notice")),
        event("followup.released", example("followup.released", task_id="T2", purpose="followup", channel="phone")),
        event(
            "followup.released",
            example("followup.released", task_id="T3", purpose="followup", channel="sms", questionnaire=""),
        ),
    )
    assert sorted(send["cause_id"] for send in await world.sends()) == ["T1", "T3"]


async def test_a_policy_with_a_text_of_its_own_is_not_given_the_general_one_too(world: World) -> None:
    await world.load_pack("followup_notice")
    greeting = {"purpose": "greeting", "channel": "sms"}
    async with world.served.client("policy_owner") as client:
        (rule, *_) = (await client.get("/api/v1/rules")).json()["items"]
        own = {
            "id": "own",
            "condition": {"field": "policy_id", "op": "eq", "value": "birthdays"},
            "purpose": "birthday",
        }
        answer = await client.post("/api/v1/rules", json=rule["body"] | own)
    assert answer.status_code < 300, answer.text
    await world.served.deliver(
        event("followup.released", example("followup.released", task_id="T1", policy_id="birthdays", **greeting)),
        event("followup.released", example("followup.released", task_id="T2", policy_id="others", **greeting)),
    )
    assert sorted((send["cause_id"], send["purpose"]) for send in await world.sends()) == [
        ("T1", "birthday"),
        ("T2", "notice"),
    ]


async def test_a_message_a_policy_asks_for_is_on_record_even_without_a_rule(world: World) -> None:
    await world.served.deliver(event("followup.released", example("followup.released", purpose="greeting")))
    (send,) = await world.sends()
    assert (send["state"], send["reason"]) == ("suppressed", "no_template")


async def test_the_survey_of_the_unreached_is_off_until_somebody_turns_it_on(world: World) -> None:
    await world.load_pack("survey_unreached")
    await world.served.deliver(event("visit.failed", example("visit.failed", reason="unreachable")))
    assert await world.sends() == []
    async with world.served.client("policy_owner") as client:
        (rule,) = (await client.get("/api/v1/rules")).json()["items"]
        answer = await client.post("/api/v1/rules", json=rule["body"] | {"enabled": True})
    assert answer.json()["version"] == 2
    await world.served.deliver(event("visit.failed", example("visit.failed", reason="unreachable", visit_id="V2")))
    assert [send["purpose"] for send in await world.sends()] == ["survey"]


async def test_a_message_goes_to_the_newest_number_known(world: World) -> None:
    await world.load_pack("birthday")
    first = example("customer.updated", customer=customer(birthday="--03-02"))
    later = example("order.completed", customer=customer(phone=SEALER.seal("+8613900139000"), birthday=None))
    updated = event("customer.updated", first)
    await world.served.deliver(updated)
    await world.served.deliver(event("order.completed", later, time=updated.time + timedelta(minutes=1)))
    await world.served.run_job("greetings")
    await world.send_out()
    (send,) = await world.sends()
    assert send["recipient_masked"] == "139****9000"


@pytest.mark.parametrize("numbers", [("0571-88886666", "13900139000"), ("", "0571-88886666", "13900139000")])
async def test_a_message_goes_to_the_first_number_that_is_a_mobile(world: World, numbers: tuple[str, ...]) -> None:
    await world.load_pack("thank_you")
    first, *others = [SEALER.seal_phone(number) if number else None for number in numbers]
    block = customer(phone=first, phones=others)
    await world.served.deliver(event("order.completed", example("order.completed", customer=block)))
    await world.send_out()
    assert [(send["state"], send["recipient_masked"]) for send in await world.sends()] == [("accepted", "139****9000")]


async def test_a_message_about_a_task_reaches_the_second_number_too(world: World) -> None:
    await world.load_pack("followup_notice")
    landline = SEALER.seal_phone("0571-88886666")
    block = customer(phone=landline, phones=[SEALER.seal_phone("13900139000")])
    await world.served.deliver(event("meter.read", example("meter.read", customer=block)))
    card = {"id": "C1", "name": "陈静", "phone": landline}
    task = example("followup.released", task_id="T1", purpose="notice", channel="sms", customer=card)
    await world.served.deliver(event("followup.released", task))
    await world.send_out()
    assert [send["recipient_masked"] for send in await world.sends()] == ["139****9000"]


async def test_an_older_fact_that_comes_late_changes_nothing_known_better(world: World) -> None:
    await world.load_pack("birthday")
    newer = event("customer.updated", example("customer.updated", customer=customer(name="陈小静", birthday="--03-02")))
    older = event(
        "order.completed",
        example("order.completed", customer=customer(name="旧名", phone=SEALED)),
        time=newer.time.replace(year=2025),
    )
    await world.served.deliver(newer)
    await world.served.deliver(older)
    await world.served.run_job("greetings")
    (send,) = await world.sends()
    assert "陈小静" in send["text"]


@pytest.mark.parametrize("late", [True, False])
async def test_an_older_refusal_counts_in_whatever_order_it_is_heard(world: World, late: bool) -> None:
    await world.load_pack("thank_you")
    block = {name: value for name, value in customer().items() if name != "birthday"}
    order = event("order.completed", example("order.completed", customer=block), time=world.clock.now())
    refusal = example("customer.updated", customer=block | {"do_not_contact": True, "birthday": "--03-02"})
    older = event("customer.updated", refusal, time=world.clock.now() - timedelta(hours=1))
    for one in (order, older) if late else (older, order):
        await world.served.deliver(one)
    await world.send_out()
    assert [(send["state"], send["reason"]) for send in await world.sends()] == [("suppressed", "do_not_contact")]


async def test_a_refusal_stands_when_a_later_fact_leaves_it_out_and_nobody_is_greeted(world: World) -> None:
    await world.load_pack("thank_you", "birthday")
    refusal = example("customer.updated", customer=customer(do_not_contact=True, birthday="--03-02"))
    refused = event("customer.updated", refusal, time=world.clock.now() - timedelta(hours=2))
    block = {name: value for name, value in customer().items() if name != "birthday"}
    order = event("order.completed", example("order.completed", customer=block), time=world.clock.now())
    await world.served.deliver(refused)
    await world.served.deliver(order)
    await world.served.run_job("greetings")
    await world.send_out()
    assert [send["state"] for send in await world.sends() if send["state"] != "suppressed"] == []
    assert {send["reason"] for send in await world.sends(purpose="thank_you")} == {"do_not_contact"}
    assert world.simulator.messages.counts()["messages"] == 0


async def test_facts_nobody_has_a_message_for_pass_by(world: World) -> None:
    await world.load_pack()
    await world.served.deliver(event("weather.rained"), event("meter.read"), event("something.unheard_of", {"a": 1}))
    assert await world.sends() == []
    assert await world.served.dead_letters() == []


def taken_back(number: str, lineage: str = "e1", source: str = "/erp") -> Event:
    data = {"event_id": "e1", "event_source": source, "event_type": "order.completed", "number": number, "customer_id": "C1",
            "reason": "cancelled", "withdrawn_at": "2026-03-02T12:00:00+08:00"}  # fmt: skip
    told = event("fact.withdrawn", data, key="C1", id="e1/withdrawn", source=source)
    return msgspec.structs.replace(told, lineage=lineage)


async def test_a_message_about_a_withdrawn_fact_is_not_sent(world: World) -> None:
    await world.load_pack("thank_you")
    order = event("order.completed", example("order.completed", customer=customer()), id="e1", source="/erp")
    await world.served.deliver(order)
    await world.served.deliver(taken_back(order.data["order_no"], order.lineage))
    assert [(send["state"], send["reason"]) for send in await world.sends()] == [("suppressed", "fact_withdrawn")]


async def test_what_is_completed_again_after_its_withdrawal_leads_to_a_message(world: World) -> None:
    """By the rule of the pack it is one a day: what was called off is none."""
    await world.load_pack("thank_you")
    order = event("order.completed", example("order.completed", customer=customer()), id="e1", source="/erp")
    anew = event("order.completed", order.data, id="e2", source="/erp", lineage="e2", time=order.time)
    await world.served.deliver(order)
    await world.served.deliver(taken_back(order.data["order_no"], order.lineage))
    await world.served.deliver(anew)
    found = {send["lineage"]: (send["state"], send["reason"]) for send in await world.sends()}
    assert found == {"e1": ("suppressed", "fact_withdrawn"), "e2": ("planned", "")}


async def test_a_fact_heard_after_its_withdrawal_leads_to_no_message(world: World) -> None:
    await world.load_pack("thank_you")
    order = event("order.completed", example("order.completed", customer=customer()), id="e1", source="/erp")
    await world.served.deliver(taken_back(order.data["order_no"]))
    await world.served.deliver(order)
    assert await world.sends() == []


async def test_the_withdrawal_of_another_sources_fact_leaves_the_message_alone(world: World) -> None:
    await world.load_pack("thank_you")
    order = event("order.completed", example("order.completed", customer=customer()), id="e1", source="/erp")
    await world.served.deliver(order)
    await world.served.deliver(taken_back(order.data["order_no"], "another", "/other"))
    assert [send["state"] for send in await world.sends()] == ["planned"]


async def test_a_message_of_a_cancelled_task_is_not_sent(world: World) -> None:
    await world.load_pack("followup_notice")
    given = {"purpose": "notice", "channel": "sms", "customer": customer()}
    task = example("followup.released", **given)
    await world.served.deliver(event("followup.released", task, id="r1"))
    assert [send["state"] for send in await world.sends()] == ["planned"]
    gone = example("followup.cancelled", **given, task_id=task["task_id"])
    cancelled = event("followup.cancelled", gone, id="c1")
    await world.served.deliver(msgspec.structs.replace(cancelled, lineage="r1"))
    assert [(send["state"], send["reason"]) for send in await world.sends()] == [("suppressed", "task_cancelled")]


async def test_the_message_of_a_postponed_task_is_planned_again_when_it_is_released_again(world: World) -> None:
    await world.load_pack("followup_notice")
    given = {"purpose": "notice", "channel": "sms", "customer": customer()}
    task = example("followup.released", **given)
    later = {**task, "released_at": "2026-03-02T15:00:00+08:00"}
    off = example("followup.postponed", **given, task_id=task["task_id"])
    await world.served.deliver(event("followup.released", task, id="r1", lineage="l1"))
    await world.served.deliver(event("followup.postponed", off, id="p1", lineage="l1"))
    assert [(send["state"], send["reason"]) for send in await world.sends()] == [("suppressed", "task_postponed")]
    await world.served.deliver(event("followup.released", later, id="r2", lineage="l1", time=AFTERNOON))
    assert sorted(send["state"] for send in await world.sends()) == ["planned", "suppressed"]
    await world.served.deliver(
        event("followup.postponed", off, id="p2", lineage="l1"),
        event("followup.released", later, id="r3", lineage="l1", time=AFTERNOON + timedelta(hours=1)),
    )
    assert sorted(send["state"] for send in await world.sends()) == ["planned", "suppressed", "suppressed"]


def order_of(source: str, event_id: str = "e1", number: str = "SO7") -> Event:
    return event(
        "order.completed",
        example("order.completed", customer=customer(), order_no=number),
        id=event_id,
        source=source,
        lineage=f"{source} {event_id}",
    )


async def a_rule_per_order(world: World) -> None:
    """A message for every order, however many a day."""
    await world.load_pack("thank_you")
    rule = {"id": "thank-you", "events": ["order.completed"], "purpose": "thank_you", "template": "thank_you"}
    async with world.served.client("supervisor") as client:
        saved = await client.post("/api/v1/rules", json=rule | {"when": "same_day", "valid_hours": 12})
    assert saved.status_code == 200, saved.text


async def test_two_senders_with_the_same_number_each_get_their_message(world: World) -> None:
    await a_rule_per_order(world)
    await world.served.deliver(order_of("/erp"), order_of("/crm"))
    await world.served.deliver(order_of("/erp", "e2"))  # the same document told again
    assert len(await world.sends()) == 2


async def test_a_message_in_the_ledger_from_before_keys_named_the_source_is_not_sent_again(world: World) -> None:
    await a_rule_per_order(world)
    await world.served.deliver(order_of("/erp"))
    (send,) = await world.sends()
    async with world.served.runtime.db.work() as work:
        await work.session.execute(
            text("UPDATE send SET key = purpose || '|' || customer_id || '|' || cause_id WHERE id = :id"),
            {"id": send["id"]},
        )
    await world.served.deliver(order_of("/erp", "e2"))
    assert len(await world.sends()) == 1


async def test_two_withdrawals_of_the_same_number_call_off_each_its_own_message(world: World) -> None:
    await a_rule_per_order(world)
    one, two = order_of("/erp"), order_of("/crm")
    await world.served.deliver(one, two)
    await world.served.deliver(taken_back("SO7", one.lineage, "/erp"), taken_back("SO7", two.lineage, "/crm"))
    assert [send["reason"] for send in await world.sends()] == ["fact_withdrawn", "fact_withdrawn"]


async def test_messages_go_to_the_number_that_was_learned_not_to_the_wrong_one(world: World) -> None:
    await world.load_pack("thank_you")
    right = SEALER.seal_phone("13700137021")
    order = example("order.completed", customer=customer())
    number = example("customer.number_corrected", wrong=customer()["phone"], phone=right)
    number["customer"]["id"] = customer()["id"]
    await world.served.deliver(event("customer.updated", example("customer.updated", customer=customer())))
    await world.served.deliver(event("customer.number_corrected", number))
    await world.served.deliver(event("order.completed", order, time=AFTERNOON))  # the source does not know yet
    async with world.served.runtime.db.read() as session:
        rows = await session.execute(
            text("SELECT phone, wrong_phones FROM contact WHERE customer_id = :id"), {"id": customer()["id"]}
        )
        assert [tuple(row) for row in rows] == [(right, [customer()["phone"]])]


@pytest.mark.parametrize(("corrected", "reached"), [("13700137021", ["137****7021"]), (None, [""])])
async def test_a_number_corrected_before_its_customer_was_heard_of_counts(
    corrected: str | None, reached: list[str], world: World
) -> None:
    """Visits and facts come by different topics: a correction may overtake the fact that tells of the customer."""
    await world.load_pack("thank_you")
    phone = SEALER.seal_phone(corrected) if corrected else None
    number = example("customer.number_corrected", wrong=customer()["phone"], phone=phone)
    number["customer"]["id"] = customer()["id"]
    number["learned_at"] = NOON.isoformat()
    await world.served.deliver(event("customer.number_corrected", number))
    order = example("order.completed", customer=customer())
    await world.served.deliver(event("order.completed", order, time=NOON - timedelta(hours=1)))
    async with world.served.runtime.db.read() as session:
        rows = await session.execute(
            text("SELECT name, phone, wrong_phones FROM contact WHERE customer_id = :id"), {"id": customer()["id"]}
        )
        assert [tuple(row) for row in rows] == [(customer()["name"], phone or "", [customer()["phone"]])]
    await world.send_out()
    assert [send["recipient_masked"] for send in await world.sends()] == reached
    assert world.simulator.messages.counts()["messages"] == (1 if corrected else 0)
