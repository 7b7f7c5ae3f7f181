"""After an erasure nobody calls the customer, no record says what they said, and their pictures are gone."""

from datetime import timedelta
from pathlib import Path

from shared.erasure.job import erase_due
from shared.testing import event
from tests.architecture.test_personal_data import everything_in
from tests.visits.conftest import UNHAPPY, Desk, matter, released
from tests.visits.pictures import signature
from tests.visits.test_attachments import added
from tests.visits.test_corrections import correct

NEEDLES = ("周子衿", "138****8000", "等了一天", "请晚点打来", "锦园路6号")
NAMED = {"id": "C1", "name": "周子衿", "phone": "sealed:v1:abc", "phone_masked": "138****8000"}
FACTS = {"service_address": "锦园路6号", "customer": NAMED}


async def erase(desk: Desk, customer: str = "C1") -> None:
    asked = {"customer_id": customer, "asked_at": desk.clock.now().isoformat(), "asked_by": "zhao.min"}
    await desk.served.deliver(event("customer.erased", asked, key=customer))
    assert await erase_due(desk.served.runtime) == 1


async def found(desk: Desk) -> list[tuple[str, str]]:
    tables = await everything_in(desk.served)
    return [
        (table, needle)
        for table, rows in sorted(tables.items())
        for needle in NEEDLES
        if needle in rows or needle.encode().hex() in rows
    ]


async def test_a_record_keeps_what_is_counted_and_no_word(desk: Desk) -> None:
    visit_id = await desk.claimed("T1", matters=[matter("e1", **FACTS)])
    answer = await desk.attempt(visit_id, result="completed", answers=UNHAPPY, note="周子衿请晚点打来")
    assert answer.status_code == 201, answer.text
    assert (await correct(desk, visit_id, UNHAPPY | {"complaint": "周子衿等了一天"})).status_code == 200
    await desk.served.deliver(released("T8", customer="C2"))
    before = await desk.visit(visit_id)
    assert {"visit", "attempt", "record_version", "outbox"} <= {table for table, _ in await found(desk)}
    await erase(desk)
    left = [one for one in await found(desk) if one[1] != "138****8000"]
    assert left == []
    after = await desk.visit(visit_id)
    for name in ("state", "task_id", "policy_id", "branch", "kind", "finished_at"):
        assert after[name] == before[name], name
    assert after["outcome"]["rating"] == before["outcome"]["rating"] == 2
    assert [one["result"] for one in after["history"]] == [one["result"] for one in before["history"]]
    assert (after["customer"]["name"], after["customer"]["phone_masked"]) == ("", "")
    assert after["matters"][0]["event_id"] == "e1"


async def test_visits_that_are_not_over_are_called_off(desk: Desk) -> None:
    held = await desk.claimed("T1", matters=[matter("e1", **FACTS)])
    await desk.served.deliver(released("T2"), released("T3", customer="C2"))
    await erase(desk)
    async with desk.agent("1002") as client:
        given = (await client.post("/api/v1/visits/claim", json={"limit": 20})).json()["items"]
    assert [one["task_id"] for one in given] == ["T3"]
    visit = await desk.visit(held)
    assert [one["kind"] for one in visit["notices"]] == ["cancelled"]
    assert visit["customer"]["phone_masked"] == ""


async def test_what_arrives_later_is_called_off_and_forgotten_too(desk: Desk) -> None:
    await erase(desk)
    await desk.served.deliver(released("T1", matters=[matter("e1", **FACTS)]))
    desk.clock.advance(timedelta(minutes=2))
    assert await erase_due(desk.served.runtime) == 1
    assert await found(desk) == []
    async with desk.agent() as client:
        assert (await client.post("/api/v1/visits/claim", json={"limit": 20})).json()["items"] == []


async def test_pictures_go_with_their_files(desk: Desk, tmp_path: Path) -> None:
    visit_id = await desk.claimed("T1", channel="on_site")
    await added(desk, visit_id, signature(), kind="signature")
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    await erase(desk)
    assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert (await everything_in(desk.served))["attachment"] == ""


async def test_a_second_pass_changes_nothing_more(desk: Desk) -> None:
    visit_id = await desk.claimed("T1", matters=[matter("e1", **FACTS)])
    await erase(desk)
    first = await desk.visit(visit_id)
    desk.clock.advance(timedelta(minutes=2))
    assert await erase_due(desk.served.runtime) == 1
    assert await desk.visit(visit_id) == first
