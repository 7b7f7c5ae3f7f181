"""Why a customer was, or was not, followed up for a document: one call answers it."""

from datetime import timedelta
from typing import Any

from services.scheduler.app import create_app
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock
from shared.contracts.base import INTAKE
from shared.messaging.broker import Broker, BrokerUnavailable, Message
from shared.messaging.event import encode
from shared.messaging.memory import MemoryBroker
from shared.testing import Served, event, serve
from shared.testing.events import example
from tests.scheduler.builders import as_yaml, contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_api import get
from tests.scheduler.test_handlers import NEXT_DAY, sent


async def ask(served: Served, customer: str = "C1", order: str = "WX1", **query: str) -> dict[str, Any]:
    about = query or {"customer_id": customer, "order": order}
    told: dict[str, Any] = await get(served, "/api/v1/explain", **about)
    return told


def sentences(told: dict[str, Any]) -> list[str]:
    return [sentence for part in told["parts"] for sentence in part["sentences"]]


def repaired(customer: str = "C1", id: str = "e1", order: str = "WX1", at: timedelta = timedelta(), **data: Any) -> Any:  # noqa: A002
    return sent("repair.closed", customer, id, at, work_order_no=order, **data)


async def test_the_arithmetic_is_that_of_the_branchs_own_calendar(empty: Served) -> None:
    unit = {"code": "CD", "title": "成都", "calendar": "site"}
    head = {"calendars": {"site": {"frames": ["07:00-08:00"], "days": {"2026-03-03": "off"}}}}
    policy = {"delay": {"days": 1}, "deadline": {"working_days": 3}}
    await apply(empty, contents(policy, **head) | {"organisation.yaml": as_yaml({"organisation": unit})})
    await empty.deliver(repaired())
    told = sentences(await ask(empty))
    assert any("2026-03-04 07:00 (周三) 起联系" in one and "按分公司的日历 site 计算" in one for one in told)
    hours = "联系时段为工作日（日历 site） 07:00-08:00。"
    assert any(one.endswith(hours) and "时限 3 个工作日" in one for one in told)


async def visit(served: Served, name: str, at: timedelta, **told: Any) -> None:
    (task,) = [
        one for one in (await get(served, "/api/v1/tasks", customer_id="C1"))["items"] if one["state"] == "released"
    ]
    card = {**example(name)["customer"], "id": "C1"}
    await served.deliver(
        event(name, example(name, task_id=task["id"], customer=card, **told), time=repaired(at=at).time)
    )


async def test_a_contact_is_told_from_the_fact_to_the_answer(empty: Served, clock: ManualClock) -> None:
    await apply(
        empty, contents({"id": "a", "title": "维修回访", "team": "hotline", **NEXT_DAY}, {"id": "b", "rate": 1e-5})
    )
    await empty.deliver(repaired())
    assert (await ask(empty))["answer"] == "已计划，2026-03-03 09:00 (周二) 起联系。"
    clock.advance(timedelta(days=1))
    await empty.run_job("release")
    assert (await ask(empty))["answer"] == "已下达，等待联系的结果。"
    await visit(
        empty, "visit.callback_agreed", timedelta(days=1), callback_at="2026-03-04T10:00:00+08:00", agent="1002"
    )
    await visit(empty, "visit.completed", timedelta(days=2), satisfaction="satisfied", agent="1002")
    told = await ask(empty)
    assert (told["found"], told["answer"]) == (True, "已回访。")
    assert told["parts"][0]["about"] == "维修结案 e1（/test），发生于 2026-03-02 10:00 (周一)"
    said = sentences(told)
    assert said[:2] == ["2026-03-02 10:00 (周一) 作出决定。", "已计划回访。"]
    assert any("策略「策略」（b 第 1 版）命中，抽样号" in one and "未抽中" in one for one in said)
    assert (
        "策略 a 的时间自 2026-03-02 10:00 (周一) 起算：最早 1 天，时限 3 个工作日；联系时段为工作日 09:00-12:00、14:00-18:00。"
        in said
    )
    assert said[-4:] == [
        "2026-03-02 10:00 (周一) 计划（策略 a 第 1 版，电话，班组 hotline，优先级 5），事项：维修结案 WX1。",
        "2026-03-03 10:00 (周二) 下达给坐席。",
        "2026-03-03 10:00 (周二) 联系到客户，约定 2026-03-04 10:00 (周三) 再联系，坐席 1002。",
        "2026-03-04 10:00 (周三) 回访完成，满意，坐席 1002。",
    ]


async def test_a_merged_matter_is_told_with_the_contact_that_answers_it(empty: Served) -> None:
    await apply(
        empty,
        contents(
            {"id": "a", "events": ["repair.closed"], "priority": 5, **NEXT_DAY},
            {"id": "b", "events": ["hotline.case_closed"], "priority": 3, **NEXT_DAY},
        ),
    )
    await empty.deliver(repaired(), sent("hotline.case_closed", id="e2", case_no="H1"))
    told = await ask(empty)
    assert told["answer"] == "已计划，2026-03-03 09:00 (周二) 起联系。"
    said = sentences(told)
    (taken,) = [one for one in said if "取消：事项并入任务" in one]
    taker = taken.partition("任务 ")[2].rstrip("。")
    assert f"任务 {taker}" in [part["about"] for part in told["parts"]]
    assert any("12345工单办结 H1" in one and "维修结案 WX1" in one for one in said)
    assert "并接管任务" in str(await ask(empty, order="H1"))


