"""Small rules: periods, intervals, text forms, and single events."""

from collections import Counter
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.domain.cells import Cell, Tally, change, rank
from services.analytics.domain.formatting import cell_text, shown_number, shown_parts, shown_value
from services.analytics.domain.intervals import wilson
from services.analytics.domain.kpis import Options, definitions, evaluate
from services.analytics.domain.labels import Labels
from services.analytics.domain.observations import Occurrence, observe, revised
from services.analytics.domain.periods import Period, end_of, label, start_of
from services.analytics.domain.ratings import RatingFact
from services.analytics.domain.selection import Dimension
from shared.testing import event, example
from tests.analytics.builders import MONDAY, Case, Followup, day, notice, sums_of

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def test_ranks_sort_by_instant_whatever_the_zone():
    early = rank(datetime.fromisoformat("2026-03-01T08:00:00+08:00"), "z")
    late = rank(datetime.fromisoformat("2026-03-01T00:00:00.000001+00:00"), "a")
    assert "" < early < late


def test_the_change_between_figures_leaves_out_what_stays():
    a, b, c = (Tally(Cell(date(2026, 3, 2)), name) for name in "abc")
    assert change(Counter({a: 1, b: 2}), Counter({b: 2, c: 1})) == {a: -1, c: 1}


@given(DAYS, st.sampled_from([period for period in Period if period is not Period.TOTAL]))
def test_every_day_lies_in_its_period_and_the_next_period_begins_after_its_end(some_day, period):
    start = start_of(period, some_day)
    end = end_of(period, start)
    assert start <= some_day <= end
    assert start_of(period, end) == start
    following = date.fromordinal(end.toordinal() + 1)
    assert start_of(period, following) == following


@pytest.mark.parametrize(
    ("period", "start", "text"),
    [
        (Period.DAY, date(2026, 3, 7), "2026-03-07 (周六)"),
        (Period.WEEK, date(2025, 12, 29), "2026 年第 1 周"),
        (Period.MONTH, date(2026, 3, 1), "2026 年 3 月"),
        (Period.QUARTER, date(2026, 10, 1), "2026 年第 4 季度"),
        (Period.YEAR, date(2026, 1, 1), "2026 年"),
        (Period.TOTAL, date(2026, 1, 1), "合计"),
    ],
)
def test_periods_are_named_in_the_users_words(period, start, text):
    assert label(period, start) == text


def test_the_interval_agrees_with_a_published_example():
    low, high = wilson(8, 10)  # Brown, Cai and DasGupta (2001) give 0.490–0.943
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)


@given(st.integers(1, 10_000), st.data())
def test_an_interval_holds_its_share_and_stays_within_0_and_1(sample, data):
    successes = data.draw(st.integers(0, sample))
    low, high = wilson(successes, sample)
    assert 0 <= low <= successes / sample + 1e-12
    assert successes / sample - 1e-12 <= high <= 1


def test_what_is_no_share_has_no_interval():
    with pytest.raises(ValueError, match="no share"):
        wilson(3, 2)


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_would_start_a_formula_is_quoted(text):
    assert cell_text(text) == "'" + text


def test_ordinary_text_is_left_alone():
    assert cell_text("城东分公司") == "城东分公司"


def test_figures_are_written_for_people():
    kpis = definitions(Options())
    rate = evaluate(kpis["completion"], {"due": 1300, "due.effective": 1204})
    assert (shown_value(kpis["completion"], rate), shown_parts(kpis["completion"], rate)) == ("92.6%", "1,204 / 1,300")
    assert shown_value(kpis["due"], evaluate(kpis["due"], {"due": 1300})) == "1,300"
    assert shown_value(kpis["nps"], evaluate(kpis["nps"], {"nps.answered": 4, "nps.detractors": 1})) == "-25"
    assert shown_value(kpis["nps"], evaluate(kpis["nps"], {})) == "—"
    assert [shown_number(n) for n in (100, 2.5, 1200.126)] == ["100", "2.5", "1,200.13"]


def test_codes_are_called_by_their_names_where_somebody_gave_one():
    labels = Labels({"B1": "城东分公司"}, {"meter.sealed": "表具铅封", "repair.closed": "not the platform's"})
    assert labels.text(Dimension.BRANCH, "B1") == "城东分公司"
    assert labels.text(Dimension.BRANCH, "B2") == "B2"
    assert labels.text(Dimension.KIND, "repair.closed") == "维修结案"
    assert labels.text(Dimension.KIND, "meter.sealed") == "表具铅封"
    assert labels.text(Dimension.KIND, "calendar.birthday") == "生日祝福"
    assert labels.text(Dimension.KIND, "pipe.inspected") == "pipe.inspected"
    assert labels.text(Dimension.POLICY, "") == "未归属策略"


def test_facts_count_by_type_even_when_nobody_declared_it():
    sums = sums_of(event("order.completed"), event("cn.somebody.pipe.inspected.v1", {"org": {"code": "B1"}}))
    assert sums == {"facts": 2}


