from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.reconcile.checks import CHECKS, funnel, run_checks
from deploy.reconcile.comparing import Check, Side, one_to_one
from deploy.reconcile.kept import Case, Draw, Kept, Letter, RuleVersion, Send, Task, Visit
from services.analytics.domain.measures import mark_of
from shared.contracts.common import Matter
from shared.messaging import Event
from shared.testing import event, example
from shared.testing.events import NOON
from tests.deploy_reconcile.story import BEFORE, CASE, THANKS, events, heard, kept, told


def wrong(checks: list[Check]) -> set[str]:
    return {check.title for check in checks if not check.agrees}


def test_a_story_told_the_same_twice_agrees() -> None:
    checks = run_checks(kept(), heard())
    assert [check.mismatches for check in checks if not check.agrees] == []
    assert len(checks) == len(CHECKS)


def test_events_published_twice_count_once() -> None:
    assert wrong(run_checks(kept(), heard(events() + events()))) == set()


@pytest.mark.parametrize(
    ("spoil", "title"),
    [
        (lambda k: k.identities.add(("/erp", "lost")), "受理的事实都已发布"),
        (lambda k: k.decisions.clear(), "每个事实恰有一个决定"),
        (lambda k: k.decisions.update([*k.decisions]), "每个事实恰有一个决定"),
        (lambda k: k.decisions.update([("/erp", "never accepted")]), "每个事实恰有一个决定"),
        (lambda k: k.occasions.clear(), "每个回访时机恰有一个决定"),
        (lambda k: k.occasions.update([*k.occasions]), "每个回访时机恰有一个决定"),
        (lambda k: k.populations.clear(), "列入总量的事实都在总量之中"),
        (lambda k: k.enrolled.update(["p1 E9 C9"]), "列入总量的事实都在总量之中"),
        (lambda k: k.called.clear(), "抽中与递补的都已通知"),
        (lambda k: k.called.update([*k.called]), "抽中与递补的都已通知"),
        (lambda k: k.planned.update(["T1"]), "每个任务恰由一个决定计划"),
        (lambda k: k.planned.pop("T2"), "每个任务恰由一个决定计划"),
        (lambda k: k.draws.update(D1=Draw(4, 4, 1, 0)), "每次抽取数量准确"),
        (lambda k: k.draws.update(D1=Draw(4, 3, 1, 1)), "每次抽取数量准确"),
        (lambda k: k.tasks.update(T9=Task("planned", "E9", 1)), "任务与计划事件一致"),
        (lambda k: k.tasks.update(T1=Task("planned", "E1", 1)), "下达与下达事件一致"),
        (lambda k: k.tasks.update(T1=Task("cancelled", "E1", 1)), "取消与取消事件一致"),
        (lambda k: k.tasks.update(T1=Task("expired", "E1", 1)), "过期与过期事件一致"),
        (lambda k: k.visits.pop("V1"), "每个下达的回访恰有一个作业"),
        (lambda k: k.visits.update(V8=Visit("T1", "open")), "每个下达的回访恰有一个作业"),
        (lambda k: k.visits.update(V1=Visit("T1", "claimed")), "完成的作业都已报告"),
        (lambda k: k.visits.update(V1=Visit("T1", "failed")), "失败的作业都已报告"),
        (lambda k: k.visits.update(V2=Visit("T2", "completed", 1)), "不满意的作业都已报告"),
        (lambda k: k.visits.update(V1=Visit("T1", "completed", 2)), "不满意的作业都已报告"),
        (lambda k: k.visits.update(V1=Visit("T1", "completed", 1, 1)), "更正与更正事件一致"),
        (lambda k: k.cases.clear(), "每个首次不满意或问题件恰有一个投诉"),
        (lambda k: k.cases.update(X=Case("visit", "V1", "opened", 0)), "每个首次不满意或问题件恰有一个投诉"),
        (lambda k: k.cases.update(X=Case("hotline", "33", "opened", 0)), "每个未解决的 12345 工单恰有一个投诉"),
        (lambda k: k.cases.update(X=Case("manual", "X", "opened", 0)), "投诉与立案事件一致"),
        (lambda k: k.cases.update({CASE: Case("visit", "V1", "closed", 2, closings=1)}), "每次整改都已报告"),
        (lambda k: k.tasks.pop("T2"), "每次整改恰有一个二次回访"),
        (lambda k: k.tasks.update(T3=k.tasks["T2"]), "每次整改恰有一个二次回访"),
        (lambda k: k.cases.update({CASE: Case("visit", "V1", "reopened", 1)}), "了结的投诉与闭环事件一致"),
        (lambda k: k.sends.clear(), "每条应发通知恰有一笔发送"),
        (lambda k: k.sends.update(S2=Send("nobody asked", "suppressed", False)), "每条应发通知恰有一笔发送"),
        (lambda k: k.greeting_days.update({"2026-03-02": 1}), "每条关怀恰有一笔发送"),
        (lambda k: k.sends.update(S3=Send("b", "planned", False, "2026-03-03")), "每条关怀恰有一笔发送"),
        (lambda k: k.sends.update(S1=replace(k.sends["S1"], accepted=False)), "提交的通知都已报告"),
        (lambda k: k.sends.update(S1=replace(k.sends["S1"], state="accepted")), "送达的通知都已报告"),
        (lambda k: k.sends.update(S1=replace(k.sends["S1"], state="failed")), "失败的通知都已报告"),
        (lambda k: k.followup_facts.discard("T1"), "分析事实与来源一致"),
        (lambda k: k.case_facts.add("nobody"), "分析事实与来源一致"),
        (lambda k: k.rating_facts.clear(), "分析事实与来源一致"),
        (lambda k: k.figures.update([next(iter(k.figures))]), "分析汇总与事件重算一致"),
        (lambda k: k.figures.pop(next(iter(k.figures))), "分析汇总与事件重算一致"),
        (lambda k: k.outbox.update(visits=3), "发件箱已清空"),
        (lambda k: k.letters.append(Letter("visits", "visits", "E1", "followup.released", "bad")), "没有待处理的死信"),
    ],
)
def test_whatever_is_spoilt_is_named(spoil: Callable[[Kept], object], title: str) -> None:
    spoilt = kept()
    spoil(spoilt)
    assert title in wrong(run_checks(spoilt, heard()))


