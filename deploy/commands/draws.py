"""`huifang draws list | show | export | verify`."""

from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import UUID

import httpx
import typer

from deploy.commands._client import answer, every, service_client
from services.scheduler.domain.whom.draw_record import UnreadableExport, read_export, verify

app = typer.Typer(no_args_is_help=True, help="总量抽取：查看、导出、重算核对。")
STATES = {"open": "期间未结束", "closed": "待抽取", "made": "已抽取", "published": "已抽取并通知"}
MADE = ("made", "published")
DrawId = Annotated[UUID, typer.Argument(help="抽取编号")]


@app.command("list")
def list_draws(policy: Annotated[str, typer.Option(help="只看这条策略")] = "") -> None:
    """列出抽取，新近的在前。"""
    with service_client("scheduler", "auditor") as client:
        for draw in every(client, "/api/v1/draws", **({"policy_id": policy} if policy else {})):
            typer.echo(_headline(draw))


@app.command()
def show(draw_id: DrawId) -> None:
    """一次抽取的规则与各分层的数量。"""
    with service_client("scheduler", "auditor") as client:
        draw = answer(client.get(f"/api/v1/draws/{draw_id}"))
    typer.echo(_headline(draw))
    typer.echo(f"策略「{draw['title']}」第 {draw['policy_version']} 版，{draw['whom']}，种子 {draw['seed']}")
    for stratum in draw["strata"]:
        counts = f"总量 {stratum['population']}\t抽取 {stratum['drawn']}\t备选 {stratum['reserve']}"
        typer.echo(f"  {stratum['name']}\t{counts}")
    if draw["fingerprint"]:
        typer.echo(f"总量的 SHA-256：{draw['fingerprint']}")


@app.command()
def export(draw_id: DrawId, to: Annotated[Path, typer.Option(help="写入的文件", dir_okay=False)]) -> None:
    """导出总量（JSON Lines），凭此可离线核对。"""
    with service_client("scheduler", "auditor") as client:
        to.write_text("".join(f"{line}\n" for line in _exported(client, draw_id)), "utf-8")
    typer.echo(f"已写入 {to}")


@app.command("verify")
def verify_draw(
    draw_id: Annotated[UUID | None, typer.Argument(help="抽取编号；用 --file 时不填")] = None,
    file: Annotated[Path | None, typer.Option(help="导出的文件，不需要平台运行", exists=True, dir_okay=False)] = None,
) -> None:
    """由总量与种子重算一次抽取，与记录比较；不一致时退出码为 1。"""
    if (draw_id is None) == (file is None):
        _fail("请写抽取编号，或用 --file 指定导出的文件")
    try:
        draw, members = read_export(_lines(draw_id, file))
    except UnreadableExport as error:
        _fail(str(error))
    if draw.state not in MADE:
        _fail(f"这次抽取{STATES[draw.state]}，还没有结果可核对")
    problems = verify(draw, members)
    for problem in problems:
        typer.secho(f"✗ {problem}", fg="red", err=True)
    if problems:
        _fail(f"不一致：{len(problems)} 处")
    drawn = sum(stratum.drawn for stratum in draw.strata)
    typer.secho(f"一致：由 {draw.population} 件总量重算，抽取的 {drawn} 件与备选均相同。", fg="green")


def _lines(draw_id: UUID | None, file: Path | None) -> list[str]:
    if file is not None:
        return file.read_text("utf-8").splitlines()
    with service_client("scheduler", "auditor") as client:
        return _exported(client, draw_id)


def _exported(client: httpx.Client, draw_id: UUID | None) -> list[str]:
    with client.stream("GET", f"/api/v1/draws/{draw_id}/population") as response:
        if not response.is_success:
            response.read()
            answer(response)
        return list(response.iter_lines())


def _headline(draw: dict[str, Any]) -> str:
    period = draw["first"] if draw["first"] == draw["last"] else f"{draw['first']} 至 {draw['last']}"
    drawn = sum(stratum["drawn"] for stratum in draw["strata"])
    made = f"总量 {draw['population']}，抽取 {drawn}" if draw["made_at"] else draw["whom"]
    return f"{draw['id']}\t{draw['policy_id']}\t{period}\t{STATES[draw['state']]}\t{made}"


def _fail(message: str) -> NoReturn:
    typer.secho(message, fg="red", err=True)
    raise typer.Exit(1)
