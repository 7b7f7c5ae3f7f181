"""A number learned to be wrong or new is a fact of its own, and counts at once in the customer's other open visits."""

from uuid import UUID

from shared.privacy import Sealer
from shared.testing.served import DATA_KEY
from tests.visits.conftest import PHONE, Desk, released

NEW = "+8613700137021"
SEALER = Sealer.from_text(DATA_KEY)


async def two_of_one_customer(desk: Desk) -> tuple[UUID, UUID]:
    await desk.served.deliver(released("T1"), released("T2"), released("T3", customer="C9", priority=9))
    async with desk.agent() as agent:
        items = (await agent.post("/api/v1/visits/claim", json={"limit": 2})).json()["items"]
    first, second = (UUID(item["id"]) for item in items)
    return first, second


async def test_a_wrong_number_with_the_right_one_is_told_and_reaches_other_open_visits(desk: Desk) -> None:
    first, second = await two_of_one_customer(desk)
    answer = await desk.attempt(first, result="wrong_number", corrected_phone="137 0013 7021")
    assert answer.status_code == 201, answer.text
    [told] = await desk.served.published("customer.number_corrected")
    assert (SEALER.unseal(told.data["wrong"]), SEALER.unseal(told.data["phone"])) == (PHONE, NEW)
    assert (told.data["phone_masked"], told.key, told.data["agent"]) == ("137****7021", "C1", "1001")
    for visit_id in (first, second):
        assert (await desk.visit(visit_id))["customer"]["phone_masked"] == "137****7021"
    async with desk.agent() as agent:
        dialled = (await agent.post(f"/api/v1/visits/{second}/dial")).json()["numbers"]
    assert dialled == [NEW]
    async with desk.served.client("supervisor") as client:
        others = (await client.get("/api/v1/visits", params={"customer_id": "C9"})).json()["items"]
    assert [one["customer"]["phone_masked"] for one in others] == ["138****8000"]


async def test_a_number_that_is_only_wrong_is_not_dialled_in_other_visits(desk: Desk) -> None:
    await desk.served.deliver(released("T2"), released("T3"))
    first = await desk.claimed("T1")
    assert (await desk.attempt(first, result="invalid_number")).json()["ended"] == "invalid_number"
    [told] = await desk.served.published("customer.number_corrected")
    assert (SEALER.unseal(told.data["wrong"]), told.data["phone"]) == (PHONE, None)
    async with desk.served.client("supervisor") as client:
        found = (await client.get("/api/v1/visits", params={"customer_id": "C1"})).json()["items"]
    masks = {one["task_id"]: one["customer"]["phone_masked"] for one in found}
    assert masks == {"T1": "138****8000", "T2": "", "T3": ""}


async def test_other_results_tell_of_no_number(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    await desk.attempt(visit_id, result="no_answer")
    assert await desk.served.published("customer.number_corrected") == []


async def test_the_right_number_is_another_than_the_wrong_one(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    answer = await desk.attempt(visit_id, result="wrong_number", corrected_phone=PHONE)
    assert (answer.status_code, answer.json()["detail"]) == (422, "更正后的号码与拨打的号码相同")