@pytest.mark.parametrize("lost", [sent.name for sent in events()])
def test_an_event_that_never_arrived_is_noticed(lost: str) -> None:
    told_without = [sent for sent in events() if sent.name != lost]
    assert wrong(run_checks(kept(), heard(told_without)))


def test_an_event_that_breaks_its_contract_changes_no_count_of_its_neighbours() -> None:
    broken = told("visit.attempted", visit_id="V7", at="yesterday")
    assert wrong(run_checks(kept(), heard([broken, *events()]))) == set()


def test_a_message_sent_or_repeated_by_hand_needs_no_event() -> None:
    databases = kept()
    databases.sends["S2"] = Send("notice|C1|by hand", "suppressed", accepted=False, by_event=False)
    assert wrong(run_checks(databases, heard())) == set()


def test_a_message_about_an_erased_customer_counts_for_one_that_they_were_owed_and_for_no_other() -> None:
    customer = events()[0].data["customer"]["id"]
    title = "每条应发通知恰有一笔发送"
    erased = Send("erased|S1", "delivered", accepted=True, erased=customer)
    databases = kept()
    databases.sends["S1"] = erased
    assert wrong(run_checks(databases, heard())) == set()
    databases.sends["S2"] = replace(erased, key="erased|S2")
    assert title in wrong(run_checks(databases, heard())), "one more than was owed"
    databases.sends = {"S1": replace(erased, erased="somebody else")}
    assert title in wrong(run_checks(databases, heard()))


def test_a_rule_made_after_the_event_may_have_led_to_a_message_but_need_not() -> None:
    later = (RuleVersion(THANKS, BEFORE + timedelta(days=90)),)
    with_send, without = kept(), kept()
    without.sends.clear()
    titles = [wrong(run_checks(databases, heard(rules=later))) for databases in (with_send, without)]
    assert all("每条应发通知恰有一笔发送" not in found for found in titles)


def test_a_problem_told_by_a_second_follow_up_may_have_a_case_of_its_own() -> None:
    problem = told("visit.problem_found", visit_id="V2", task_id="T2", round=2, case_id=CASE)
    databases = kept()
    databases.cases["X"] = Case("visit", "V2", "opened", 0)
    databases.case_facts.add("X")
    sent: list[Event] = [*events(), problem, told("complaint.opened", case_id="X", origin="visit", origin_id="V2")]
    listener = heard(sent)
    databases.figures = Counter(listener.recount.result())
    assert wrong(run_checks(databases, listener)) == set()


def test_what_is_postponed_or_called_off_may_be_released_again_or_done_all_the_same() -> None:
    again = told("followup.released", task_id="T1", round=1, channel="phone", purpose="followup", priority=2)
    listener = heard([*events(), told("followup.cancelled", task_id="T1", round=1), again])
    databases = kept()
    databases.figures = Counter(listener.recount.result())
    assert {"下达与下达事件一致", "取消与取消事件一致"} <= wrong(run_checks(databases, listener))
    databases.tasks["T1"] = replace(databases.tasks["T1"], entered={"released": 2, "cancelled": 1})
    assert wrong(run_checks(databases, listener)) == set()


def test_each_matter_of_a_contact_has_its_rating() -> None:
    result = {"event_id": "E1", "event_source": "/erp", "effective": True, "rating": 2}
    sent = [
        told(one.name, **{**one.data, "results": [result, {**result, "event_id": "E2"}]})
        if one.name == "visit.completed" and one.data["visit_id"] == "V1"
        else one
        for one in events()
    ]
    databases, listener = kept(), heard(sent)
    databases.figures = Counter(listener.recount.result())
    assert wrong(run_checks(databases, listener)) == {"分析事实与来源一致"}
    matters = (Matter(event_id=one, event_source="/erp", event_type="repair.closed", at=NOON) for one in ("E1", "E2"))
    databases.rating_facts = {"V1"} | {
        f"V1{mark_of(matter)}" for matter in matters
    }  # the visit's own stays beside them
    assert wrong(run_checks(databases, listener)) == set()


