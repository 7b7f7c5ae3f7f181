"""`huifang work-rules` against a visits service that really listens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.commands.work_rules import app
from shared.testing.listening import listening
from tests.visits.conftest import Desk

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
async def run(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Run]:
    monkeypatch.setenv("HUIFANG_VAR", str(tmp_path))
    async with listening(desk.served, tmp_path, ["supervisor"]):
        yield lambda *words: asyncio.to_thread(CliRunner().invoke, app, [str(word) for word in words])


async def test_what_is_shown_can_be_changed_checked_and_set(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    first = (await run("show")).output
    assert first.startswith("# 第 1 版\t从未修改")
    file.write_text(first, "utf-8")
    assert (await run("check", file)).output == "没有改动\n"
    file.write_text(first.replace("most_attempts: 3", "most_attempts: 4"), "utf-8")
    assert (await run("check", file)).output == "most_attempts：3 → 4\n"
    done = await run("set", file, "--reason", "客户常不在家")
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "现在是第 2 版")
    assert "most_attempts: 4" in (await run("show")).output
    assert (await run("show", "--version", "1")).output.partition("\n")[2] == first.partition("\n")[2]
    newest, oldest = (await run("history")).output.splitlines()
    assert newest.startswith("第 2 版\t2026-03-02 10:00\tkey:test-supervisor\t客户常不在家")
    assert oldest.startswith("第 1 版")


async def test_what_is_wrong_is_told_and_sets_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    shown = (await run("show")).output
    file.write_text(shown.replace("code: refused", "code: refuse"), "utf-8")
    refused = await run("check", file)
    assert refused.exit_code == 1
    assert "没有代码 refuse" in refused.output
    file.write_text(shown.replace("grace:", "grace"), "utf-8")
    unread = await run("set", file, "--reason", "试行")
    assert unread.exit_code == 1
    assert "第" in unread.output
    file.write_text(shown.replace("most_attempts: 3", "most_attempts: 4"), "utf-8")
    assert (await run("set", file, "--reason", "试行", "--seen", "7")).exit_code == 1
    assert (await run("history")).output.startswith("第 1 版\t从未修改")
