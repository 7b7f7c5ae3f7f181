"""`huifang policy`, `pack trial` and `explain` against a scheduler that really listens."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.commands import explain
from deploy.commands import pack as pack_commands
from deploy.commands._platform_plan import _was_held
from deploy.commands.policy import app
from services.scheduler.schemas import TaskOut
from services.scheduler.store.tasks import StoredTask
from shared.clock import ManualClock, SystemClock
from shared.contracts.base import PEOPLE
from shared.erasure.job import erase_due
from shared.messaging.memory import MemoryBroker
from shared.testing import Served, event
from tests.scheduler.builders import at, book, fact, judge
from tests.scheduler.conftest import R01
from tests.scheduler.test_calendars import EVE, publish
from tests.scheduler.test_draws import deliver_occasions, draw_all
from tests.scheduler.test_handlers import rows, sent
from tests.scheduler.test_trials import record

Run = Callable[..., Awaitable[Result]]
NEXT_WORKED_DAY = "id: a\ntitle: 甲\ntrigger: {events: [repair.closed]}\nrate: all\ndelay: {days: 1}\n"


@pytest.fixture
def run(platform: None) -> Run:
    """Run a command as the user of this platform."""
    return lambda *words: asyncio.to_thread(CliRunner().invoke, app, list(words))


def tell_time(run_file: Path, clock: ManualClock) -> None:
    """Let commands take this clock's time for the platform's."""
    spec = {"spec": f"{clock.now().isoformat()}@1", "anchor": SystemClock().machine().timestamp()}
    run_file.write_text(json.dumps({**json.loads(run_file.read_text()), "clock": spec}))


async def test_a_pack_is_applied_listed_and_switched(run: Run) -> None:
    assert "新建\tr01.2-repair" in (await run("apply", str(R01), "--yes")).output
    assert "0 处变化" in (await run("apply", str(R01))).output
    assert "已停用" in (await run("disable", "r01.2-repair")).output
    assert "停用\tr01.2-repair\t第 1 版\t全部\t维修单全部回访" in (await run("list")).output
    assert "已启用" in (await run("enable", "r01.2-repair")).output


async def test_a_decision_is_explained_in_sentences(run: Run, empty: Served) -> None:
    await run("apply", str(R01), "--yes")
    await empty.deliver(sent("hotline.case_closed", id="H-1", is_confidential=True))
    said = await asyncio.to_thread(CliRunner().invoke, explain.app, ["--event", "H-1"])
    assert said.exit_code == 0
    assert "没有策略匹配" in said.output
    assert "要求 is_confidential 不等于 是，实际为 是。" in said.output


async def test_mistakes_in_a_pack_are_shown_with_their_place(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    (folder / "policies").mkdir(parents=True)
    (folder / "pack.yaml").write_text("format: 1\nname: bad\ntitle: 错\n")
    (folder / "policies" / "a.yaml").write_text("id: a\ntitle: 错\ntrigger: {events: [x]}\nrate: 200\n")
    said = await run("apply", str(folder))
    assert said.exit_code == 1
    assert "policies/a.yaml:4 · rate：应写 all（全部）或 0 到 100 的百分比" in said.output


async def test_without_a_running_platform_the_way_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUIFANG_VAR", str(tmp_path))
    said = await asyncio.to_thread(CliRunner().invoke, app, ["list"])
    assert (said.exit_code, "make run" in said.output) == (1, True)
    (tmp_path / "run.json").write_text(
        json.dumps({"services": {"scheduler": "http://127.0.0.1:1"}, "keys": {"policy_owner": "k"}})
    )
    said = await asyncio.to_thread(CliRunner().invoke, app, ["list"])
    assert (said.exit_code, "make status" in said.output) == (1, True)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A small pack of one policy."""
    folder = tmp_path / "small"
    (folder / "policies").mkdir(parents=True)
    (folder / "pack.yaml").write_text("format: 1\nname: small\ntitle: 小\n")
    (folder / "policies" / "a.yaml").write_text("id: a\ntitle: 甲\ntrigger: {events: [repair.closed]}\nrate: 20\n")
    return folder


