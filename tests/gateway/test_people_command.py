"""`huifang people` against a gateway that really listens."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.commands.people import app
from tests.gateway.test_people_api import sheet

Run = Callable[..., Awaitable[Result]]
UNTIL = r"有效至 \d{4}-\d\d-\d\d \d\d:\d\d"


@pytest.fixture
def run(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command as the operator of this gateway."""
    (tmp_path / "run.json").write_text(json.dumps({"services": {"gateway": address}, "keys": {"admin": "test-admin"}}))
    monkeypatch.setenv("HUIFANG_VAR", str(tmp_path))
    return lambda *words: asyncio.to_thread(CliRunner().invoke, app, list(words))


async def test_a_person_is_added_listed_changed_and_disabled(run: Run) -> None:
    assert "没有符合条件的人员" in (await run("list")).output
    made = await run("add", "ann", "安然", "--role", "坐席", "--role", "supervisor", "--unit", "N1", "--team", "t1")
    assert made.exit_code == 0, made.output
    assert re.search(rf"一次性密码：\w{{12}}（只显示这一次，{UNTIL}；", made.output)
    listed = (await run("list", "安")).output
    assert re.fullmatch(rf"ann\t安然\t坐席、主管\tN1\tt1\t无固定班次\t尚未改初始密码，{UNTIL}\n", listed)
    assert "08:30-17:30" in (await run("set", "ann", "--shift", "8:30-17:30", "--unit", "-")).output
    assert "整个组织" in (await run("list", "--role", "主管")).output
    assert "已停用" in (await run("disable", "ann")).output
    assert "已停用" not in (await run("enable", "ann")).output
    assert re.search(r"一次性密码：\w{12}（", (await run("reset", "ann")).output)


async def test_what_is_wrong_is_told_in_words(run: Run) -> None:
    wrong = await run("add", "13800138000", "安", "--role", "坐席")
    assert (wrong.exit_code, "不能是手机号码" in wrong.output) == (1, True)
    assert (await run("add", "ann", "安", "--role", "接线员")).exit_code == 2
    missing = await run("disable", "nobody")
    assert (missing.exit_code, "没有登录名为 nobody 的人员" in missing.output) == (1, True)
    assert (await run("set", "ann")).exit_code == 2


async def test_a_sheet_is_tried_and_imported(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "people.xlsx"
    file.write_bytes(sheet(("ann", "安", "坐席", "N1"), ("bob", "鲍", "接线员", "N1")))
    tried = await run("import", str(file))
    assert (tried.exit_code, "第 3 行\t有误\tbob\t鲍\t角色：没有角色「接线员」" in tried.output) == (1, True)
    file.write_bytes(sheet(("ann", "安", "坐席", "N1"), ("bob", "鲍", "坐席", "N1")))
    assert "去掉 --dry-run 即导入" in (await run("import", str(file), "--dry-run")).output
    assert "没有符合条件的人员" in (await run("list")).output
    done = await run("import", str(file))
    assert (done.exit_code, len(re.findall(rf"一次性密码 \w{{12}}，{UNTIL}", done.output))) == (0, 2)
    assert len((await run("list")).output.splitlines()) == 2


async def test_the_template_is_written(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "template.xlsx"
    assert (await run("template", "--to", str(file))).exit_code == 0
    assert (await run("import", str(file), "--dry-run")).exit_code == 0
