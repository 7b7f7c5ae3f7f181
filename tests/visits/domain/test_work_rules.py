"""The work rules as a document: what may be written, what is refused, and what follows from a code of one's own."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.visits.domain.attempts import record
from services.visits.domain.errors import InvalidAttempt, InvalidWorkRules, ResultNotSelectable
from services.visits.domain.results import RESULTS
from services.visits.domain.visit import State
from services.visits.domain.work_rules import WorkRules
from services.visits.domain.work_rules_check import check
from services.visits.domain.work_rules_document import Duration, RulesDocument
from shared.contracts.visits import VisitAttempted
from tests.visits.domain.builders import NOW, SHORT, at, held, report

FIRST = RulesDocument.of(WorkRules())
OWN = {
    "code": "gate_shut",
    "title": "门禁进不去",
    "means": "no_answer",
    "shortcut": "G",
    "retry": {"hours": 5},
    "most": 2,
}


def document(**changes: Any) -> RulesDocument:
    return RulesDocument.model_validate(FIRST.plain | changes)


def with_code(code: str, **changes: Any) -> RulesDocument:
    """The first rules with this code changed; a value None is left out."""
    results = [dict(one) for one in FIRST.plain["results"]]
    one = next(one for one in results if one["code"] == code)
    one |= changes
    for name in [name for name, value in one.items() if value is None]:
        del one[name]
    return document(results=results)


def added(**code: Any) -> RulesDocument:
    return document(results=[*FIRST.plain["results"], code])


def faults(wanted: RulesDocument, *used: str, before: RulesDocument = FIRST) -> dict[str, str]:
    with pytest.raises(InvalidWorkRules) as refused:
        check(wanted, before, used)
    return {fault["field"]: fault["message"] for fault in refused.value.extra["errors"]}


def test_the_first_document_says_what_holds_today() -> None:
    kept = check(FIRST, FIRST, ())
    assert (kept.document, kept.retired) == (FIRST, ())
    assert kept.document.to_rules() == WorkRules()
    assert FIRST.plain["callback"]["lead"] == {"minutes": 5}
    assert FIRST.plain["results"][6]["retry"] == {"hours": 2}


@given(st.integers(0, 3660 * 86_400))
def test_a_duration_is_written_in_the_largest_unit_that_says_it(seconds: int) -> None:
    written = Duration.of(timedelta(seconds=seconds))
    assert written.amount == timedelta(seconds=seconds)
    assert len(written.model_dump(exclude_none=True)) == 1


def test_calls_may_be_made_all_day() -> None:
    rules = document(contact_hours="00:00-24:00").to_rules()
    assert RulesDocument.of(rules).contact_hours == "00:00-24:00"


@pytest.mark.parametrize(
    "changes",
    [
        {"contact_hours": "12:00-09:00"},
        {"contact_hours": ""},
        {"contact_hours": "09:00-09:00"},
        {"most_attempts": 0},
        {"grace": {"days": 1, "hours": 2}},
        {"grace": {}},
        {"grace": {"days": -1}},
        {"grace": 7},
        {"correct_within": {"weeks": 1}},
        {"self_answer": {"after": [], "code_lives": {"seconds": 0}}},
        {"results": []},
        {"moods": 1},
    ],
)
def test_values_that_make_no_sense_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        document(**changes)


@pytest.mark.parametrize(
    ("wanted", "field", "word"),
    [
        (with_code("completed", retired=True), "results", "code: completed"),
        (with_code("refused", retired=True), "results", "code: refused"),
        (with_code("no_answer", retry=None), "results.6.retry", "retry: {hours: 2}"),
        (with_code("refused", ending=None, retry={"hours": 1}), "results.3.ending", "ending: refused"),
        (with_code("no_answer", ending="refused", retry=None), "results.6.ending", "不写 ending"),
        (with_code("completed", needs_answers=False), "results.0.needs_answers", "needs_answers: true"),
        (with_code("invalid_number", retry={"hours": 1}), "results.10.retry", "删去 retry"),
        (with_code("busy", shortcut="U"), "results.7.shortcut", "重复"),
        (with_code("busy", title="无人接听"), "results.7.title", "重复"),
        (with_code("busy", means="no_answer"), "results.7.means", "删去 means"),
        (added(code="gate_shut", title="门禁进不去", retry={"hours": 5}), "results.13.means", "means: no_answer"),
        (document(self_answer={"after": ["refused"], "code_lives": {"days": 3}}), "self_answer.after.0", "no_answer"),
        (
            document(self_answer={"after": ["lost"], "code_lives": {"days": 3}}),
            "self_answer.after.0",
            "没有结果代码 lost",
        ),
    ],
)
def test_what_would_leave_a_visit_undecided_is_refused_with_what_to_write(
    wanted: RulesDocument, field: str, word: str
) -> None:
    found = faults(wanted)
    assert field in found, found
    assert word in found[field]


def test_without_any_code_for_nobody_answered_rules_are_refused() -> None:
    results = [one | {"retired": not RESULTS[one["code"]].connected} for one in FIRST.plain["results"]]
    assert "no_answer" in faults(document(results=results))["results"]


def test_a_code_that_is_left_out_is_retired_and_keeps_its_title() -> None:
    named = with_code("restricted", title="被限制呼叫")
    wanted = document(results=[one for one in FIRST.plain["results"] if one["code"] != "restricted"])
    kept = check(wanted, named, ())
    rules = kept.document.to_rules()
    assert kept.retired == ("restricted",)
    assert "restricted" not in [code.code for code in rules.selectable]
    assert rules.label_of("restricted") == "被限制呼叫"
    with pytest.raises(ResultNotSelectable, match="「被限制呼叫」已停用，请改选：完成、"):
        rules.chosen("restricted")


def test_an_own_code_stays_if_it_was_used_and_goes_if_it_was_not() -> None:
    before = check(added(**OWN), FIRST, ()).document
    assert check(FIRST, before, ["gate_shut"]).document.to_rules().results["gate_shut"].retired
    assert "gate_shut" not in check(FIRST, before, ()).document.to_rules().results
    other = added(**OWN | {"means": "busy"})
    assert "no_answer" in faults(other, "gate_shut", before=before)["results.13.means"]
    assert check(other, before, ()).document.to_rules().results["gate_shut"].means == "busy"


def test_a_retired_code_may_come_back() -> None:
    before = with_code("restricted", retired=True)
    assert not check(FIRST, before, ()).document.to_rules().results["restricted"].retired


def test_an_own_code_is_told_by_its_meaning_and_planned_by_itself() -> None:
    rules = check(added(**OWN), FIRST, ()).document.to_rules()
    gate = replace(report("no_answer"), code=rules.chosen("gate_shut"))
    waiting, attempt, (told, *_) = record(held(), gate, SHORT, rules, NOW)
    assert (attempt.result, attempt.own_code, attempt.connected) == ("no_answer", "gate_shut", False)
    assert isinstance(told, VisitAttempted)
    assert (told.result, told.own_code, told.result_title) == ("no_answer", "gate_shut", "门禁进不去")
    assert (waiting.state, waiting.next_at) == (State.WAITING, NOW + timedelta(hours=5))
    assert waiting.tally == {"no_answer": 1, "gate_shut": 1}
    again = held(replace(waiting, state=State.OPEN, next_at=None))
    failed, _, _ = record(again, gate, SHORT, rules, NOW)
    assert (failed.state, failed.ended) == (State.FAILED, "unreachable")


def test_a_partial_answer_may_have_to_have_one() -> None:
    rules = check(with_code("partly", needs_answers=True), FIRST, ()).document.to_rules()
    nothing = replace(report("partly"), code=rules.chosen("partly"))
    with pytest.raises(InvalidAttempt, match="至少要有一题"):
        record(held(), nothing, SHORT, rules, NOW)
    done, _, _ = record(held(), replace(nothing, answers={"fixed": "yes"}), SHORT, rules, NOW)
    assert done.state is State.COMPLETED


def test_a_number_that_is_tried_again_ends_nothing() -> None:
    rules = check(with_code("invalid_number", ending=None, retry="next_working_day"), FIRST, ()).document.to_rules()
    waiting, _, events = record(held(), replace(report("busy"), code=rules.chosen("invalid_number")), SHORT, rules, NOW)
    assert waiting.state is State.WAITING
    assert [type(event) for event in events] == [VisitAttempted]


def test_a_callback_is_kept_or_not_by_the_rules_of_the_moment() -> None:
    agreed = replace(held(), callback_at=NOW - timedelta(minutes=20))
    for minutes, kept in ((15, False), (20, True)):
        rules = replace(WorkRules(), callback_kept_within=timedelta(minutes=minutes))
        assert record(agreed, report("busy"), SHORT, rules, NOW)[1].callback_kept is kept


def evening() -> RulesDocument:
    return with_code("no_answer", retry_hours="18:00-20:00")


def test_a_code_may_be_tried_again_in_hours_of_its_own() -> None:
    rules = check(evening(), FIRST, ()).document.to_rules()
    waiting, kept, _ = record(held(), replace(report("no_answer"), code=rules.results["no_answer"]), SHORT, rules, NOW)
    assert (waiting.state, waiting.next_at, kept.next_at) == (State.WAITING, *[at("2026-03-02T18:00")] * 2)
    busy, _, _ = record(held(), replace(report("busy"), code=rules.results["busy"]), SHORT, rules, NOW)
    assert busy.next_at == NOW + timedelta(minutes=30)


def test_hours_of_its_own_give_way_to_the_policys_and_to_the_end_of_the_visit() -> None:
    rules = evening().to_rules()
    said = replace(report("no_answer"), code=rules.results["no_answer"])
    mornings = replace(held(), hours="all/0123456/09:00-12:00")
    assert record(mornings, said, SHORT, rules, NOW)[0].next_at == at("2026-03-03T09:00")
    ends = replace(held(), deadline_at=at("2026-03-02T17:00"))
    short = replace(rules, grace=timedelta())
    assert record(ends, said, SHORT, short, NOW)[0].next_at == at("2026-03-02T14:00")


def test_hours_of_its_own_are_written_as_all_hours_are() -> None:
    written = with_code("no_answer", retry_hours=" 18:00-19:00, 19:30-20:00")
    assert RulesDocument.of(written.to_rules()) == written
    assert [one.get("retry_hours") for one in written.plain["results"]].count("18:00-19:00,19:30-20:00") == 1
    with pytest.raises(ValidationError):
        with_code("no_answer", retry_hours="20:00-18:00")


@pytest.mark.parametrize(
    ("code", "hours", "words"),
    [
        ("no_answer", "12:00-14:00", "没有重叠"),
        ("refused", "18:00-20:00", "请去掉时段"),
        ("callback_agreed", "18:00-20:00", "请去掉时段"),
    ],
)
def test_hours_that_could_never_count_are_refused(code: str, hours: str, words: str) -> None:
    field = f"results.{list(RESULTS).index(code)}.retry_hours"
    assert words in faults(with_code(code, retry_hours=hours))[field]
