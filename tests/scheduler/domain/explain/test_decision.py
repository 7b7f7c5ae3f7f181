from services.scheduler.domain.customer import Customer
from services.scheduler.domain.explain.decision import explain
from services.scheduler.domain.ledger.contacts import Contact
from shared.ids import new_id
from tests.scheduler.builders import MONDAY, at, book, fact, judge
from tests.scheduler.domain.steps.test_run import Play

NEXT_DAY = {"delay": {"days": 1}, "deadline": {"working_days": 3}}


def told(rules, about, customer=None) -> str:  # type: ignore[no-untyped-def]
    decision, _ = judge(rules, about, customer)
    return "\n".join(explain(decision.outcome, decision.details, {"p1": "维修回访"}))


def test_a_plan_is_told_with_its_times() -> None:
    said = told(book(NEXT_DAY), fact())
    assert "策略「维修回访」（p1 第 1 版）命中，全部回访，计划任务" in said
    assert "2026-03-03 09:00 (周二) 起联系，2026-03-05 18:00 (周四) 前完成。" in said


def test_every_reason_against_is_told() -> None:
    condition = {"condition": {"not": {"field": "result", "op": "in", "value": ["cancelled", "x"]}}}
    assert "要求 result 不是属于 “cancelled”、“x”，实际为 “cancelled”。" in told(
        book(condition), fact(data={"result": "cancelled"})
    )
    exists = {"condition": {"field": "result", "op": "exists", "value": True}}
    assert "要求 result 有值为 是，没有值。" in told(book(exists), fact())
    assert "抽样号 " in told(book({"rate": 0.000001}), fact())
    assert "没有可联系的客户" in told(book({}), fact(customer=""))
    assert "客户登记为免打扰" in told(book({}), fact(), Customer("C1", {"do_not_contact": True}))
    assert "客户已退订此渠道" in told(book({}), fact(), Customer("C1", opted_out={"phone:all": MONDAY}))
    assert told(book({}), fact("cn.acme.x")) == "不回访：没有策略匹配。"


def test_caps_and_merges_are_told_with_their_figures() -> None:
    used = Customer("C1", contacts=(Contact(new_id(), at("2026-02-02 09:00").date()),))
    quarter = told(book(NEXT_DAY, caps=[{"limit": 1, "per": "quarter"}]), fact(), used)
    assert "客户每季度最多联系 1 次，2026-01-01 至 2026-03-31 已有 1 次。" in quarter
    rolling = told(book(NEXT_DAY, caps=[{"limit": 1, "per": "days", "days": 90}]), fact(), used)
    assert "客户任意连续 90 天最多联系 1 次" in rolling
    part = {"limit": 1, "per": "quarter", "policies": ["p*"], "purposes": ["followup"]}
    scoped = used._replace(contacts=(used.contacts[0]._replace(policies=("p9",)),))
    told_part = told(book(NEXT_DAY, caps=[part]), fact(), scoped)
    assert "客户每季度最多联系 1 次（只计用途 回访，策略 p*），2026-01-01 至" in told_part
    _, customer = judge(book(NEXT_DAY), fact(id="e1"))
    assert f"与任务 {customer.open[0].id} 合并为一次联系" in told(book(NEXT_DAY), fact(id="e2"), customer)
    assert "并接管任务" in told(book({**NEXT_DAY, "priority": 1}), fact(id="e3"), customer)


def test_a_deadline_that_cannot_be_kept_is_told() -> None:
    assert "时限之前没有可联系的时段" in told(book({"delay": {"days": 1}, "deadline": {"hours": 1}}), fact())
    assert "无时限" in told(book({}), fact())


def test_a_target_a_blackout_and_holidays_not_yet_published_are_told() -> None:
    aimed = told(book({**NEXT_DAY, "target": {"days": 2}}), fact())
    assert "2026-03-04 09:00 (周三) 起联系" in aimed
    assert "；最早可于 2026-03-03 09:00 (周二) 联系，按目标时间安排。" in aimed
    closed = book(NEXT_DAY, blackouts=[{"from": "2026-03-03", "to": "2026-03-04", "branches": ["CD"]}])
    assert (
        "2026-03-05 09:00 (周四) 起联系，2026-03-05 18:00 (周四) 前完成；已避开停访期 2026-03-03 至 2026-03-04。"
        in told(closed, fact())
    )
    assert "停访期" not in told(closed, fact(data={"org": {"code": "MY"}}))
    assert "放假安排尚未公布，时间暂定" in told(book(NEXT_DAY), fact(time=at("2026-12-30 10:00")))


def test_a_step_is_told_with_the_reason_why_it_is_its_turn() -> None:
    sms = {"channel": "sms"}
    unhappy = {"field": "result", "op": "eq", "value": "dissatisfied"}
    rain = {"events": ["weather.rained"], "same": "area", "within": {"days": 30}}
    play = Play({"id": "first", "fallback": [sms]}, {"id": "again", "if": unhappy}, {"id": "rain", "wait": rain})
    play.fact()
    play.call("first", "unreachable", "2026-03-02 11:00")
    play.call("first.sms", "completed", "2026-03-02 12:00", rating=5)
    play.advance(at("2026-04-02 10:00"))
    begun, by_sms, satisfied, dry = _told(play)
    assert "（p1 第 1 版）的步骤 first：命中，全部回访，计划任务" in begun
    assert "的步骤 rain：等待事件 weather.rained（area 为 未知，等不到），最迟等到 2026-04-01 10:00 (周三)。" in begun
    assert "的步骤 first.sms：上一步结果为未能联系上（2026-03-02 11:00 (周一)），计划任务" in by_sms
    assert "流程结束：上一步的结果不需要下一步。" in satisfied
    assert "要求 result 等于 “dissatisfied”，实际为 “completed”。" in satisfied
    assert "没有等到事件，2026-04-01 10:00 (周三) 停止等待。" in dry


def test_the_end_of_a_run_is_told_with_what_ended_it() -> None:
    steps = ({"id": "first", "delay": {"days": 3}}, {"id": "later", "delay": {"days": 9}})
    play = Play(*steps, stop={"events": ["order.completed"]})
    play.fact()
    play.fact("order.completed", "2026-03-03 10:00")
    assert "流程终止（order.completed，2026-03-03 10:00 (周二)），取消已计划的 2 个任务。" in _told(play)[1]
    play = Play(*steps, again="ignore")
    play.fact()
    play.fact(when="2026-03-03 10:00")
    assert "不另起流程" in _told(play)[1]
    play = Play(*steps, again="restart", merge=False)
    play.fact()
    play.fact(when="2026-03-03 10:00")
    assert "重新触发，上一流程终止，取消已计划的 2 个任务。" in _told(play)[1]


def _told(play: Play) -> list[str]:
    return ["\n".join(explain(one.outcome, one.details, {})) for one in play.decisions.values()]