async def test_a_plan_tells_what_applying_would_change_by_its_exit_code_too(run: Run, pack: Path) -> None:
    planned = await run("plan", str(pack))
    assert (planned.exit_code, "新建\ta\t甲\t第 1 版" in planned.output) == (2, True)
    await run("apply", str(pack), "--yes")
    assert (await run("plan", str(pack))).exit_code == 0
    policy = pack / "policies" / "a.yaml"
    policy.write_text(policy.read_text().replace("20", "30"))
    planned = await run("plan", str(pack), "--valid-from", "2026-04-01")
    assert planned.exit_code == 2
    assert "新版本\ta\t甲\t第 2 版，自 2026-04-01 00:00 (周三) 的事实起" in planned.output
    assert "回访多少（rate）：20% → 30%" in planned.output


async def test_a_pack_goes_from_draft_to_retired(run: Run, pack: Path) -> None:
    draft_id = (await run("draft", str(pack), "--note", "等确认")).output.split()[1]
    assert f"待发布\t{draft_id}\tsmall" in (await run("drafts")).output
    assert "已发布" in (await run("publish", draft_id, "--yes")).output
    assert "草稿已处理" in (await run("discard", draft_id)).output
    policy = pack / "policies" / "a.yaml"
    policy.write_text(policy.read_text().replace("20", "30"))
    await run("apply", str(pack), "--yes")
    assert "回访多少（rate）：20% → 30%" in (await run("diff", "a", "--from", "1", "--to", "2")).output
    assert "起废止" in (await run("retire", "a", "--reason", "制度已修订")).output
    assert "废止\ta\t第 2 版" in (await run("list")).output


async def test_no_way_publishes_a_pack_whose_messages_lack_a_text(run: Run, pack: Path) -> None:
    policy = pack / "policies" / "a.yaml"
    policy.write_text(policy.read_text() + "channel: sms\npurpose: notice\ncap: exempt\n")
    said = await run("apply", str(pack), "--yes")
    assert (said.exit_code, "policies/a.yaml" in said.output, "通知没有消息模板" in said.output) == (1, True, True)
    draft_id = (await run("draft", str(pack))).output.split()[1]
    said = await run("publish", draft_id, "--yes")
    assert (said.exit_code, "通知没有消息模板" in said.output) == (1, True)
    assert (await run("list")).output == ""


async def test_applying_asks_first(run: Run, pack: Path) -> None:
    assert (await run("apply", str(pack))).exit_code == 1  # nobody answers
    assert "a" not in (await run("list")).output


async def test_why_is_answered_by_one_command(empty: Served, run: Run, pack: Path) -> None:
    (pack / "policies" / "a.yaml").write_text("id: a\ntitle: 甲\ntrigger: {events: [repair.closed]}\nrate: all\n")
    await run("apply", str(pack), "--yes")
    await empty.deliver(sent("repair.closed", work_order_no="WX1"))
    said = await asyncio.to_thread(CliRunner().invoke, explain.app, ["--customer", "C1", "--order", "WX1"])
    assert (said.exit_code, said.output.splitlines()[0]) == (0, "已计划，2026-03-02 10:00 (周一) 起联系。")
    said = await asyncio.to_thread(CliRunner().invoke, explain.app, ["--event", "nothing"])
    assert (said.exit_code, "没有收到这样的事实" in said.output) == (3, True)
    assert (await asyncio.to_thread(CliRunner().invoke, explain.app, ["--customer", "C1"])).exit_code == 2


async def test_a_trial_of_recorded_facts_goes_by_the_years_the_platform_was_told(
    empty: Served, run: Run, pack: Path, clock: ManualClock, tmp_path: Path
) -> None:
    clock.move_to(EVE)
    (pack / "policies" / "a.yaml").write_text(NEXT_WORKED_DAY)
    await publish(empty)
    await run("apply", str(pack), "--yes")
    await record(empty, clock, sent("repair.closed", at=EVE - at("2026-03-02 10:00")))
    tell_time(tmp_path / "run.json", clock)
    trial = ["trial", str(pack), "--days", "7", "--format", "jsonl"]
    said = await asyncio.to_thread(CliRunner().invoke, pack_commands.app, trial)
    assert [json.loads(line)["due"] for line in said.stdout.splitlines()] == ["2027-01-04T09:00:00+08:00"]