def test_an_unsolved_12345_case_must_have_its_complaint() -> None:
    unsolved = told("hotline.case_closed", handle_status="closed_unresolved")
    found = wrong(run_checks(kept(), heard([*events(), unsolved])))
    assert "每个未解决的 12345 工单恰有一个投诉" in found


def test_mismatches_tell_how_many_and_the_first_few() -> None:
    check = one_to_one("t", Side.of("左", map(str, range(12))), Side.of("右", ["0", "0", "x"]))
    missing, extra, double = check.mismatches
    assert missing == "「左」有而「右」没有 11 项：1、10、11、2、3 …"
    assert extra == "「右」有而「左」没有 1 项：x"
    assert double == "「右」重复 1 项：0"
    assert check.counted == (("左", 12), ("右", 3))


def test_the_funnel_counts_both_sides() -> None:
    stages = {stage.title: (stage.topics, stage.databases) for stage in funnel(kept(), heard())}
    assert stages["业务事实"] == (1, 1)
    assert stages["决定"] == (None, 2)
    assert stages["列入总量"] == (None, 1)
    assert stages["抽中与递补"] == (1, 1)
    assert stages["计划回访"] == (2, 2)
    assert stages["完成"] == (2, 2)
    assert stages["投诉闭环"] == (1, 1)
    assert stages["二次回访计划"] == (1, 1)
    assert stages["通知与关怀"] == (1, 1)


HOTLINE = "每个未解决的 12345 工单恰有一个投诉"


def unsolved(source: str) -> Event:
    data = example("hotline.case_closed", case_no="33", handle_status="returned")
    return event("hotline.case_closed", data, id="h1", source=source)


def test_two_hotlines_with_the_same_number_have_a_case_each() -> None:
    known, said = kept(), heard([*events(), unsolved("/city"), unsolved("/province")])
    known.cases["X"] = Case("hotline", "33", "opened", 0, "/city")
    assert HOTLINE in wrong(run_checks(known, said))
    known.cases["Y"] = Case("hotline", "33", "opened", 0, "/province")
    assert HOTLINE not in wrong(run_checks(known, said))


def test_a_case_from_before_cases_kept_their_source_is_the_one() -> None:
    known = kept()
    known.cases["X"] = Case("hotline", "33", "opened", 0)
    assert HOTLINE not in wrong(run_checks(known, heard([*events(), unsolved("/city")])))


def test_a_message_is_found_by_the_key_from_before_keys_named_the_source() -> None:
    said, known = heard(), kept()
    (key,) = said.notices.wanted
    known.sends["S1"] = replace(known.sends["S1"], key=said.notices.older[key])
    assert "每条应发通知恰有一笔发送" not in wrong(run_checks(known, said))


def test_a_case_filed_by_hand_in_a_visit_needs_no_dissatisfied_answer() -> None:
    filed = told("complaint.opened", case_id="X", origin="visit", origin_id="V2")
    listener, story = heard([*events(), filed]), kept()
    story.cases["X"] = Case("visit", "V2", "opened", 0, by_hand=True)
    story.case_facts.add("X")
    story.rating_facts.add("V2")
    story.figures = Counter(listener.recount.result())
    assert wrong(run_checks(story, listener)) == set()
    story.cases["X"] = Case("visit", "V2", "opened", 0)
    assert wrong(run_checks(story, listener)) == {"每个首次不满意或问题件恰有一个投诉", "分析事实与来源一致"}


def test_corrections_agree_both_ways() -> None:
    """One is made contented and dissatisfied again; a second follow-up is made dissatisfied and has a case of its own."""
    visit = {"visit_id": "V2", "task_id": "T2", "round": 2, "case_id": CASE}
    bad = {"satisfaction": "dissatisfied", "rating": 2}
    later = [
        told("visit.corrected", visit_id="V1", task_id="T1", round=1, case_id=None),
        told(
            "visit.corrected",
            visit_id="V1",
            task_id="T1",
            round=1,
            case_id=None,
            **bad,
            correction=2,
            dissatisfied=True,
        ),
        told("visit.dissatisfied", visit_id="V1", task_id="T1", round=1, case_id=None, correction=2),
        told("visit.corrected", **visit, **bad, dissatisfied=True),
        told("visit.dissatisfied", **visit, correction=1),
        told("complaint.opened", case_id="X", origin="visit", origin_id="V2"),
    ]
    listener, story = heard(events() + later), kept()
    story.visits = {"V1": Visit("T1", "completed", 2, 2), "V2": Visit("T2", "completed", 1, 1)}
    story.cases["X"] = Case("visit", "V2", "opened", 0)
    story.case_facts.add("X")
    story.rating_facts.add("V2")
    story.figures = Counter(listener.recount.result())
    checks = run_checks(story, listener)
    assert [check.mismatches for check in checks if not check.agrees] == []
    story.visits["V2"] = Visit("T2", "completed", 1, 2)
    assert wrong(run_checks(story, listener)) == {"更正与更正事件一致"}
