"""The packs' own tests, run on the rules; and what `huifang pack check | test | trial` say without a platform."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from deploy.commands._pack_files import read_sound_pack
from deploy.commands.pack import app
from deploy.local.pack_folder import read_files
from services.scheduler.domain.packs.check import check_pack
from services.scheduler.domain.packs.scenario_file import read_scenarios
from services.scheduler.domain.simulation.limits import Limits
from services.scheduler.domain.simulation.rehearsal import books_of, rehearse
from services.scheduler.domain.simulation.scenario import Scenario
from tests.scheduler.domain.packs.test_calendar_year import CSV

PACKS = Path(__file__).parents[2] / "deploy" / "packs"
PLATFORM = ("sqlalchemy", "asyncpg", "aiokafka", "fastapi", "httpx", "asyncio")
EXAMPLES = Path(__file__).parents[2] / "docs" / "packs"
FOLDERS = sorted(path.parent for place in (PACKS, EXAMPLES) for path in place.glob("*/pack.yaml"))


def _scenarios(folder: Path) -> list[Scenario]:
    policies = {policy.id for policy in read_sound_pack(folder).policies}
    return read_scenarios(read_files(folder), policies, [])


CASES = [
    pytest.param(folder, scenario, id=f"{folder.name}-{scenario.clause}-{scenario.line}")
    for folder in FOLDERS
    for scenario in _scenarios(folder)
]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.mark.parametrize(("folder", "scenario"), CASES)
def test_a_pack_plans_what_its_own_tests_expect(folder: Path, scenario: Scenario) -> None:
    pack = read_sound_pack(folder)
    assert rehearse(scenario, books_of(pack.policies, pack.kinds)) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_pack_is_without_mistakes_and_doubts(folder: Path) -> None:
    assert check_pack(read_files(folder), folder.name) == []


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A small pack with a test that passes and one that doesn't."""
    folder = tmp_path / "small"
    (folder / "policies").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "pack.yaml").write_text("format: 1\nname: small\ntitle: 小\ncaps: [{limit: 1, per: month}]\n")
    (folder / "policies" / "a.yaml").write_text(
        "id: a\ntitle: 甲\ntrigger: {events: [repair.closed]}\nrate: all\ndelay: {days: 1}\nteam: hotline\n"
        "deadline: {days: 2}\npurpose: notice\n"
    )
    (folder / "tests" / "a.yaml").write_text(
        "tests:\n"
        "  - name: 次日\n    clause: Z1\n    given: [{fact: repair.closed, at: 2026-03-03 10:00}]\n"
        "    expect: [{policy: a, due: 2026-03-04 09:00}]\n"
        "  - name: 当日\n    clause: Z2\n    given: [{fact: repair.closed, at: 2026-03-03 10:00}]\n"
        "    expect:\n      - {policy: a, due: 2026-03-03 11:00, team: branch}\n"
    )
    return folder


def test_a_failing_test_shows_expected_and_got_side_by_side_with_the_explanation(pack: Path) -> None:
    said = run("test", str(pack))
    assert said.exit_code == 1
    lines = [line.strip() for line in said.output.splitlines()]
    assert "✓ Z1 次日" in lines
    assert "✗ Z2 当日" in lines
    assert "tests/a.yaml:10 策略 a 对 F1 的任务与期望不同" in lines
    assert "最早联系  2026-03-03 11:00 (周二)  2026-03-04 09:00 (周三)" in lines
    assert "班组      branch                   hotline" in lines
    assert any("策略「甲」（a 第 1 版）命中，全部回访" in line for line in lines)
    assert lines[-1] == "2 个测试，1 个不符合期望。"


def test_tests_are_chosen_by_clause(pack: Path) -> None:
    said = run("test", str(pack), "-k", "Z1")
    assert (said.exit_code, "1 个测试，0 个不符合期望" in said.output) == (0, True)
    assert run("test", str(pack), "-k", "R99").exit_code == 1


