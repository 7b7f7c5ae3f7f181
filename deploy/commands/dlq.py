"""`huifang dlq list | replay | discard`: dead letters of any service."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from deploy.commands._client import answer, every, service_client
from deploy.local.settings import SERVICES

app = typer.Typer(no_args_is_help=True, help="死信：查看、重放、丢弃。")
Service = Annotated[str, typer.Argument(help="服务名")]
LetterId = Annotated[str, typer.Argument(help="死信编号")]
ROUTE = "/api/v1/dead-letters"


@app.command("list")
def list_letters(service: Annotated[str, typer.Argument(help="服务名；不填则全部")] = "", state: str = "open") -> None:
    """列出死信：原因、来源、脱敏原文。"""
    for name in [service] if service else SERVICES:
        with service_client(name, "ops") as client:
            for letter in every(client, ROUTE, state=state):
                typer.echo(_line(name, letter))


@app.command()
def replay(
    service: Service,
    letter_id: LetterId,
    data: Annotated[Path | None, typer.Option(help="更正后的事件数据（JSON 文件）", exists=True)] = None,
    note: str = "",
) -> None:
    """重放一封死信，可附更正后的数据。"""
    body = {"note": note, "data": orjson.loads(data.read_bytes()) if data else None}
    with service_client(service, "ops") as client:
        answer(client.post(f"{ROUTE}/{letter_id}/replay", json=body))
    typer.echo("已重放")


@app.command()
def discard(service: Service, letter_id: LetterId, note: Annotated[str, typer.Option(help="丢弃原因")]) -> None:
    """丢弃一封死信，须写明原因。"""
    with service_client(service, "ops") as client:
        answer(client.post(f"{ROUTE}/{letter_id}/discard", json={"note": note}))
    typer.echo("已丢弃")


def _line(service: str, letter: dict[str, Any]) -> str:
    return f"{service}\t{letter['id']}\t{letter['event_type']}\t{letter['origin']}\t{letter['error_type']}: {letter['error']}"
