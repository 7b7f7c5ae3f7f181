"""`huifang work-rules show | check | set | history`: what a deployment sets about visits, as a file."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from deploy.commands._client import answer, change, every, service_client
from shared.documents import read_document
from shared.errors import HuifangError
from shared.zone import ORG_ZONE

app = typer.Typer(no_args_is_help=True, help="作业规则：呼叫结果代码、重拨、预约回呼、更正与自助作答。")
VISITS = "visits", "supervisor"
PATH = "/api/v1/work-rules"
File = Annotated[Path, typer.Argument(help="YAML 文件，先用 huifang work-rules show 写出", exists=True, dir_okay=False)]


@app.command()
def show(version: Annotated[int, typer.Option(help="第几版；不写则现在有效的", min=0)] = 0) -> None:
    """写出作业规则，可存为文件修改：huifang work-rules show > rules.yaml。"""
    with service_client(*VISITS) as client:
        kept = answer(client.get(f"{PATH}/versions/{version}" if version else PATH))
    typer.echo(f"# {_line(kept)}")
    typer.echo(yaml.safe_dump(kept["rules"], allow_unicode=True, sort_keys=False, width=120).rstrip())


@app.command()
def check(file: File) -> None:
    """检查文件并说明会改动什么，不设定。"""
    with service_client(*VISITS) as client:
        _tell(answer(client.post(f"{PATH}/plan", json={"rules": _read(file)})))


@app.command("set")
def set_rules(
    file: File,
    reason: Annotated[str, typer.Option(help="为什么修改")],
    seen: Annotated[int, typer.Option(help="文件是从第几版改来的；别人已改过时拒绝。不写则按现在的一版", min=0)] = 0,
) -> None:
    """按文件设定作业规则，随即对之后的每次联系有效。"""
    body = {"rules": _read(file), "reason": reason}
    if seen:
        with service_client(*VISITS) as client:
            kept = answer(client.put(PATH, json=body, headers={"If-Match": f'"{seen}"'}))
    else:
        kept = change(*VISITS, PATH, body=body, method="PUT")
    _tell(kept)
    typer.echo(f"现在是第 {kept['version']} 版")


@app.command()
def history() -> None:
    """列出各版：何时、谁、为什么。"""
    with service_client(*VISITS) as client:
        for kept in every(client, f"{PATH}/versions"):
            typer.echo(_line(kept))


def _read(file: Path) -> Any:
    try:
        return read_document(file.read_bytes())
    except HuifangError as error:
        typer.secho(f"{file.name}：{error.detail}", fg="red", err=True)
        raise typer.Exit(1) from error


def _tell(kept: dict[str, Any]) -> None:
    for each in kept["changes"]:
        typer.echo(f"{each['field']}：{_value(each['before'])} → {_value(each['after'])}")
    if not kept["changes"]:
        typer.echo("没有改动")
    for warning in kept["warnings"]:
        typer.secho(f"注意：{warning}", fg="yellow")


def _value(value: Any) -> str:
    if value is None:
        return "（没有）"
    return yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10**6).removesuffix("...\n").strip()


def _line(kept: dict[str, Any]) -> str:
    when = f"{datetime.fromisoformat(kept['at']).astimezone(ORG_ZONE):%Y-%m-%d %H:%M}" if kept["at"] else "从未修改"
    return f"第 {kept['version']} 版\t{when}\t{kept['by'] or '部署的设置'}\t{kept['reason']}".rstrip()