def test_a_test_may_watch_some_policies_only(pack: Path) -> None:
    with (pack / "policies" / "b.yaml").open("w") as file:
        file.write("id: b\ntitle: 乙\ntrigger: {events: [repair.closed]}\nrate: all\npurpose: greeting\ncap: exempt\n")
    assert run("test", str(pack), "-k", "Z1").exit_code == 1
    tests = pack / "tests" / "a.yaml"
    tests.write_text(tests.read_text().replace("    clause: Z1\n", "    clause: Z1\n    policies: [a]\n"))
    assert run("test", str(pack), "-k", "Z1").exit_code == 0


def test_tests_run_on_a_year_that_is_given_as_a_file(pack: Path, tmp_path: Path) -> None:
    (pack / "tests" / "a.yaml").write_text(
        "tests:\n  - name: 周五办结，周日调休上班\n    clause: X2\n    given: [{fact: repair.closed, at: 2027-01-29 10:00}]\n"
        "    expect: [{policy: a, due: 2027-01-31 09:00, provisional: false}]\n"
    )
    year = tmp_path / "2027.csv"
    year.write_text(CSV)
    assert run("test", str(pack)).exit_code == 1
    assert run("test", str(pack), "--year", str(year)).exit_code == 0
    year.write_text(CSV.replace("2027-01-01,off", "2027-01-01,放"))
    said = run("test", str(pack), "--year", str(year))
    assert (said.exit_code, "错误 2027.csv:2 · " in said.output) == (1, True)


CORRECTIONS = """\
tests:
  - name: 不满意更正为满意
    given:
      - {fact: repair.closed, id: W1, at: 2026-03-03 10:00}
      - {contact: completed, id: V1, about: W1, at: 2026-03-04 10:00, data: {rating: 1, case_id: K1}}
      - {correct: completed, about: V1, at: 2026-03-04 15:00, data: {rating: 5}}
    expect:
      - {fact: W1, policy: s, step: call, state: done}
      - {fact: W1, policy: s, step: sorry, state: cancelled, reason: corrected}
  - name: 原以为打不通
    given:
      - {fact: repair.closed, id: W1, at: 2026-03-03 10:00}
      - {contact: unreachable, id: V1, about: W1, at: 2026-03-04 10:00}
      - {correct: completed, about: V1, at: 2026-03-04 15:00, data: {rating: 2, case_id: K1}}
    expect: [{fact: W1, policy: s, step: call, state: done}, {fact: W1, policy: s, step: sorry, state: planned}]
  - name: 完成的不能变成打不通
    given:
      - {fact: repair.closed, id: W1, at: 2026-03-03 10:00}
      - {contact: completed, id: V1, about: W1, at: 2026-03-04 10:00, data: {rating: 5}}
      - {correct: unreachable, about: V1, at: 2026-03-04 15:00}
    expect: [{fact: W1, policy: s, step: call, state: done}]
"""


def test_a_test_may_correct_what_a_contact_came_to(pack: Path) -> None:
    (pack / "policies" / "a.yaml").write_text(
        "id: s\ntitle: 丙\ntrigger: {events: [repair.closed]}\nrate: all\ndelay: {hours: 1}\ncap: exempt\nsteps:\n"
        "  - {id: call}\n  - {id: sorry, if: {field: result, op: eq, value: dissatisfied}, delay: {days: 2}}\n"
    )
    tests = pack / "tests" / "a.yaml"
    tests.write_text(CORRECTIONS)
    said = run("test", str(pack))
    assert [line[:1] for line in said.output.splitlines() if line[:1] in "✓✗" and line] == ["✓", "✓", "✗"], said.output
    assert "V1 已完成，只能更正为 completed" in said.output
    tests.write_text(CORRECTIONS.replace("about: V1", "about: W1"))
    assert "应写前面一次联系的编号" in run("check", str(pack)).output


