"""`huifang policy apply | list | enable | disable | explain`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.commands._client import answer, every, service_client

app = typer.Typer(no_args_is_help=True, help="回访策略：应用策略包、启停策略、说明决定。")
RESULTS = {"created": "新建", "changed": "新版本", "unchanged": "未变", "withdrawn": "已不在包中，停用"}
PolicyId = Annotated[str, typer.Argument(help="策略编号")]


@app.command("apply")
def apply_pack(folder: Annotated[Path, typer.Argument(help="策略包目录", exists=True, file_okay=False)]) -> None:
    """应用一个策略包目录；内容相同不产生新版本。"""
    files = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in _yaml_files(folder)}
    with service_client("scheduler", "policy_owner") as client:
        applied = answer(client.post("/api/v1/packs", json={"name": folder.resolve().name, "files": files}))
    typer.echo(f"策略包 {applied['name']}（{applied['title']}）")
    for policy in applied["policies"]:
        typer.echo(f"  {RESULTS[policy['result']]}\t{policy['id']}")


@app.command("list")
def list_policies() -> None:
    """列出全部策略。"""
    with service_client("scheduler", "policy_owner") as client:
        for policy in every(client, "/api/v1/policies"):
            state = "启用" if policy["enabled"] else "停用"
            typer.echo(f"{state}\t{policy['id']}\t第 {policy['version']} 版\t{policy['whom']}\t{policy['title']}")


@app.command()
def enable(policy_id: PolicyId) -> None:
    """启用一条策略。"""
    _switch(policy_id, "enable")


@app.command()
def disable(policy_id: PolicyId) -> None:
    """停用一条策略；已计划的任务不受影响。"""
    _switch(policy_id, "disable")


@app.command()
def explain(
    event_id: Annotated[str, typer.Argument(help="发送方给出的事件编号")],
    source: Annotated[str | None, typer.Option(help="来源，编号在多个来源中重复时给出")] = None,
) -> None:
    """说明对一个事件的决定：为什么回访或不回访。"""
    query = {"event_id": event_id} | ({"source": source} if source else {})
    with service_client("scheduler", "auditor") as client:
        decisions = answer(client.get("/api/v1/decisions", params=query))["items"]
    if not decisions:
        typer.secho(f"没有对事件 {event_id} 的决定：可能尚未处理，或编号有误。", fg="yellow", err=True)
        raise typer.Exit(1)
    for decision in decisions:
        _print(decision)


def _switch(policy_id: str, action: str) -> None:
    path = f"/api/v1/policies/{policy_id}"
    with service_client("scheduler", "policy_owner") as client:
        found = client.get(path)
        answer(found)
        policy = answer(client.post(f"{path}/{action}", headers={"If-Match": found.headers["ETag"]}))
    typer.echo(f"{policy['id']}\t{'已启用' if policy['enabled'] else '已停用'}")


def _print(decision: dict[str, Any]) -> None:
    head = f"{decision['event_type']} {decision['event_id']}（{decision['source']}）"
    typer.echo(f"{head}，客户 {decision['customer_id'] or '无'}，发生于 {decision['at']}")
    for sentence in decision["explanation"]:
        typer.echo(f"  {sentence}")


def _yaml_files(folder: Path) -> list[Path]:
    """Reading only what packs are made of keeps big or binary files out of the request."""
    return [path for path in sorted(folder.rglob("*")) if path.suffix in (".yaml", ".yml") and path.is_file()]
