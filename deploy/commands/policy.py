"""`huifang policy plan | apply | list | diff | enable | disable | retire`, and drafts of packs."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from deploy.commands._client import answer, change, every, service_client
from deploy.commands._policy_changes import show_changes
from deploy.local.pack_folder import read_files

app = typer.Typer(no_args_is_help=True, help="回访策略：比较、发布、草稿、启停、废止。")
CHANGES = 2
PACKS = "/api/v1/packs"
DRAFTS = "/api/v1/drafts"
POLICIES = "/api/v1/policies"
STATES = {"open": "待发布", "published": "已发布", "discarded": "已放弃"}
Folder = Annotated[Path, typer.Argument(help="策略包目录", exists=True, file_okay=False)]
PolicyId = Annotated[str, typer.Argument(help="策略编号")]
DraftId = Annotated[str, typer.Argument(help="草稿编号")]
ValidFrom = Annotated[
    datetime | None, typer.Option("--valid-from", help="从何时的事实起生效，如 2026-12-01；不填为立即")
]


@app.command()
def plan(folder: Folder, valid_from: ValidFrom = None) -> None:
    """发布一个策略包目录会改变什么，不作任何改变；有变化时退出码为 2。"""
    with service_client("scheduler", "policy_owner") as client:
        if show_changes(_planned(client, folder, valid_from)):
            raise typer.Exit(CHANGES)


@app.command()
def apply(
    folder: Folder,
    valid_from: ValidFrom = None,
    yes: Annotated[bool, typer.Option("--yes", help="不询问")] = False,
) -> None:
    """检查一个策略包目录，列出变化，确认后发布其中的策略；有错误则不发布。"""
    from deploy.commands._pack_check import check_folder
    from deploy.commands._pack_files import refuse_mistakes

    refuse_mistakes(check_folder(folder))
    with service_client("scheduler", "policy_owner") as client:
        if not show_changes(_planned(client, folder, valid_from)):
            return
        if not yes:
            typer.confirm("发布？", abort=True)
        answer(client.post(PACKS, json=_body(folder, valid_from)))
    typer.echo("已发布")


@app.command("draft")
def add_draft(folder: Folder, note: Annotated[str, typer.Option(help="说明")] = "") -> None:
    """把一个策略包目录存为草稿。"""
    with service_client("scheduler", "policy_owner") as client:
        added = answer(client.post(DRAFTS, json=_body(folder, None) | {"note": note}))
    typer.echo(f"草稿 {added['id']}")


@app.command("drafts")
def list_drafts() -> None:
    """列出草稿。"""
    with service_client("scheduler", "policy_owner") as client:
        for draft in every(client, DRAFTS):
            typer.echo(
                f"{STATES[draft['state']]}\t{draft['id']}\t{draft['pack']}\t{draft['created_at']}\t{draft['note']}"
            )


@app.command()
def publish(
    draft_id: DraftId,
    valid_from: ValidFrom = None,
    yes: Annotated[bool, typer.Option("--yes", help="不询问")] = False,
) -> None:
    """检查一份草稿，列出变化，确认后发布；有错误则不发布。"""
    from deploy.commands._pack_check import problems_of
    from deploy.commands._pack_files import refuse_mistakes

    with service_client("scheduler", "policy_owner") as client:
        draft = answer(client.get(f"{DRAFTS}/{draft_id}"))
        if draft["plan"]:
            refuse_mistakes(problems_of(draft["files"], draft["pack"]))
            show_changes(draft["plan"])
            if not yes:
                typer.confirm("发布？", abort=True)
        answer(client.post(f"{DRAFTS}/{draft_id}/publish", json=_moment(valid_from)))
    typer.echo("已发布")


@app.command()
def discard(draft_id: DraftId) -> None:
    """放弃一份草稿。"""
    with service_client("scheduler", "policy_owner") as client:
        answer(client.post(f"{DRAFTS}/{draft_id}/discard"))
    typer.echo("已放弃")


@app.command("list")
def list_policies() -> None:
    """列出全部策略。"""
    with service_client("scheduler", "policy_owner") as client:
        for policy in every(client, POLICIES):
            what = f"第 {policy['version']} 版\t{policy['whom']}\t{policy['title']}"
            typer.echo(f"{_state(policy)}\t{policy['id']}\t{what}")


@app.command()
def diff(
    policy_id: PolicyId,
    before: Annotated[int, typer.Option("--from", help="原版本")],
    after: Annotated[int, typer.Option("--to", help="新版本")],
) -> None:
    """逐键比较一条策略的两个版本。"""
    with service_client("scheduler", "policy_owner") as client:
        found = answer(client.get(f"{POLICIES}/{policy_id}/diff", params={"from": before, "to": after}))
    for one in found["differences"]:
        typer.echo(one["text"])
    if not found["differences"]:
        typer.echo("没有不同")


@app.command()
def enable(policy_id: PolicyId) -> None:
    """启用一条策略。"""
    policy = _change(policy_id, "enable")
    typer.echo(f"{policy['id']}\t{'已启用' if policy['enabled'] else '已停用'}")


@app.command()
def disable(policy_id: PolicyId) -> None:
    """停用一条策略；已计划的任务不受影响。"""
    policy = _change(policy_id, "disable")
    typer.echo(f"{policy['id']}\t{'已启用' if policy['enabled'] else '已停用'}")


@app.command()
def retire(
    policy_id: PolicyId,
    reason: Annotated[str, typer.Option(help="理由")],
    at: Annotated[datetime | None, typer.Option(help="从何时的事实起废止；不填为立即")] = None,
) -> None:
    """废止一条策略；已计划的任务不受影响，只有重新发布它的策略包才能恢复。"""
    policy = _change(policy_id, "retire", {"reason": reason} | ({"at": at.isoformat()} if at else {}))
    typer.echo(f"{policy['id']}\t自 {policy['valid_until']} 起废止")


def _planned(client: httpx.Client, folder: Path, valid_from: datetime | None) -> dict[str, Any]:
    planned: dict[str, Any] = answer(client.post(f"{PACKS}/plan", json=_body(folder, valid_from)))
    return planned


def _body(folder: Path, valid_from: datetime | None) -> dict[str, Any]:
    from deploy.commands._pack_files import show_problems
    from shared.declared.section import ContentInvalid

    try:
        files = read_files(folder)
    except ContentInvalid as error:
        show_problems(error.problems)
        raise typer.Exit(1) from error
    return {"name": folder.resolve().name, "files": files} | _moment(valid_from)


def _moment(valid_from: datetime | None) -> dict[str, str]:
    return {"valid_from": valid_from.isoformat()} if valid_from else {}


def _change(policy_id: str, action: str, body: dict[str, str] | None = None) -> dict[str, Any]:
    policy: dict[str, Any] = change("scheduler", "policy_owner", f"{POLICIES}/{policy_id}", f"/{action}", body)
    return policy


def _state(policy: dict[str, Any]) -> str:
    if policy["valid_until"]:
        return "废止"
    return "启用" if policy["enabled"] else "停用"