async def test_a_trial_of_recorded_facts_is_compared_with_what_the_platform_planned(
    empty: Served, run: Run, pack: Path, clock: ManualClock, tmp_path: Path
) -> None:
    (pack / "policies" / "a.yaml").write_text("id: a\ntitle: 甲\ntrigger: {events: [repair.closed]}\nrate: all\n")
    await run("apply", str(pack), "--yes")
    facts = [sent("repair.closed", f"C{number}", f"e{number}", -timedelta(hours=1)) for number in range(3)]
    await record(empty, clock, *facts)
    await empty.deliver(*facts[:2])
    await empty.run_job("release")
    tell_time(tmp_path / "run.json", clock)
    trial = ["trial", str(pack), "--days", "7"]
    assert "3 个事实，3 个回访任务" in (await asyncio.to_thread(CliRunner().invoke, pack_commands.app, trial)).output
    said = await asyncio.to_thread(CliRunner().invoke, pack_commands.app, [*trial, "--compare"])
    assert "试算 3 个任务，平台 2 个：相同 2 个，不同 0 个" in said.output
    assert (said.exit_code, "只在试算中" in said.output, "e2" in said.output) == (2, True, True)
    await empty.deliver(facts[2])
    await empty.run_job("release")
    assert (await asyncio.to_thread(CliRunner().invoke, pack_commands.app, [*trial, "--compare"])).exit_code == 0
    async with empty.client("supervisor") as client:
        assert (await client.get("/api/v1/facts")).status_code == 403


DRAWN = """\
id: a
title: 甲
trigger: {events: [repair.closed]}
rate: {number: 1, of: day, reserve: 1}
window: {days: all, frames: ["00:00-24:00"]}
cap: exempt
"""


async def test_the_tasks_of_whom_the_platform_has_erased_are_counted_apart_and_their_reserves_are_no_difference(
    empty: Served, run: Run, pack: Path, clock: ManualClock, tmp_path: Path
) -> None:
    (pack / "policies" / "a.yaml").write_text(DRAWN)
    await run("apply", str(pack), "--yes")
    facts = [sent("repair.closed", f"C{number}", f"e{number}", -timedelta(hours=1)) for number in range(2)]
    log = MemoryBroker(clock=clock)
    await record(empty, clock, *facts, into=log)
    await empty.deliver(*facts)
    log.committed[empty.runtime.consumers[0].group] = {where: len(found) for where, found in log.logs.items()}
    await draw_all(empty, clock)
    clock.move_to(at("2026-03-03 10:00"))
    await empty.run_job("release")
    ((drawn,),) = await rows(empty, "SELECT customer_id FROM task WHERE state = 'released'")
    clock.advance(timedelta(minutes=5))
    asked = {"customer_id": drawn, "asked_at": clock.now().isoformat(), "asked_by": "zhao.min"}
    told = event("customer.erased", asked, key=drawn, time=clock.now())
    await record(empty, clock, told, into=log, topic=PEOPLE)
    await empty.deliver(told)
    clock.advance(timedelta(seconds=5))  # the service goes over its tables a little later
    assert await erase_due(empty.runtime) == 1
    await deliver_occasions(empty)
    await empty.run_job("release")
    assert await rows(empty, "SELECT state, count(*) FROM task GROUP BY 1 ORDER BY 1") == [
        ("cancelled", 1),
        ("released", 1),
    ]
    tell_time(tmp_path / "run.json", clock)
    trial = ["trial", str(pack), "--days", "7", "--compare"]
    said = await asyncio.to_thread(CliRunner().invoke, pack_commands.app, trial)
    assert "试算 2 个任务，平台 2 个：相同 1 个，不同 0 个" in said.output
    assert "另有 1 个任务的客户已按本人要求删除个人信息，不作比较" in said.output
    assert (said.exit_code, "只在平台上 0 个" in said.output) == (0, True)


def test_a_contact_the_platform_was_late_to_release_is_told_apart_from_one_planned_otherwise() -> None:
    _, customer = judge(book({"id": "a", "trigger": {"events": ["repair.closed"]}, "rate": "all"}), fact())
    (task,) = customer.open
    due, next_day = task.due_at, task.due_at + timedelta(days=1)
    planned = TaskOut.of(StoredTask(task._replace(due_at=next_day), due, due)).model_dump(mode="json")
    late = planned | {"held_until": next_day.isoformat()}
    assert not _was_held(task, planned)
    assert _was_held(task, late)
    assert not _was_held(task, late | {"state": "cancelled"})
    assert not _was_held(task._replace(due_at=next_day), late | {"due_at": due.isoformat()})


def test_a_trial_needs_facts_from_one_place(tmp_path: Path) -> None:
    assert CliRunner().invoke(pack_commands.app, ["trial", str(tmp_path)]).exit_code == 2
