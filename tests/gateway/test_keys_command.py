"""`huifang keys` against a gateway that really listens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.commands.keys import app
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.clock import SystemClock
from shared.testing import Served, serve
from shared.testing.listening import listening
from tests.gateway.test_keys import lets_in

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
async def platform(service_dsn: Callable[[str], Awaitable[str]]) -> AsyncIterator[Served]:
    """Commands reckon in real days."""
    async with serve(create_app, GatewaySettings, await service_dsn("gateway"), clock=SystemClock()) as served:
        yield served


@pytest.fixture
async def run(platform: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Run]:
    monkeypatch.setenv("HUIFANG_VAR", str(tmp_path))
    async with listening(platform, tmp_path, ["admin"]):
        yield lambda *words: asyncio.to_thread(CliRunner().invoke, app, list(words))


async def issued(run: Run, *words: str) -> tuple[str, str]:
    """The number and the text of a new key."""
    said = (await run("make", "erp-east", "--role", "ops", *words)).output
    line, secret = said.splitlines()
    return line.split("\t")[0], secret.partition("：")[2]


async def test_a_key_is_made_listed_rotated_and_revoked(run: Run, platform: Served) -> None:
    assert "没有密钥" in (await run("list")).output
    number, secret = await issued(run, "--unit", "CD", "--name", "城东")
    assert secret.startswith("hf_")
    (line,) = (await run("list", "--owner", "erp-east")).output.splitlines()
    assert line.split("\t")[:5] == [number, "erp-east", "有效", "ops", "CD"]
    assert line.endswith("没有用过\t城东")
    rotated = (await run("rotate", number, "--grace", "5")).output
    assert "旧密钥最多再用 5 小时" in rotated
    assert len((await run("list", "--live")).output.splitlines()) == 2
    assert "已撤销" in (await run("revoke", number, "--reason", "泄露")).output
    assert len((await run("list", "--live")).output.splitlines()) == 1
    platform.runtime.keys.forget()
    assert not await lets_in(platform, secret)


async def test_its_end_is_set_and_told_when_near(run: Run) -> None:
    number, _ = await issued(run, "--days", "0")
    assert "不到期" in (await run("list")).output
    assert "到期时间：2" in (await run("expire", number, "--days", "3")).output
    assert "\t即将到期\t" in (await run("list")).output
    assert "直到撤销" in (await run("expire", number, "--days", "0")).output


async def test_what_is_refused_is_told_in_words(run: Run) -> None:
    wrong = await run("make", "Not A Name", "--role", "ops")
    assert (wrong.exit_code, "owner：应为" in wrong.output) == (1, True)
    unknown = await run("revoke", "0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")
    assert (unknown.exit_code, "没有这个密钥" in unknown.output) == (1, True)