TRIGGERED = """\
tests:
  - name: 不满意更正为满意，因不满意计划的回访撤回
    given:
      - {fact: repair.closed, id: W1, at: 2026-03-03 10:00}
      - {contact: completed, id: V1, about: W1, at: 2026-03-04 10:00, data: {rating: 1, case_id: K1}}
      - {correct: completed, about: V1, at: 2026-03-04 15:00, data: {rating: 5}}
    expect:
      - {fact: W1, policy: call, state: done}
      - {fact: V1, policy: sorry, state: cancelled, reason: fact_withdrawn}
  - name: 仍然不满意，保留
    given:
      - {fact: repair.closed, id: W1, at: 2026-03-03 10:00}
      - {contact: completed, id: V1, about: W1, at: 2026-03-04 10:00, data: {rating: 1, case_id: K1}}
      - {correct: completed, about: V1, at: 2026-03-04 15:00, data: {rating: 2}}
    expect:
      - {fact: W1, policy: call, state: done}
      - {fact: V1, policy: sorry, state: planned}
  - name: 满意更正为不满意，计划回访
    given:
      - {fact: repair.closed, id: W1, at: 2026-03-03 10:00}
      - {contact: completed, id: V1, about: W1, at: 2026-03-04 10:00, data: {rating: 5, case_id: K1}}
      - {correct: completed, id: X1, about: V1, at: 2026-03-04 15:00, data: {rating: 1}}
    expect:
      - {fact: W1, policy: call, state: done}
      - {fact: X1, policy: sorry, state: planned}
"""


def test_what_a_wrong_result_has_triggered_is_taken_back_in_a_test_as_in_the_service(pack: Path) -> None:
    one = "title: 丙\nrate: all\ncap: exempt\n"
    (pack / "policies" / "a.yaml").write_text(
        f"id: call\n{one}trigger: {{events: [repair.closed]}}\ndelay: {{hours: 1}}\n"
    )
    (pack / "policies" / "b.yaml").write_text(
        f"id: sorry\n{one}trigger: {{events: [visit.dissatisfied]}}\ndelay: {{days: 2}}\n"
    )
    (pack / "tests" / "a.yaml").write_text(TRIGGERED)
    said = run("test", str(pack))
    assert [line[:1] for line in said.output.splitlines() if line[:1] in "✓✗" and line] == ["✓"] * 3, said.output


NOTE = """\
name: note
title: 通知
channel: email
category: notice
subject: 通知
text: 您好，您的业务已办理。
rules:
  - {id: note, events: [followup.released], purpose: notice, template: note}
"""


def test_the_commit_hook_checks_every_pack_that_a_changed_file_belongs_to_once(pack: Path) -> None:
    (hook,) = yaml.safe_load((PACKS.parents[1] / ".pre-commit-hooks.yaml").read_text())
    command, *words = hook["entry"].split()
    (pack / "templates").mkdir()
    (pack / "templates" / "note.yaml").write_text(NOTE)
    other = pack.parent / "other"
    shutil.copytree(pack, other)
    (other / "pack.yaml").write_text((other / "pack.yaml").read_text().replace("name: small", "name: other"))
    stray = pack.parent / "compose.yaml"
    stray.write_text("services: {}\n")
    changed = [pack / "pack.yaml", pack / "policies" / "a.yaml", other / "policies" / "a.yaml", stray]
    assert all(re.search(hook["files"], str(path)) for path in changed)
    assert (command, words[0]) == ("huifang", "pack")
    right = run(*words[1:], *map(str, changed))
    assert (right.exit_code, right.output.count("没有错误")) == (0, 2)
    with (other / "policies" / "a.yaml").open("a") as file:
        file.write("priority: 12\n")
    wrong = run(*words[1:], *map(str, changed))
    assert wrong.exit_code == 1
    assert "有错误的策略包：other" in wrong.output
    assert run(*words[1:], str(stray)).exit_code == 0


def test_check_tells_file_and_line_and_fails_on_mistakes_only(pack: Path) -> None:
    (pack / "templates").mkdir()
    (pack / "templates" / "note.yaml").write_text(NOTE)
    assert run("check", str(pack)).exit_code == 0
    with (pack / "policies" / "a.yaml").open("a") as file:
        file.write("priority: 12\nevery: day\n")
    said = run("check", str(pack))
    assert said.exit_code == 1
    assert "错误 policies/a.yaml:9 · priority：应写1 到 9 的整数，现在是 12" in said.output
    assert "错误 policies/a.yaml:10 · every：不写在这里" in said.output
    assert "共 2 处错误" in said.output


