"""What happened to a customer or in a matter is told whole, in order, in sentences, and to those whose matter it is."""

from datetime import timedelta
from typing import Any, get_args

import pytest

from services.analytics.domain.labels import Labels
from services.analytics.domain.observations import Occurrence
from services.analytics.domain.timeline import SENTENCES, entry_of, sentence
from shared.auth import Role
from shared.contracts import by_name, words
from shared.contracts.base import COMPLAINTS, NOTIFICATIONS, TASKS, VISITS
from shared.contracts.common import Channel, Satisfaction
from shared.contracts.complaints import Complaint, ComplaintClosed, ComplaintEscalated
from shared.contracts.intake import FactWithdrawn
from shared.contracts.registry import all_contracts
from shared.contracts.tasks import Followup
from shared.contracts.visits import AttemptResult, VisitFailed
from shared.messaging import Event
from shared.testing import Served, event, example
from tests.analytics.builders import day

ROUTE = "/api/v1/timeline"


def told(name: str, hour: float, customer: str = "C1", lineage: str = "L1", **data: Any) -> Event:
    said = example(name) | data
    return event(name, said, key=customer, lineage=lineage, time=day(0) + timedelta(hours=hour), id=f"{name}-{hour}")


def story() -> list[Event]:
    """A repair, a call that went badly, the case, and somebody else's order."""
    return [
        told("repair.closed", 0, work_order_no="WX-1", org={"code": "B1"}),
        told("followup.planned", 1, policy_id="r01", policy_version=2, branch="B1", channel="phone", round=1,
             purpose="followup", due_at="2026-03-03T09:00:00+08:00", deadline_at="2026-03-05T18:00:00+08:00"),
        told("visit.attempted", 2, branch="B1", result="no_answer", result_title="无人接听", talk_seconds=0, agent="1002"),
        told("visit.completed", 3, branch="B1", effective=True, satisfaction="dissatisfied", agent="1002"),
        told("visit.dissatisfied", 3.01, branch="B1", reasons=["没有修好"], remark="换了阀门还是打不着火"),
        told("complaint.opened", 3.02, branch="B1", case_no="TS-9", grade="major", origin="visit",
             description="还是打不着火", deadline_at="2026-03-06T10:00:00+08:00"),
        told("complaint.closed", 90, branch="B1", case_no="TS-9", outcome="satisfied", final_rating=4),
        told("order.completed", 4, "C2", "L2", order_no="SO-1", org={"code": "B2"}),
    ]  # fmt: skip


async def sentences(served: Served, **asked: str) -> list[str]:
    async with served.client("supervisor") as client:
        answer = await client.get(ROUTE, params=asked)
    assert answer.status_code == 200, answer.text
    return [entry["sentence"] for entry in answer.json()["items"]]


WHOLE = [
    "收到业务事实：维修结案，单号 WX-1",
    "计划回访（策略 r01 第 2 版）：电话，2026-03-03 09:00 起，2026-03-05 18:00 前完成",
    "联系客户：无人接听，坐席 1002",
    "回访完成（有效）：不满意，坐席 1002",
    "客户不满意，原因：没有修好：“换了阀门还是打不着火”",
    "投诉 TS-9 立案（重大，回访不满意或发现问题），2026-03-06 10:00 前整改：“还是打不着火”",
    "投诉 TS-9 结案：二次回访满意，二次评分 4",
]


async def test_a_matter_is_told_whole_by_customer_document_case_and_lineage(analytics: Served) -> None:
    await analytics.deliver(*reversed(story()))
    for asked in ({"customer_id": "C1"}, {"order": "WX-1"}, {"order": "TS-9"}, {"lineage": "L1"}):
        assert await sentences(analytics, **asked) == WHOLE
    assert await sentences(analytics, customer_id="C1", order="SO-1") == []
    assert await sentences(analytics, order="SO-1") == ["收到业务事实：订单完成，单号 SO-1"]


async def test_pages_follow_each_other_and_each_look_is_recorded(analytics: Served) -> None:
    await analytics.deliver(*story())
    found: list[str] = []
    async with analytics.client("auditor") as client:
        cursor: str | None = ""
        while cursor is not None:
            page = (await client.get(ROUTE, params={"customer_id": "C1", "limit": 3, "cursor": cursor})).json()
            found += [entry["sentence"] for entry in page["items"]]
            cursor = page["next_cursor"]
        looks = (await client.get("/api/v1/audit-log", params={"action": "timeline.read"})).json()["items"]
    assert found == WHOLE
    assert [look["object"] for look in looks] == ["C1"] * 3


@pytest.mark.parametrize("asked", [{}, {"customer_id": " "}, {"customer_id": "C" * 65}])
async def test_what_is_asked_must_be_said(analytics: Served, asked: dict[str, str]) -> None:
    async with analytics.client("supervisor") as client:
        answer = await client.get(ROUTE, params=asked)
    assert answer.status_code == 422


@pytest.mark.parametrize("role", [Role.AGENT, Role.INTEGRATOR, Role.POLICY_OWNER])
async def test_others_may_not_read_it(analytics: Served, role: Role) -> None:
    async with analytics.client(role) as client:
        assert (await client.get(ROUTE, params={"customer_id": "C1"})).status_code == 403


