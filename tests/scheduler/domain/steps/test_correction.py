"""The result of a contact was wrong after its run took another step, on the simulation."""

from typing import Any

import pytest

from services.scheduler.domain.explain.decision import explain
from services.scheduler.domain.simulation.facts import simulated_fact
from services.scheduler.domain.task import Task
from tests.scheduler.builders import at
from tests.scheduler.domain.steps.test_run import UNHAPPY, Play

HAPPY = {"field": "result", "op": "eq", "value": "completed"}
LOST = {"field": "result", "op": "in", "value": ["unreachable", "refused"]}
APOLOGY = {"id": "apology", "if": UNHAPPY, "delay": {"days": 2}}
THANKS = {"id": "thanks", "if": HAPPY, "delay": {"days": 5}}
LETTER = {"id": "letter", "if": LOST, "delay": {"days": 3}}
STEPS = ({"id": "call", "delay": {"hours": 1}}, LETTER, APOLOGY, THANKS)
CALLED, LATER = "2026-03-02 15:00", "2026-03-03 09:30"


class Corrected(Play):
    """A simulation in which results are found to be wrong."""

    def correct(self, step: str, when: str, **said: Any) -> None:
        """The finished record of a step's contact says something else."""
        self.tell("visit.corrected", self._step(step), when, **said)

    def reopen(self, step: str, reason: str, when: str, failed_at: str = CALLED) -> None:
        """The contact of a step had not failed."""
        self.tell("visit.reopened", self._step(step), when, reason=reason, failed_at=at(failed_at).isoformat())

    def _step(self, step: str) -> Task:
        return next(task for task in self.tasks.values() if task.step == step)

    def tell(self, name: str, task: Task, when: str, **data: Any) -> None:
        told = {"task_id": str(task.id), "customer": {"id": task.customer_id}, "channel": task.channel, **data}
        self.happen(simulated_fact(f"{name} {when}", "/visits", name, at(when), told))

    def last_record(self) -> str:
        decision = list(self.decisions.values())[-1]
        return "\n".join(explain(decision.outcome, decision.details, {}))


def begun(*steps: dict[str, Any], **policy: Any) -> Corrected:
    play = Corrected(*(steps or STEPS), **policy)
    play.fact()
    return play


def test_who_was_not_dissatisfied_gets_what_satisfied_customers_get() -> None:
    play = begun()
    play.call("call", "completed", CALLED, rating=1)
    assert play.states() == {"call": "done", "apology": "planned"}
    play.correct("call", LATER, rating=5)
    assert play.states() == {"call": "done", "apology": "cancelled", "thanks": "planned"}
    assert play.plan()["thanks"] == "03-07 00:00"  # five days after the call, not after its correction
    assert {task.step: task.reason for task in play.tasks.values()}["apology"] == "corrected"
    assert "上一步的结果更正为已完成，取消已计划的 1 个任务，按更正后的结果继续。" in play.last_record()


def test_who_was_dissatisfied_after_all_is_apologised_to() -> None:
    play = begun(STEPS[0], APOLOGY)
    play.call("call", "completed", CALLED, rating=5)
    assert not play.going
    play.correct("call", LATER, rating=2)
    assert play.states() == {"call": "done", "apology": "planned"}
    assert play.going
    play.call("apology", "completed", "2026-03-05 10:00", rating=5)
    assert not play.going


def test_a_correction_that_leads_to_the_same_leaves_no_record() -> None:
    play = begun()
    play.call("call", "completed", CALLED, rating=1)
    before = (play.states(), play.plan(), play.results())
    play.correct("call", LATER, rating=2)
    assert (play.states(), play.plan(), play.results()) == before


def test_a_correction_of_the_correction_brings_back_what_it_called_off() -> None:
    play = begun()
    play.call("call", "completed", CALLED, rating=1)
    first = play.plan()["apology"]
    play.correct("call", LATER, rating=5)
    play.correct("call", "2026-03-03 11:00", rating=1)
    assert play.states() == {"call": "done", "apology": "planned", "thanks": "cancelled"}
    assert play.plan()["apology"] == first


