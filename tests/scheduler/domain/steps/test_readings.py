"""Contacts that a reading leads to: so many kilometres more, or so many months, whichever comes first, each time."""

from typing import Any

import pytest

from services.scheduler.domain.packs.check import check_pack
from tests.scheduler.builders import at, contents
from tests.scheduler.domain.steps.test_run import Play

KM = {
    "events": ["inspection.done"],
    "reading": {"field": "km", "rises": 5000},
    "within": {"months": 3},
    "anyway": True,
}
STEP = {"id": "due", "wait": KM, "repeat": {"endless": True}, "deadline": {"days": 7}}


def read(play: Play, when: str, km: object) -> None:
    play.fact("inspection.done", when, data={"km": km})


def test_each_contact_waits_for_so_much_more_since_the_one_before() -> None:
    """From 10,000 km on: 15,000 on 1 March, 20,100 on 20 March; then nothing for three months; then 25,100 + 5,000."""
    play = Play(STEP)
    play.fact(when="2026-02-01 10:00", data={"km": 10000})
    read(play, "2026-02-20 10:00", 14999)
    read(play, "2026-03-01 10:00", 15000)
    read(play, "2026-03-10 10:00", "19999.5")  # amounts may be text
    read(play, "2026-03-20 10:00", 20100)
    read(play, "2026-05-01 10:00", 25000)  # 4,900 more, and the last that is known when the three months are over
    play.advance(at("2026-06-20 10:00"))
    read(play, "2026-07-01 10:00", 29999)
    read(play, "2026-07-05 10:00", 30000)
    assert play.plan() == {
        "due": "03-01 10:00",
        "due.2": "03-20 10:00",
        "due.3": "06-20 10:00",
        "due.4": "07-05 10:00",
    }


def test_where_the_fact_tells_no_reading_the_first_that_is_heard_is_what_it_counts_from() -> None:
    play = Play(STEP)
    play.fact(when="2026-02-01 10:00")
    read(play, "2026-02-10 10:00", 80000)
    read(play, "2026-02-20 10:00", None)
    read(play, "2026-03-01 10:00", 84999)
    assert play.plan() == {}
    read(play, "2026-03-02 10:00", 85000)
    assert play.plan() == {"due": "03-02 10:00"}


def test_readings_that_are_heard_in_another_order_come_to_the_same() -> None:
    play = Play({**STEP, "repeat": {"times": 2}})
    play.fact(when="2026-02-01 10:00", data={"km": 10000})
    play.advance(at("2026-03-05 10:00"))
    read(play, "2026-03-04 10:00", 15600)
    read(play, "2026-03-01 10:00", 15000)
    read(play, "2026-03-05 10:00", 19999)
    assert play.plan()["due"] == "03-01 10:00"
    read(play, "2026-03-06 10:00", 20000)
    assert play.plan()["due.2"] == "03-06 10:00"


@pytest.mark.parametrize(
    ("reading", "key", "says"),
    [
        ({"field": "km", "rises": 0}, "reading.rises", "大于 0"),
        ({"field": "kilometres", "rises": 1}, "reading.field", "等待的事件里没有 kilometres"),
        ({"rises": 1}, "reading.field", "缺少此项"),
    ],
)
def test_a_mistake_in_a_reading_is_told(reading: dict[str, Any], key: str, says: str) -> None:
    wait = {"events": ["inspection.done"], "within": {"days": 9}, "reading": reading}
    found = check_pack(contents({"steps": [{"id": "due", "wait": wait}], "questionnaire": "none"}))
    assert any(one.key.endswith(f"wait.{key}") and says in one.message for one in found), found