def test_the_pack_tools_start_without_the_libraries_of_the_platform() -> None:
    code = (
        "import sys; from deploy.cli import main\n"
        f"sys.argv = ['huifang', 'pack', 'check', {str(FOLDERS[0])!r}]\n"
        f"try: main()\nexcept SystemExit as end: print(end.code, sorted({set(PLATFORM)!r} & {{*sys.modules}}))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKS.parents[1], check=True
    )
    assert said.stdout.splitlines()[-1] == "0 []"


@pytest.mark.parametrize("hostile", ["^(a+)+$", "^(a|a)*$"])
def test_a_test_of_an_expression_that_never_ended_ends(pack: Path, hostile: str) -> None:
    (pack / "policies" / "a.yaml").write_text(
        "id: a\ntitle: 甲\nrate: all\npurpose: notice\ncap: exempt\ntrigger:\n  events: [tenant.moved_in]\n"
        f"  condition: {{field: room, op: matches, value: '{hostile}'}}\n"
    )
    (pack / "kinds").mkdir()
    (pack / "kinds" / "a.yaml").write_text(
        "kinds:\n  - {event: tenant.moved_in, title: 租户入驻, schema: "
        f"{{properties: {{room: {{type: string}}, floor: {{pattern: '{hostile}'}}}}}}}}\n"
    )
    (pack / "tests" / "a.yaml").write_text(
        "tests:\n  - name: 甲\n    clause: Z1\n    expect_not: [{reason: no_policy_matches}]\n    given:\n"
        f"      - {{fact: tenant.moved_in, at: 2026-03-03 10:00, data: {{room: {'a' * 60}!}}}}\n"
    )
    said = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "pack", "test", str(pack)],
        capture_output=True, text=True, cwd=PACKS.parents[1], timeout=60, check=False,
    )  # fmt: skip
    assert "1 个测试，0 个不符合期望" in said.stdout, said


def test_days_in_a_tests_data_are_texts_as_facts_have_them(pack: Path) -> None:
    (pack / "policies" / "a.yaml").write_text(
        "id: a\ntitle: 甲\ntrigger: {anniversary: customer.birthday}\nrate: all\npurpose: greeting\nchannel: sms\n"
    )
    (pack / "tests" / "a.yaml").write_text(
        "tests:\n  - name: 生日\n    clause: Z1\n    until: 2026-03-10 09:00\n    given:\n"
        "      - {fact: card.issued, at: 2026-03-03 10:00, customer: {id: C1, birthday: 2018-03-10}}\n"
        "    expect: [{policy: a, day: 2026-03-10, due: 2026-03-10 09:00}]\n"
    )
    assert "1 个测试，0 个不符合期望" in run("test", str(pack)).output


def _tests(pack: Path, given: str, rest: str = "expect: []") -> Result:
    """What `pack test` says of one test."""
    whole = f"tests:\n  - name: 甲\n    clause: Z1\n    given: [{given}]\n    {rest}\n"
    (pack / "tests" / "a.yaml").write_text(whole)
    return run("test", str(pack))


@pytest.mark.parametrize(
    "given",
    [
        "{fact: visit.completed, at: 2026-03-03 10:00}",
        "{fact: visit.failed, at: 2026-03-03 10:00, data: {task_id: 12}}",
        "{fact: complaint.resolved, at: 2026-03-03 10:00}",
        "{fact: notification.opted_out, at: 2026-03-03 10:00}",
    ],
)
def test_a_fact_without_what_it_always_has_is_told_with_its_name(pack: Path, given: str) -> None:
    said = _tests(pack, given, "expect_not: [{reason: no_policy_matches}]")
    assert (said.exit_code, type(said.exception)) == (1, SystemExit)
    assert "given 中的 F1（" in said.output
    assert "缺少或写错了" in said.output