def test_attempts_count_calls_connections_hours_customers_and_the_agents_time():
    visit = Followup("1")
    sums = sums_of(visit.attempted(False, day(0, 9)), visit.attempted(True, day(0, 15), nth=2))
    assert sums["attempts"] == 2
    assert sums["connected"] == 1 + 1  # the rollup's and the agent's
    assert (sums["attempts.h09"], sums["attempts.h15"], sums["connected.h15"]) == (1, 1, 1)
    assert (sums["calls"], sums["talk_seconds"], sums["wrap_up_seconds"]) == (2, 120, 60)


def test_a_channel_without_an_agent_counts_for_no_agent():
    assert "calls" not in sums_of(Followup("1").attempted(agent=""))


def test_a_partial_visit_is_completed_and_not_effective():
    sums = sums_of(Followup("1").outcome(effective=False, rating=None))
    assert sums["visits.completed"] == sums["visits.partial"] == 1
    assert "visits.effective" not in sums


@pytest.mark.parametrize(
    ("answer", "measures"),
    [(10, {"nps.answered", "nps.promoters"}), (9, {"nps.answered", "nps.promoters"}), (8, {"nps.answered"}),
     (6, {"nps.answered", "nps.detractors"}), (0, {"nps.answered", "nps.detractors"}), (11, set()), ("9", set()),
     (True, set())],
)  # fmt: skip
def test_recommendations_count_when_they_are_answered(answer, measures):
    sums = sums_of(Followup("1").outcome(answers={"nps": answer}))
    assert {name for name in sums if name.startswith("nps.")} == measures


def test_hotline_answers_count_only_for_effective_first_follow_ups_of_12345():
    asked = {"responded": True, "resolved": False}
    hotline = Followup("1", kind="hotline.case_closed")
    sums = sums_of(hotline.outcome(**asked), hotline.outcome(effective=False, **asked), Followup("2").outcome(**asked))
    assert sums["hotline.effective"] == sums["hotline.responded"] == 1
    assert "hotline.resolved" not in sums


def test_not_reached_is_counted_apart_for_12345_and_a_refusal_is_not_one():
    hotline = Followup("1", kind="hotline.case_closed")
    sums = sums_of(hotline.failed(), hotline.failed("refused"), Followup("2").failed())
    assert (sums["hotline.unreached"], sums["visits.failed"], sums["visits.failed.unreachable"]) == (1, 3, 2)


def test_a_second_dissatisfaction_is_not_a_new_one():
    second = Case("1").second("2", day(3))
    sums = sums_of(Followup("1").outcome("dissatisfied", 2), second.outcome("dissatisfied", 1))
    assert (sums["visits.dissatisfied"], sums["visits.dissatisfied_again"]) == (1, 1)


def test_problem_cases_callbacks_failures_and_opt_outs_are_counted():
    sums = sums_of(
        event("visit.problem_found"), event("visit.callback_agreed"), notice("failed"), notice("opted_out"),
        *(event(f"complaint.{what}") for what in ("opened", "assigned", "escalated", "resolved", "reopened", "closed")),
    )  # fmt: skip
    expected = ["visits.problem", "visits.callbacks", "notices.failed", "notices.opted_out"]
    expected += [f"cases.{what}" for what in ("opened", "assigned", "escalated", "resolved", "reopened", "closed")]
    assert all(sums[name] == 1 for name in expected)


def test_a_contact_about_two_matters_is_one_contact_with_two_results():
    matters = [{"event_id": name, "event_source": "/s", "event_type": kind, "at": MONDAY.isoformat()}
               for name, kind in (("e1", "repair.closed"), ("e2", "meter.read"))]  # fmt: skip
    said = {"event_source": "/s", "effective": True}
    results = [said | {"event_id": "e1", "rating": 5, "satisfaction": "very_satisfied"},
               said | {"event_id": "e2", "rating": 2, "satisfaction": "dissatisfied"}]  # fmt: skip
    changes = {"matters": matters, "kind": "repair.closed", "round": 1, "rating": 2, "satisfaction": "dissatisfied"}
    told = event("visit.completed", example("visit.completed", **changes, results=results))
    sums = sums_of(told)
    assert (sums["visits.completed"], sums["csat.rated"], sums["csat.good"]) == (1, 2, 1)
    rated = observe([Occurrence(told.id, told.name, told.time, told.data)]).ratings
    facts = [revised(RatingFact(id_), changes) for id_, changes in rated.items()]
    assert [(fact.kind, fact.first, fact.several) for fact in facts] == [
        ("repair.closed", "dissatisfied", True), ("repair.closed", "very_satisfied", False),
        ("meter.read", "dissatisfied", False),
    ]  # fmt: skip
    assert [amount for fact in facts for key, amount in fact.figures().items() if key.measure.startswith("final")] == [
        1,
        1,
    ]


def test_callbacks_called_at_the_time_agreed_are_kept_and_others_not():
    tries = [
        event("visit.attempted", example("visit.attempted", callback_kept=kept)) for kept in (None, True, False, True)
    ]
    sums = sums_of(*tries)
    assert (sums["attempts"], sums["callbacks.called"], sums["callbacks.kept"]) == (4, 3, 2)


def test_an_event_that_breaks_its_contract_is_refused():
    with pytest.raises(ValueError, match="task_id"):
        sums_of(event("followup.planned", {"policy_id": "P1"}, time=MONDAY))
