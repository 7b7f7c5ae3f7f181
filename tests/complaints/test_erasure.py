"""After an erasure nothing in complaints says who the customer was or what they said; their cases are work as before."""

from datetime import timedelta

from shared.clock import ManualClock
from shared.erasure.job import erase_due
from shared.testing import Served, event
from tests.architecture.test_personal_data import everything_in
from tests.complaints.builders import dissatisfied, problem
from tests.complaints.test_handlers import all_cases, hotline, resolve, told

NEEDLE = "周子衿"
CARD = {"id": "C7", "name": NEEDLE, "phone": "sealed:v1:abc", "phone_masked": "138****0000", "level": "A"}


async def say_everything(served: Served) -> None:
    """The needle in every text that comes from customers, senders and people."""
    # a visit says the same in everything it tells
    said = {"customer": CARD, "remark": f"{NEEDLE}说没修好", "reasons": [NEEDLE, "late"]}
    await served.deliver(
        told(dissatisfied("V1", **said), key="C7"),
        told(problem("V1", **said), key="C7"),
        told(dissatisfied("V2", customer={"id": "C8", "name": "别人"}), key="C8"),
        hotline(customer=CARD, handle_status="returned", content=f"{NEEDLE}反映", title=NEEDLE),
    )
    await served.run_job("assign")
    async with served.client("supervisor") as client:
        new = {"customer": {"id": "C7", "name": NEEDLE}, "description": f"{NEEDLE}来电"}
        taken = await client.post("/api/v1/cases", json=new, headers={"Idempotency-Key": "k1"})
        assert taken.status_code == 201, taken.text
        for case in [one for one in await all_cases(served) if one.customer.id == "C7"]:
            path, seen = f"/api/v1/cases/{case.id}/remarks", {"If-Match": f'"{case.version}"'}
            answer = await client.post(path, json={"text": f"已与{NEEDLE}约好"}, headers=seen)
            assert answer.is_success, answer.text
    first = next(one for one in await all_cases(served) if one.origin_id == "V1")
    await resolve(served, first)


async def erase(served: Served, customer: str = "C7") -> None:
    asked = {"customer_id": customer, "asked_at": served.runtime.clock.now().isoformat(), "asked_by": "zhao.min"}
    await served.deliver(event("customer.erased", asked, key=customer))
    assert await erase_due(served.runtime) == 1


async def test_nothing_says_who_it_was_and_the_cases_stay_work(served: Served) -> None:
    await say_everything(served)
    before = {case.id: case for case in await all_cases(served)}
    full = await everything_in(served)
    assert {"complaint_case", "case_entry", "outbox"} <= {
        table for table, rows in full.items() if NEEDLE in rows or NEEDLE.encode().hex() in rows
    }
    await erase(served)
    left = await everything_in(served)
    assert not [table for table, rows in left.items() if NEEDLE in rows or NEEDLE.encode().hex() in rows]
    assert "别人" in left["complaint_case"]
    after = {case.id: case for case in await all_cases(served)}
    assert after.keys() == before.keys()
    for case in after.values():
        was = before[case.id]
        for name in ("case_no", "state", "grade", "level", "deadline_at", "responsible_unit", "first_rating", "kind"):
            assert getattr(case, name) == getattr(was, name), name
        assert case.customer.do_not_contact == (case.customer.id == "C7")
    one = next(case for case in after.values() if case.origin_id == "V1")
    assert before[one.id].reasons == (NEEDLE, "late", "保险责任不清楚")
    assert one.reasons == ("late",)
    assert one.matters[0].event_id == before[one.id].matters[0].event_id
    async with served.client("supervisor") as client:
        shown = (await client.get(f"/api/v1/cases/{one.id}")).json()
    assert "erased" in [entry["what"] for entry in shown["timeline"]]
    assert NEEDLE not in str(shown)


async def test_a_second_pass_changes_nothing_more_and_takes_in_what_came_late(
    served: Served, clock: ManualClock
) -> None:
    await say_everything(served)
    await erase(served)
    first = await all_cases(served)
    clock.advance(timedelta(seconds=61))
    assert await erase_due(served.runtime) == 1
    assert await all_cases(served) == first
    await served.deliver(told(dissatisfied("V9", customer=CARD, remark=NEEDLE), key="C7"))
    clock.advance(timedelta(minutes=10))
    assert await erase_due(served.runtime) == 1
    left = await everything_in(served)
    assert not [table for table, rows in left.items() if NEEDLE in rows or NEEDLE.encode().hex() in rows]