@pytest.mark.parametrize(
    ("given", "until", "says"),
    [
        ("{fact: repair.closed, at: 2026-03-03 10:00}", "9999-12-31 23:59", "年份应在 2000 到 2099 之间"),
        ("{fact: repair.closed, at: 9999-12-31 23:59}", "9999-12-31 23:59", "年份应在 2000 到 2099 之间"),
        ("{fact: repair.closed, at: 0001-01-01 00:00}", "2026-03-03 10:00", "年份应在 2000 到 2099 之间"),
        ("{fact: repair.closed, at: 2026-03-03 10:00}", "2090-01-01 00:00", "最多 1100 天"),
    ],
)
def test_a_test_over_ages_is_refused(pack: Path, given: str, until: str, says: str) -> None:
    said = _tests(pack, given, f"until: {until}\n    expect: [{{policy: a}}]")
    assert (said.exit_code, type(said.exception)) == (1, SystemExit)
    assert says in said.output


def test_a_slip_in_a_customer_is_told(pack: Path) -> None:
    given = "{fact: repair.closed, at: 2026-03-03 10:00, customer: {id: C1, levle: A, tier: A}}"
    said = _tests(pack, given, "expect: [{policy: a}]")
    assert "given[0].customer.levle：没有这个配置项，是否想写 level？" in said.output
    assert "given[0].customer.tier：不写在这里：由 customer.updated 的 data 写明" in said.output


def test_a_contact_that_went_badly_has_the_consequences_it_has_on_the_platform(pack: Path) -> None:
    (pack / "pack.yaml").write_text(
        "format: 1\nname: small\ntitle: 小\npauses: [{on: [visit.dissatisfied], hours: 48}]\n"
        "window: {days: all, frames: ['08:00-20:00']}\n"
    )
    policy = "title: 甲\nrate: all\nteam: t\nquestionnaire: q\nmerge: false\n"
    (pack / "policies" / "a.yaml").write_text(f"id: a\n{policy}trigger: {{events: [repair.closed]}}\n")
    (pack / "policies" / "b.yaml").write_text(f"id: b\n{policy}trigger: {{events: [visit.dissatisfied]}}\n")
    (pack / "policies" / "c.yaml").write_text(f"id: c\n{policy}trigger: {{events: [complaint.opened]}}\n")
    (pack / "policies" / "d.yaml").write_text(f"id: d\n{policy}round: 2\ntrigger: {{events: [complaint.resolved]}}\n")
    (pack / "questionnaires").mkdir()
    (pack / "questionnaires" / "q.yaml").write_text("id: q\ntitle: 问卷\n")
    repair = "{fact: repair.closed, id: W1, at: 2026-03-02 10:00}"
    bad = "{contact: completed, id: V1, about: W1, at: 2026-03-02 11:00, data: {rating: 2}}"
    resolved = "{case: resolved, id: J1, about: V1, at: 2026-03-06 09:00}"
    due = "2026-03-04 11:00"  # after the pause that the dissatisfaction calls for
    said = _tests(
        pack,
        f"{repair}, {bad}, {resolved}",
        "until: 2026-03-06 09:00\n    expect:\n"
        "      - {fact: W1, policy: a, state: done}\n"
        f"      - {{fact: V1, policy: b, due: {due}}}\n"
        f"      - {{fact: V1, policy: c, due: {due}}}\n"
        "      - {fact: J1, policy: d, due: 2026-03-06 09:00, round: 2, state: released}",
    )
    assert said.exit_code == 0, said.output
    own = "{case: opened, id: K1, about: K, at: 2026-03-02 11:05}"
    said = _tests(
        pack,
        f"{repair}, {bad}, {own}",
        "policies: [c]\n    expect: [{fact: K1, policy: c}]",
    )
    assert said.exit_code == 0, said.output
    satisfied = bad.replace("rating: 2", "rating: 4")
    assert _tests(pack, f"{repair}, {satisfied}", "expect: [{fact: W1, policy: a, state: done}]").exit_code == 0


