"""Every KPI with a worked example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.domain.board import BRANCH_TABLE, GROUPS, TREND
from services.analytics.domain.funnel import FUNNEL
from services.analytics.domain.kpis import Options, definitions, evaluate, wilson

RATED = {"very_satisfied": 50, "satisfied": 30, "basically": 10, "dissatisfied": 8, "very_dissatisfied": 2}


def levels(prefix: str) -> dict[str, float]:
    return {f"{prefix}.{level}": count for level, count in RATED.items()}


HOTLINE = {"hotline.effective": 200, "hotline.responded": 190, "hotline.resolved": 160} | levels("hotline")

EXAMPLES = [
    ("due", {"due": 120}, 120),
    ("coverage", {"customers.effective": 60, "customers.due": 80}, 0.75),
    ("completion", {"due.effective": 64, "due": 100}, 0.64),
    ("contact", {"connected": 45, "attempts": 60}, 0.75),
    ("contact_customers", {"customers.reached": 45, "customers.attempted": 50}, 0.9),
    ("effective", {"visits.effective": 40, "visits.self_effective": 4, "connected": 45}, 0.8),
    ("on_time", {"visits.on_time": 38, "visits.completed": 40}, 0.95),
    ("callbacks_kept", {"callbacks.kept": 9, "callbacks.called": 10}, 0.9),
    ("self_answered", {"visits.self_answered": 3, "visits.invited": 8}, 0.375),
    ("satisfaction", levels("final"), 0.8),
    ("first_satisfaction", levels("first"), 0.8),
    ("second_satisfaction", levels("second"), 0.8),
    ("contact_phone", {"phone.connected": 45, "phone.attempts": 60}, 0.75),
    ("contact_on_site", {"on_site.connected": 9, "on_site.attempts": 10}, 0.9),
    ("first_satisfaction_phone", levels("phone.first"), 0.8),
    ("first_satisfaction_on_site", levels("on_site.first"), 0.8),
    ("first_satisfaction_message", levels("message.first"), 0.8),
    ("csat", {"csat.good": 80, "csat.rated": 100}, 0.8),
    ("nps", {"nps.promoters": 60, "nps.detractors": 10, "nps.answered": 100}, 0.5),
    ("resolution", {"problems.solved": 30, "problems.partly": 10, "problems.raised": 50}, 0.7),
    ("feedback_timeliness", {"problems.answered_in_time": 45, "problems.raised": 50}, 0.9),
    ("closed_loop", {"loop.closed": 18, "visits.dissatisfied": 24, "loop.excluded": 4}, 0.9),
    ("rework", {"cases.ended_reworked": 4, "cases.ended": 40}, 0.1),
    ("repeat_complaints", {"problems.repeated": 5, "problems.raised": 50}, 0.1),
    ("cases_excluded", {"cases.excluded": 3}, 3),
    ("hotline_response", HOTLINE, 0.95),
    ("hotline_resolution", HOTLINE, 0.8),
    ("hotline_satisfaction", HOTLINE, 0.45),
    ("hotline_combined", HOTLINE, (190 + 160 + 90) / 600),
    ("hotline_unreached", {"hotline.unreached": 7}, 7),
    ("notices_delivered", {"notices.delivered": 97, "notices.accepted": 100}, 0.97),
    ("opt_outs", {"notices.opted_out": 3}, 3),
]


@pytest.mark.parametrize(("kpi", "sums", "value"), EXAMPLES, ids=[example[0] for example in EXAMPLES])
def test_a_kpi_is_what_its_formula_says(kpi, sums, value):
    assert evaluate(definitions(Options())[kpi], sums).value == pytest.approx(value)


def test_every_kpi_has_a_worked_example_a_formula_and_a_place_on_the_page():
    kpis = definitions(Options())
    assert {example[0] for example in EXAMPLES} == set(kpis)
    assert {kpi for group in GROUPS.values() for kpi in group} == set(kpis)
    assert {*BRANCH_TABLE, TREND} <= set(kpis)
    assert all(kpi.formula and kpi.belongs_to and kpi.name for kpi in kpis.values())
    assert next(iter(FUNNEL)) == "facts"


def test_nothing_to_divide_by_has_no_value():
    figure = evaluate(definitions(Options())["completion"], {})
    assert (figure.value, figure.denominator, figure.interval) == (None, 0, None)


def test_samples_below_thirty_are_marked():
    kpi = definitions(Options())["completion"]
    assert evaluate(kpi, {"due": 29, "due.effective": 20}).small_sample
    assert not evaluate(kpi, {"due": 30, "due.effective": 20}).small_sample


def test_a_share_has_an_interval_and_a_difference_has_none():
    kpis = definitions(Options())
    low, high = evaluate(kpis["completion"], {"due": 100, "due.effective": 64}).interval
    assert low < 0.64 < high
    assert evaluate(kpis["nps"], {"nps.promoters": 6, "nps.answered": 10}).interval is None


def test_basically_satisfied_counts_by_switch_and_shows_in_the_version():
    strict, mild = definitions(Options()), definitions(Options(basically_counts=True))
    assert evaluate(mild["satisfaction"], levels("final")).value == pytest.approx(0.9)
    assert evaluate(mild["first_satisfaction"], levels("first")).value == pytest.approx(0.9)
    assert strict["satisfaction"].version != mild["satisfaction"].version
    assert "基本满意" in mild["satisfaction"].formula
    assert "基本满意" not in strict["satisfaction"].formula


def test_12345_weights_and_its_own_switch_are_configurable():
    kpis = definitions(Options(hotline_weights=(0.1, 0.45, 0.45), hotline_basically_counts=False))
    assert evaluate(kpis["hotline_combined"], HOTLINE).value == pytest.approx((19 + 0.45 * 160 + 0.45 * 80) / 200)
    assert evaluate(kpis["hotline_satisfaction"], HOTLINE).value == pytest.approx(0.4)
    assert "10% : 45% : 45%" in kpis["hotline_combined"].formula


def test_the_weight_of_partly_solved_problems_is_configurable_and_versioned():
    kpi = definitions(Options(partly_solved_weight=0.25))["resolution"]
    assert evaluate(kpi, {"problems.solved": 30, "problems.partly": 10, "problems.raised": 50}).value == pytest.approx(
        0.65
    )
    assert kpi.version != definitions(Options())["resolution"].version


def test_partly_solved_counts_for_half_by_default():
    kpis = definitions(Options())
    told = {"hotline.effective": 10, "hotline.resolved": 6, "hotline.partly": 2}
    assert evaluate(kpis["hotline_resolution"], told).value == pytest.approx(0.7)
    assert evaluate(definitions(Options(partly_solved_weight=0))["hotline_resolution"], told).value == pytest.approx(
        0.6
    )
    assert "部分解决数 × 0.5" in kpis["hotline_resolution"].formula


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