def test_what_did_not_fail_is_waited_for_again_and_leads_on_as_it_ends() -> None:
    play = begun()
    play.call("call", "unreachable", CALLED)
    assert play.states() == {"call": "failed", "letter": "planned"}
    play.reopen("call", "unreachable", LATER)
    assert play.states() == {"call": "released", "letter": "cancelled"}
    assert "原先的结果（未能联系上）有误，回访重新打开，取消已计划的 1 个任务，重新等待结果。" in play.last_record()
    play.call("call", "completed", "2026-03-03 10:00", rating=1)
    assert play.states() == {"call": "done", "letter": "cancelled", "apology": "planned"}


def test_who_had_not_refused_is_contacted_on() -> None:
    play = begun()
    play.call("call", "refused", CALLED)
    assert not play.going
    play.reopen("call", "refused", LATER)
    assert play.going
    play.call("call", "completed", "2026-03-03 10:00", rating=5)
    assert play.states() == {"call": "done", "thanks": "planned"}
    play.advance(at("2026-03-09 10:00"))
    assert play.states()["thanks"] == "released"


def test_another_channel_that_was_tried_meanwhile_is_called_off() -> None:
    play = begun({"id": "call", "fallback": [{"channel": "email", "delay": {"days": 1}}]}, APOLOGY)
    play.call("call", "unreachable", CALLED)
    assert play.states() == {"call": "failed", "call.email": "planned"}
    play.reopen("call", "unreachable", "2026-03-02 16:00")
    assert play.states() == {"call": "released", "call.email": "cancelled"}


@pytest.mark.parametrize("wrong", [{"rating": 1}, {}])
def test_what_is_out_stays_out_and_the_record_says_so(wrong: dict[str, Any]) -> None:
    play = begun()
    play.call("call", "completed" if wrong else "unreachable", CALLED, **wrong)
    play.advance(at("2026-03-06 10:00"))
    out = play.states()
    assert list(out.values())[-1] == "released"
    if wrong:
        play.correct("call", "2026-03-06 11:00", rating=5)
        assert play.states() == out
    else:
        play.reopen("call", "unreachable", "2026-03-06 11:00")
        assert play.states() == {**out, "call": "released"}
    assert "后续联系已下达或已有结果，流程不变。" in play.last_record()


def test_what_came_of_the_follower_stays() -> None:
    play = begun()
    play.call("call", "completed", CALLED, rating=1)
    play.call("apology", "completed", "2026-03-05 10:00", rating=5)
    before = play.states()
    play.correct("call", "2026-03-05 11:00", rating=5)
    assert play.states() == before
    assert "后续联系已下达或已有结果，流程不变。" in play.last_record()


@pytest.mark.parametrize(("again", "stays"), [("ignore", True), ("restart", True), ("parallel", False)])
def test_a_later_run_is_not_joined_where_there_is_one_at_a_time(again: str, stays: bool) -> None:
    play = begun({"id": "call", "delay": {"hours": 1}}, APOLOGY, again=again, merge=False)
    play.call("call", "completed", CALLED, rating=5)
    play.fact(when="2026-03-02 17:00")
    first = next(task for task in play.tasks.values() if task.state == "done")
    play.tell("visit.corrected", first, "2026-03-02 17:30", rating=1)
    assert ("apology" in play.states()) is not stays
    assert ("同一策略的下一流程已经开始，流程不变。" in play.last_record()) is stays


def test_a_follower_that_goes_for_another_policy_too_stays() -> None:
    other = {"id": "other", "events": ["inspection.done"], "delay": {"days": 2}, "priority": 9, "merge": True}
    play = Corrected(*STEPS, others=(other,), merge=True)
    play.fact()
    play.call("call", "completed", CALLED, rating=1)
    play.fact("inspection.done", "2026-03-02 15:30")
    apology = next(task for task in play.tasks.values() if task.step == "apology")
    assert apology.combined
    play.correct("call", LATER, rating=5)
    assert play.states()["apology"] == "planned"
    assert "后续联系已与其他事项合并，流程不变。" in play.last_record()


def test_what_ended_the_run_ends_the_corrected_one_too() -> None:
    play = begun(STEPS[0], APOLOGY, stop={"events": ["alarm.handled"]})
    play.call("call", "completed", CALLED, rating=5)
    play.fact("alarm.handled", "2026-03-02 18:00")
    play.correct("call", LATER, rating=1)
    assert play.results()[-1] == ("", "stopped")
    assert play.states().get("apology") != "planned"
    assert not play.going