def test_of_surplus_tasks_a_few_are_shown_each_with_its_own_reason(pack: Path) -> None:
    for number in range(9):
        (pack / "policies" / f"p{number}.yaml").write_text(
            f"id: p{number}\ntitle: 策略{number}\nrate: all\ncap: exempt\nmerge: false\npurpose: notice\n"
            "trigger: {events: [repair.closed]}\n"
        )
    said = _tests(pack, "{fact: repair.closed, at: 2026-03-03 10:00}", "expect: [{policy: a}]")
    assert said.output.count("多出一个没有写在 expect 中的任务") == 5
    assert "另有 4 个没有写在 expect 中的任务" in said.output
    assert said.output.count("· 策略「") == 5


def test_a_questionnaire_may_be_none(pack: Path) -> None:
    (pack / "policies" / "a.yaml").write_text(
        "id: a\ntitle: 甲\ntrigger: {events: [repair.closed]}\nrate: all\npurpose: notice\nquestionnaire: none\n"
        "cap: exempt\n"
        "steps: [{id: first}, {id: second, delay: {days: 1}, questionnaire: none}]\n"
    )
    assert "questionnaire" not in run("check", str(pack)).output
    expected = "[{policy: a, step: first, questionnaire: ''}, {policy: a, step: second, questionnaire: ''}]"
    said = _tests(pack, "{fact: repair.closed, at: 2026-03-03 10:00}", f"expect: {expected}")
    assert said.exit_code == 0, said.output


def test_a_trial_goes_on_to_its_end_and_names_the_steps(pack: Path, tmp_path: Path) -> None:
    (pack / "policies" / "a.yaml").write_text(
        "id: a\ntitle: 甲\ntrigger: {every: week, on: tue}\nrate: all\npurpose: notice\nmerge: false\ncap: exempt\n"
        "steps: [{id: first}, {id: second, delay: {days: 1}}]\n"
    )
    file = _facts(tmp_path / "f.jsonl")
    said = run("trial", str(pack), "--facts", str(file), "--format", "jsonl", "--to", "2026-03-25")
    lines = [json.loads(line) for line in said.output.splitlines() if line.startswith("{")]
    assert {(line["due"][:10], line["step"]) for line in lines} >= {("2026-03-24", "first"), ("2026-03-25", "second")}


@pytest.mark.parametrize(
    ("limits", "note", "says"),
    [
        (Limits(memory=256 << 20), "x" * 500_000, "试算占用的内存超过上限（256 MB）"),
        (Limits(cpu=1), "", "试算的计算时间超过上限（1 秒）"),
    ],
)
def test_a_trial_takes_no_more_of_the_machine_than_the_limits(
    pack: Path, tmp_path: Path, limits: Limits, note: str, says: str
) -> None:
    (pack / "policies" / "a.yaml").write_text(
        "id: a\ntitle: 甲\ntrigger: {every: week, on: tue}\nrate: all\npurpose: notice\nmerge: false\n"
    )
    file = _facts(tmp_path / "f.jsonl")
    again = file.read_text().replace("2026-", "2190-").replace('"E', f'"F{note}')
    file.write_text(file.read_text() + again * (100 if note else 1))
    wanted = f"Wanted(Path({str(pack)!r}), Path({str(file)!r}), 0, None, None, True, [], False, [])"
    code = (
        "from pathlib import Path; from deploy.commands._pack_trial import *\n"
        f"raise SystemExit(run_trial({wanted}, Limits({limits.memory}, {limits.cpu})))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKS.parents[1], check=False
    )
    assert (said.returncode, "Traceback" in said.stderr, says in said.stderr) == (1, False, True), said.stderr[-2000:]


def _facts(path: Path) -> Path:
    def event(number: int, day: int, customer: str) -> str:
        body = {"work_order_no": f"W{number}", "customer": {"id": customer}}
        time = f"2026-03-{day:02}T10:00:00+08:00"
        return json.dumps({"id": f"E{number}", "source": "/s", "type": "repair.closed", "time": time, "data": body})

    # the last fact of the month stands first: a file need not be in order
    path.write_text("\n".join([event(4, 20, "C1"), event(1, 5, "C1"), event(2, 6, "C2"), event(3, 6, "C3")]) + "\n")
    return path


