"""`huifang customer erase` against a gateway that really listens."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.commands.customer import app
from shared.embedded.processes import free_port
from shared.erasure.job import erase_due
from shared.testing.listening import listening
from shared.testing.served import Served


async def run(*words: str, say: str = "") -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, list(words), say)


async def test_it_asks_before_and_says_what_stays_readable_and_until_when(
    gateway: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUIFANG_VAR", str(tmp_path))
    async with listening(gateway, tmp_path, ["admin"]):
        assert "没有登记过删除" in (await run("erasures")).output
        refused = await run("erase", "C1", say="n\n")
        assert refused.exit_code == 1
        assert await gateway.published("customer.erased") == []
        done = await run("erase", "C1", say="y\n")
        assert done.exit_code == 0, done.output
        for said in ("不能撤销", "已登记：客户 C1", "Kafka", "备份", "审计", "录音"):
            assert said in done.output
        (told,) = await gateway.published("customer.erased")
        assert told.data["customer_id"] == "C1"
        assert (await run("erasures")).output.startswith("C1\t接入：清理中")


async def test_it_tells_how_far_every_service_is_and_which_does_not_answer(
    gateway: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUIFANG_VAR", str(tmp_path))
    async with listening(gateway, tmp_path, ["admin"]):
        await run("erase", "C1", "--yes")
        await run("erase", "C2", "--yes")
        known = json.loads((tmp_path / "run.json").read_text())
        known["services"]["visits"] = f"http://127.0.0.1:{free_port()}"  # nobody is there
        (tmp_path / "run.json").write_text(json.dumps(known))
        before = (await run("erasures")).output
        assert "  接入\t已清理 0 位，其中 0 位复查期满；正在清理 2 位：C1、C2\n" in before
        assert "  回访作业\t没有答复\n" in before
        assert await erase_due(gateway.runtime) == 2
        assert "  接入\t已清理 2 位，其中 0 位复查期满\n" in (await run("erasures")).output
