"""The customers' page before people who guess, repeat, flood and send what is no form."""

import asyncio
import random
from datetime import timedelta

import httpx
import pytest
from prometheus_client import REGISTRY

from shared.privacy.codes import BITS, written
from tests.hostile.loop_time import LONGEST, LoopTime, loop_time
from tests.visits.asked_by_message import form, invited, post
from tests.visits.conftest import Desk, desk

__all__ = ["desk", "loop_time"]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def guesses(number: int) -> list[str]:
    chance = random.Random(1)
    return [written(chance.randrange(2**BITS)) for _ in range(number)]


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("huifang_visits_codes_total", {"outcome": outcome}) or 0.0


async def raw(desk: Desk, content: bytes, **headers: str) -> httpx.Response:
    async with desk.served.client(None, **headers) as client:
        return await client.post("/q", content=content)


async def test_who_guesses_is_stopped_and_others_are_served(desk: Desk) -> None:
    _, code = await invited(desk)
    refused = counted("refused")
    answers = [await post(desk, {"code": guess}, "198.51.100.9") for guess in guesses(60)]
    assert [answer.status_code for answer in answers] == [422] * 20 + [429] * 40
    assert counted("refused") - refused == 20
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert (await post(desk, {"code": code}, "198.51.100.9")).status_code == 429, (
        "not even the right one tells anything"
    )
    assert (await post(desk, {"code": code}, "203.0.113.7")).status_code == 200
    desk.clock.advance(timedelta(minutes=1))
    assert (await post(desk, form(code), "198.51.100.9")).status_code == 303


async def test_guessing_many_at_once_is_no_way_around(desk: Desk) -> None:
    answers = await asyncio.gather(*(post(desk, {"code": guess}, "198.51.100.9") for guess in guesses(80)))
    assert sum(answer.status_code == 422 for answer in answers) == 20


async def test_guessing_from_many_addresses_is_stopped_in_all(desk: Desk) -> None:
    desk.served.runtime.settings.wrong_codes_in_all = 50
    answers = [
        await post(desk, {"code": guess}, f"198.51.{number // 200}.{number % 200}")
        for number, guess in enumerate(guesses(70))
    ]
    assert [answer.status_code for answer in answers] == [422] * 50 + [429] * 20


async def test_a_right_code_repeated_is_no_guess(desk: Desk) -> None:
    _, code = await invited(desk)
    answers = [await post(desk, {"code": code}) for _ in range(50)]
    assert {answer.status_code for answer in answers} == {200}


async def test_a_replayed_answer_changes_nothing(desk: Desk) -> None:
    visit_id, code = await invited(desk)
    assert (await post(desk, form(code))).status_code == 303
    before = await desk.visit(visit_id)
    other = form(code, {"conduct": "no", "satisfaction": "very_dissatisfied"})
    assert [(await post(desk, again)).status_code for again in (form(code), other)] == [422, 422]
    assert await desk.visit(visit_id) == before
    assert len(await desk.served.published("visit.completed")) == 1


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"code=" + b"A" * (1 << 20), FORM, 413),
        (b"&".join(b"a%d=1" % number for number in range(5_000)), FORM, 400),
        (b"code=%00", FORM, 400),
        (b"code=%ff%fe", FORM, 400),
        (b"\xff\xfe=1", FORM, 400),
        (b'{"code": "7K3QF-9M2XP"}', {"Content-Type": "application/json"}, 415),
        (b"--x\r\n", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
        (b"", {}, 415),
        (b"code=" + b"%EF%BC%A1" * 5_000, FORM, 422),
    ],
    ids=["huge", "fields", "nul", "broken", "name", "json", "parts", "none", "wide"],
)
async def test_what_is_no_form_is_refused_as_a_page(
    desk: Desk, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await raw(desk, content, **headers)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "回访编号" in answer.text


async def test_answers_that_no_browser_sends_break_nothing(desk: Desk) -> None:
    _, code = await invited(desk)
    odd = ["", " ", "1e999", "nan", "<script>", "x" * 3_000, "\u202e", "{{ 1/0 }}", "yes", "-1"]
    for value in odd:
        for question in ("conduct", "satisfaction", "reasons", "suggestion", "no-such"):
            answer = await post(desk, {"code": code, "shown": ["conduct", question], f"q.{question}": [value, value]})
            assert answer.status_code in (200, 422), (question, value, answer.text[:500])
            assert "<script>" not in answer.text


async def test_the_largest_forms_hold_the_loop_for_no_one(desk: Desk, loop_time: LoopTime) -> None:
    _, code = await invited(desk)
    loop_time.forget()
    for body in (
        {"code": code, "shown": [f"q{number}" for number in range(900)], "q.suggestion": "1380013800" * 1_500},
        {"code": code, "shown": "q", "q.reasons": ["late"] * 900},
        {"code": "7" * 60_000},
    ):
        assert (await post(desk, body)).status_code in (200, 422)
    assert loop_time.most < LONGEST, loop_time.what
