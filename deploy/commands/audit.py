"""`huifang audit verify`: whether every service's audit log is whole and unchanged."""

import asyncio
from typing import Annotated

import asyncpg
import typer

from deploy.local.runfiles import read_run
from deploy.local.settings import SERVICES, LocalSettings
from shared.audit_check import Checked, check_all

app = typer.Typer(no_args_is_help=True, help="审计：校验记录是否完整、未被改动。")


@app.callback()
def main() -> None:
    """One sub-command is a group too."""


@app.command()
def verify(
    service: Annotated[str, typer.Option(help="服务名；不填则全部")] = "",
    expect: Annotated[
        list[str] | None, typer.Option(help="以前记下的 服务:序号:校验值，可写多次；证明其前的记录仍是原样")
    ] = None,
) -> None:
    """从头重算每个服务的审计链，并与所有检查点核对；任何一条被改、被删、被插入都会指出。末尾的校验值请另行保存。"""
    run = read_run(LocalSettings.from_environment())
    if run is None:
        typer.secho("平台没有运行，请先执行 make run", fg="red", err=True)
        raise typer.Exit(1)
    kept = dict(_read_expected(each) for each in expect or ())
    broken = False
    for name in [service] if service else SERVICES:
        checked = asyncio.run(check(run["postgres"][name], {s: h for (n, s), h in kept.items() if n == name}))
        broken = broken or bool(checked.wrong)
        row = f"{name}\t{checked.wrong or '完整'}\t{checked.mark(name)}"
        typer.secho(row, fg="red" if checked.wrong else None)
    if broken:
        raise typer.Exit(1)


def _read_expected(text: str) -> tuple[tuple[str, int], bytes]:
    name, _, rest = text.partition(":")
    number, _, digest = rest.partition(":")
    if not number.isdecimal() or len(digest) != 64:
        raise typer.BadParameter(f"应写成 服务:序号:校验值，现在是 {text[:100]!r}")
    return (name, int(number)), bytes.fromhex(digest)


async def check(dsn: str, kept: dict[int, bytes]) -> Checked:
    """What of a service's chain is whole, from its start. `kept` are links known before, beside those of its checkpoints."""
    connection = await asyncpg.connect(dsn.replace("postgresql+asyncpg://", "postgresql://", 1))
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await check_all(connection, kept)
    finally:
        await connection.close()