async def test_the_page_says_what_to_do_and_shows_the_story(analytics: Served) -> None:
    await analytics.deliver(*story())
    async with analytics.client("supervisor") as client:
        assert "要查哪位客户" in (await client.get("/timeline")).text
        assert "没有找到" in (await client.get("/timeline", params={"order": "none"})).text
        shown = (await client.get("/timeline", params={"order": "WX-1"})).text
    places = [shown.index(one.partition("：“")[0]) for one in WHOLE]
    assert places == sorted(places)
    assert "2026-03-02（周一）" in shown


async def test_old_days_are_dropped(analytics: Served) -> None:
    old = event("repair.closed", example("repair.closed"), key="C1", time=day(0) - timedelta(days=1200))
    await analytics.deliver(old, *story())
    await analytics.run_job("forget_timelines")
    assert await sentences(analytics, customer_id="C1") == WHOLE


@pytest.mark.parametrize(
    "contract",
    [one for one in all_contracts() if one.topic in (TASKS, VISITS, COMPLAINTS, NOTIFICATIONS)],
    ids=lambda one: one.name,
)
def test_every_event_about_somebody_has_a_sentence_of_its_own(contract: Any) -> None:
    sample = event(contract.name, example(contract.name), key="C1")
    entry = entry_of(Occurrence(sample.id, sample.name, sample.time, sample.data), sample.event_key, "C1", "L1")
    if entry is None:
        assert contract.name in ("policy.limit_reached", "calendar.published")
        return
    assert contract.name in SENTENCES
    assert "None" not in sentence(entry, Labels())


@pytest.mark.parametrize(
    ("name", "code", "word"),
    [
        ("notification.failed", "MOBILE_NOT_ON_SERVICE", "短信发送失败（短信回访）：手机停机或空号"),
        ("notification.suppressed", "no_mobile_number", "短信未发送（短信回访）：没有可收短信的手机号"),
        ("notification.failed", "smtp_550", "短信发送失败（短信回访）：服务商代码 smtp_550"),
    ],
)
def test_why_a_message_failed_is_said_in_words(name: str, code: str, word: str) -> None:
    told = Occurrence("m1", name, day(0), {"reason": code, "channel": "sms", "purpose": "survey"})
    entry = entry_of(told, event(name, {}).event_key, "C1", "L1")
    assert entry is not None
    assert sentence(entry, Labels()) == word


def said(name: str, labels: Labels, **data: Any) -> str:
    sample = event(name, example(name) | data if by_name(name) else data, key="C1")
    told = Occurrence(sample.id, sample.name, sample.time, sample.data)
    entry = entry_of(told, sample.event_key, "C1", "L1")
    assert entry is not None
    return sentence(entry, labels)


def test_a_result_of_a_deployments_own_is_told_by_its_title() -> None:
    own = {
        "result": "connected",
        "own_code": "family_done",
        "result_title": "家属代答",
        "talk_seconds": 65,
        "agent": "1002",
    }
    assert said("visit.attempted", Labels(), **own) == "联系客户：家属代答，通话 1 分 5 秒，坐席 1002"
    corrected = own | {"corrected_by": "zhao", "reason": "听录音"}
    assert said("visit.attempt_corrected", Labels(), **corrected) == "呼叫结果更正为：家属代答，由 zhao：“听录音”"
    assert said("visit.attempted", Labels(), **own | {"result_title": "", "result": "busy"}).startswith(
        "联系客户：占线"
    )


def test_a_kind_of_event_that_a_pack_declares_is_told_by_its_title() -> None:
    labels = Labels(kinds={"meter.sealed": "表具铅封"})
    assert said("meter.sealed", labels, customer={"id": "C1"}) == "收到业务事实：表具铅封"
    assert said("meter.opened", labels, customer={"id": "C1"}) == "收到业务事实：meter.opened"


async def test_the_unit_that_answers_is_told_by_its_name(analytics: Served) -> None:
    fact = told("repair.closed", 0, org={"code": "W2", "name": "西城站"})
    assigned = {"case_no": "TS-9", "deadline_at": "2026-03-06T10:00:00+08:00"}
    await analytics.deliver(
        fact,
        told("complaint.assigned", 1, branch="W2", responsible_unit="W2", **assigned),
        told("complaint.assigned", 2, branch="W2", responsible_unit="unnamed", **assigned),
    )
    known, unknown = (await sentences(analytics, customer_id="C1"))[1:]
    assert known == "投诉 TS-9 派发给 西城站，2026-03-06 10:00 前整改"
    assert unknown == "投诉 TS-9 派发给 unnamed，2026-03-06 10:00 前整改"


def literals(model: Any, field: str) -> set[str]:
    return set(get_args(model.model_fields[field].annotation))


@pytest.mark.parametrize(
    ("codes", "known"),
    [
        (set(get_args(Channel)), words.CHANNELS),
        (set(get_args(Satisfaction)), words.SATISFACTION),
        (literals(Followup, "purpose"), words.PURPOSES),
        ({code for part in get_args(AttemptResult) for code in get_args(part) or (part,)}, words.ATTEMPT_RESULTS),
        (literals(VisitFailed, "reason"), words.REASONS),
        (literals(FactWithdrawn, "reason"), words.WITHDRAWN),
        (literals(Complaint, "grade"), words.GRADES),
        (literals(ComplaintEscalated, "reason"), words.ESCALATIONS),
        (literals(ComplaintClosed, "outcome"), words.CASE_OUTCOMES),
    ],
)
def test_every_code_has_its_word(codes: set[str], known: dict[str, str]) -> None:
    assert codes <= set(known)
