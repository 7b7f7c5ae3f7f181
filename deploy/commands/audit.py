"""`huifang audit verify`: whether every service's audit log is whole and unchanged."""

import asyncio
import json
from typing import Annotated

import asyncpg
import typer

from deploy.local.runfiles import read_run
from deploy.local.settings import SERVICES, LocalSettings
from shared.audit import START, Entry, Link, fault

app = typer.Typer(no_args_is_help=True, help="审计：校验记录是否完整、未被改动。")
PORTION = 1000
_CHAIN = """
    SELECT chain.seq, chain.entry, chain.hash, log.id, log.at, log.principal, log.action, log.object, log.detail
    FROM audit_chain AS chain LEFT JOIN audit_log AS log ON log.id = chain.entry ORDER BY chain.seq
"""
_LOOSE = """
    SELECT count(*) FROM audit_log AS log
    WHERE NOT EXISTS (SELECT FROM audit_chain WHERE entry = log.id)
    AND NOT EXISTS (SELECT FROM audit_unsealed WHERE entry = log.id)
"""


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
    """重算每个服务的审计链；任何一条被改、被删、被插入都会指出。末尾的校验值请另行保存。"""
    run = read_run(LocalSettings.from_environment())
    if run is None:
        typer.secho("平台没有运行，请先执行 make run", fg="red", err=True)
        raise typer.Exit(1)
    kept = dict(_read_expected(each) for each in expect or ())
    broken = False
    for name in [service] if service else SERVICES:
        newest, wrong = asyncio.run(check(run["postgres"][name], {s: h for (n, s), h in kept.items() if n == name}))
        broken = broken or bool(wrong)
        typer.secho(f"{name}\t{wrong or '完整'}\t{name}:{newest[0]}:{newest[1].hex()}", fg="red" if wrong else None)
    if broken:
        raise typer.Exit(1)


def _read_expected(text: str) -> tuple[tuple[str, int], bytes]:
    name, _, rest = text.partition(":")
    number, _, digest = rest.partition(":")
    if not number.isdecimal() or len(digest) != 64:
        raise typer.BadParameter(f"应写成 服务:序号:校验值，现在是 {text[:100]!r}")
    return (name, int(number)), bytes.fromhex(digest)


async def check(dsn: str, kept: dict[int, bytes]) -> tuple[tuple[int, bytes], str]:
    """The newest whole link of a service's chain, and what is wrong behind it ("" = nothing). `kept` are links known before."""
    connection = await asyncpg.connect(dsn.replace("postgresql+asyncpg://", "postgresql://", 1))
    before = (0, START)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            async for row in connection.cursor(_CHAIN, prefetch=PORTION):
                found = Link(row["seq"], row["entry"], row["hash"])
                if wrong := fault(before, found, _entry(row)) or _differs(found, kept):
                    return before, wrong
                before = (found.seq, found.hash)
            loose = await connection.fetchval(_LOOSE)
    finally:
        await connection.close()
    if kept and max(kept) > before[0]:
        return before, f"第 {before[0]} 条之后的记录已被删除"
    return before, f"有 {loose} 条记录不在链上" if loose else ""


def _entry(row: asyncpg.Record) -> Entry | None:
    if row["id"] is None:
        return None
    detail = json.loads(row["detail"])
    return Entry(row["id"], row["at"], row["principal"], row["action"], row["object"], detail)


def _differs(found: Link, kept: dict[int, bytes]) -> str:
    return f"第 {found.seq} 条的校验值与所存的不同" if kept.get(found.seq, found.hash) != found.hash else ""
