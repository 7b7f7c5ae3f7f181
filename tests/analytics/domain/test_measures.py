"""What a single event adds to the figures."""

import pytest

from services.analytics.domain.observations import Occurrence, observe, revised
from services.analytics.domain.ratings import RatingFact
from shared.testing import event, example
from tests.analytics.builders import MONDAY, Case, Followup, day, notice, sums_of


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


def test_who_refuses_calls_refused_no_notice():
    assert "notices.opted_out" not in sums_of(notice("opted_out", channel="phone"))


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