def test_a_trial_gives_the_plan_as_json_lines(pack: Path, tmp_path: Path) -> None:
    said = run("trial", str(pack), "--facts", str(_facts(tmp_path / "f.jsonl")), "--format", "jsonl")
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    assert [(row["fact"], row["due"], row["state"]) for row in rows] == [
        ("E1", "2026-03-06T09:00:00+08:00", "released"),
        ("E2", "2026-03-09T09:00:00+08:00", "expired"),
        ("E3", "2026-03-09T09:00:00+08:00", "expired"),
    ]


def test_a_trial_shows_load_caps_and_deadlines_that_cannot_be_met(pack: Path, tmp_path: Path) -> None:
    facts = str(_facts(tmp_path / "f.jsonl"))
    said = run("trial", str(pack), "--facts", facts, "--agents", "hotline=0").output
    assert "4 个事实，3 个回访任务" in said
    assert "a（每月最多联系 1 次）" in said
    assert "无法在时限内联系：2 个" in said
    load = next(line for line in said.splitlines() if "2026-03-06" in line and "hotline" in line)
    assert [cell.strip() for cell in load.strip("│").split("│")] == ["2026-03-06", "hotline", "1", "0", "1"]


def test_a_trial_knows_the_agents_of_the_organisation(pack: Path, tmp_path: Path) -> None:
    (pack / "organisation.yaml").write_text(
        "organisation: {code: HQ, title: 总部}\nteams: [{code: hotline, title: 热线班, unit: HQ, agents: 3}]\n"
    )
    facts = str(_facts(tmp_path / "f.jsonl"))
    said = run("trial", str(pack), "--facts", facts).output
    load = next(line for line in said.splitlines() if "2026-03-06" in line and "hotline" in line)
    assert [cell.strip() for cell in load.strip("│").split("│")][3] == "150"


def test_facts_before_the_range_count_for_caps_but_are_not_shown(pack: Path, tmp_path: Path) -> None:
    facts = str(_facts(tmp_path / "f.jsonl"))
    said = run("trial", str(pack), "--facts", facts, "--from", "2026-03-06", "--to", "2026-03-21", "--format", "jsonl")
    assert [json.loads(line)["fact"] for line in said.stdout.splitlines()] == ["E2", "E3"]
    assert "a（每月最多联系 1 次）" in run("trial", str(pack), "--facts", facts, "--from", "2026-03-20").output


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "第 1 行不是 JSON"),
        ("{}", "第 1 行应是 CloudEvents"),
        ('{"id":"1","source":"s","type":"t","time":"2026-03-06T10:00:00+08:00"}', "第 1 行的 data"),
        ('{"id":"1","source":"s","type":"t","time":"gestern","data":{}}', "第 1 行的 time"),
        ('{"id":"1","source":"s","type":"t","time":"2026-03-06T10:00:00","data":{}}', "缺少时区"),
        (
            '{"id":"1","source":"s","type":"visit.completed","time":"2026-03-06T10:00:00+08:00","data":{}}',
            "第 1 行的 visit.completed 缺少或写错了 'task_id'",
        ),
    ],
)
def test_a_line_that_is_no_fact_is_told_with_its_number(pack: Path, tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(line + "\n")
    said = run("trial", str(pack), "--facts", str(file))
    assert (said.exit_code, says in said.output) == (1, True)


def test_a_test_can_take_a_fact_back(pack: Path) -> None:
    (pack / "tests" / "a.yaml").write_text(
        "tests:\n  - name: 撤回\n    clause: X1\n    given:\n"
        "      - {fact: repair.closed, id: WX1, at: 2026-03-02 16:00, customer: C1}\n"
        "      - {fact: fact.withdrawn, at: 2026-03-02 17:00, customer: C1, data: {event_id: WX1}}\n"
        "    until: 2026-03-05 09:00\n"
        "    expect: [{fact: WX1, policy: a, state: cancelled, reason: fact_withdrawn}]\n"
    )
    told = run("test", str(pack))
    assert told.exit_code == 0, told.output