async def test_caps_are_told_with_their_state(empty: Served) -> None:
    await apply(empty, contents({"id": "a", "merge": False, **NEXT_DAY}, caps=[{"limit": 1, "per": "quarter"}]))
    await empty.deliver(repaired(), repaired(id="e2", order="WX2"))
    told = await ask(empty, order="WX2")
    assert told["answer"] == "不回访：联系次数已达上限。"
    assert "但客户每季度最多联系 1 次，2026-01-01 至 2026-03-31 已有 1 次。" in str(told)


async def test_who_called_a_contact_off_and_why(empty: Served) -> None:
    await apply(empty, contents({"id": "a", **NEXT_DAY}))
    await empty.deliver(repaired())
    (task,) = (await get(empty, "/api/v1/tasks"))["items"]
    async with empty.client("supervisor") as client:
        await client.post(f"/api/v1/tasks/{task['id']}/cancel", json={"reason": "客户已来电说明"})
    told = await ask(empty)
    assert told["answer"] == "未回访：任务已取消：人工取消。"
    assert sentences(told)[-2:] == [
        "2026-03-02 10:00 (周一) 取消：人工取消。",
        "2026-03-02 10:00 (周一) 说明：客户已来电说明。",
    ]


async def test_a_second_follow_up_belongs_to_the_story(empty: Served, clock: ManualClock) -> None:
    again = {"id": "again", "events": ["complaint.resolved"], "round": 2, **NEXT_DAY}
    await apply(empty, contents({"id": "a", **NEXT_DAY}, again))
    await empty.deliver(repaired())
    (first,) = (await get(empty, "/api/v1/tasks"))["items"]
    matters = [{**one, "facts": {}} for one in first["matters"]]
    card = {**example("complaint.resolved")["customer"], "id": "C1"}
    await empty.deliver(
        event(
            "complaint.resolved",
            example("complaint.resolved", customer=card, matters=matters),
            id="k1",
            time=repaired(at=timedelta(days=3)).time,
        )
    )
    told = await ask(empty)
    assert len([part for part in told["parts"] if part["about"].startswith("任务")]) == 2
    assert any("complaint" in part["about"] or "k1" in part["about"] for part in told["parts"])


async def test_an_event_is_asked_for_by_its_id(empty: Served) -> None:
    await apply(empty, contents({"id": "a", "events": ["gas.ignited"]}))
    await empty.deliver(repaired())
    told = await ask(empty, event_id="e1")
    assert told["answer"] == "不回访：没有策略匹配。"
    assert "没有策略由此类事件触发。" in sentences(told)
    assert (await ask(empty, event_id="e1", source="/other"))["found"] is False


async def test_a_fact_that_names_nobody_is_found_by_its_number(empty: Served) -> None:
    await apply(empty, contents({"id": "a", **NEXT_DAY}))
    await empty.deliver(sent("repair.closed", "", work_order_no="WX9"))
    assert (await ask(empty, order="WX9"))["answer"] == "不回访：事实中没有可联系的客户。"


async def test_what_never_came_is_told_so(empty: Served) -> None:
    told = await ask(empty)
    assert (told["found"], told["answer"][:10]) == (False, "没有收到这样的事实：")
    assert sentences(told) == ["没有事件在排队。"]


async def test_a_fact_in_the_dead_letters_is_told_with_its_reason(empty: Served) -> None:
    await empty.deliver(event("visit.completed", {"task_id": "x", "work_order_no": "WX1"}, key="C1", id="v1"))
    assert len(await empty.dead_letters()) == 1
    told = await ask(empty, event_id="v1")
    assert told["answer"] == "事实已收到，但处理失败，尚未作出决定。"
    assert (await ask(empty))["answer"] == told["answer"]
    assert "死信" in sentences(told)[0]


async def test_a_fact_that_waits_to_be_handled_is_found_in_the_queue(
    service_dsn: Any, clock: ManualClock, memory_broker: MemoryBroker
) -> None:
    await queue(memory_broker, repaired(), repaired("C2", "e2", "WX2"))
    async with serve_on(memory_broker, await service_dsn("scheduler"), clock) as served:
        told = await ask(served)
        assert (told["found"], told["answer"]) == (False, "网关已接收，正在排队，尚未作出决定。")
        assert told["parts"][0]["about"] == "repair.closed e1（/test）"
        assert sentences(await ask(served, order="WX3")) == ["排队的 2 个事件中没有它。"]


async def test_without_the_broker_the_records_still_answer(service_dsn: Any, clock: ManualClock) -> None:
    class Away(MemoryBroker):
        async def reader(self) -> Any:
            raise BrokerUnavailable("away")

    async with serve_on(Away(), await service_dsn("scheduler"), clock) as served:
        assert sentences(await ask(served)) == ["消息系统暂时不可用，查不到是否在排队。"]


async def test_something_must_be_asked_for(empty: Served) -> None:
    async with empty.client("agent") as client:
        assert (await client.get("/api/v1/explain", params={"customer_id": "C1"})).status_code == 422
    async with empty.client("ops") as client:
        assert (await client.get("/api/v1/explain", params={"event_id": "e1"})).status_code == 403


async def queue(broker: Broker, *events: Any) -> None:
    producer = await broker.producer()
    await producer.publish([Message(INTAKE, one.key, *encode(one)) for one in events])


def serve_on(broker: Broker, dsn: str, clock: ManualClock) -> Any:
    return serve(create_app, SchedulerSettings, dsn, clock=clock, broker=broker)
