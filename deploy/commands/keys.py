"""`huifang keys make | list | rotate | expire | revoke`: API keys of machines."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from deploy.commands._client import answer, change, every, service_client
from shared.clock import SystemClock
from shared.zone import ORG_ZONE

app = typer.Typer(no_args_is_help=True, help="访问密钥：签发、查看、轮换、到期、撤销。")
GATEWAY = "gateway", "admin"
ROUTE = "/api/v1/keys"
STATES = {"live": "有效", "ended": "已到期", "revoked": "已撤销"}
KeyId = Annotated[str, typer.Argument(help="密钥编号，见 keys list")]
Days = Annotated[int, typer.Option(help="多少天后到期；0 为不到期", min=0, max=3650)]


@app.command()
def make(
    owner: Annotated[str, typer.Argument(help="使用者：哪个系统用它，如 erp-east")],
    role: Annotated[list[str], typer.Option(help="角色，如 integrator；可写多次")],
    unit: Annotated[list[str] | None, typer.Option(help="限于单位；可写多次，不写则整个组织")] = None,
    days: Days = 365,
    name: Annotated[str, typer.Option(help="说明")] = "",
) -> None:
    """签发一个密钥；密钥只显示这一次。"""
    body = {"owner": owner, "name": name, "roles": role, "units": unit or [], "ends_at": _end(days)}
    with service_client(*GATEWAY) as client:
        _show_issued(answer(client.post(ROUTE, json=body)))


@app.command("list")
def list_keys(
    owner: Annotated[str, typer.Option(help="只看这个使用者的")] = "",
    live: Annotated[bool, typer.Option("--live", help="只看有效的")] = False,
) -> None:
    """列出密钥：编号、使用者、状态、角色、单位、到期、最近使用。"""
    with service_client(*GATEWAY) as client:
        found = list(every(client, ROUTE, owner=owner, live=str(live).lower()))
    for key in found:
        typer.echo(_line(key))
    if not found:
        typer.echo("没有密钥；用 huifang keys make 签发")


@app.command()
def rotate(
    key_id: KeyId,
    grace: Annotated[int, typer.Option(help="旧密钥继续有效的小时数", min=0)] = 24,
    days: Days = 365,
) -> None:
    """签发权限相同的新密钥，旧的过些时候失效。"""
    body = {"grace_hours": grace, "ends_at": _end(days)}
    _show_issued(change(*GATEWAY, f"{ROUTE}/{key_id}", "/rotate", body))
    typer.echo(f"旧密钥最多再用 {grace} 小时")


@app.command()
def expire(key_id: KeyId, days: Days) -> None:
    """设置到期时间。"""
    changed = change(*GATEWAY, f"{ROUTE}/{key_id}", "/expire", {"ends_at": _end(days)})
    typer.echo(f"到期时间：{_moment(changed['ends_at']) or '直到撤销'}")


@app.command()
def revoke(key_id: KeyId, reason: Annotated[str, typer.Option(help="原因，记入审计")] = "") -> None:
    """撤销密钥：几秒内处处失效，不能恢复。"""
    change(*GATEWAY, f"{ROUTE}/{key_id}", "/revoke", {"reason": reason})
    typer.echo("已撤销")


def _end(days: int) -> str | None:
    return (SystemClock().machine() + timedelta(days=days)).isoformat() if days else None


def _show_issued(key: dict[str, Any]) -> None:
    typer.echo(_line(key))
    typer.echo(f"密钥（只显示这一次）：{key['key']}")


def _line(key: dict[str, Any]) -> str:
    state = "即将到期" if key["ends_soon"] else STATES[key["state"]]
    ends = _moment(key["ends_at"]) or "不到期"
    used = _moment(key["used_at"]) or "没有用过"
    units = "、".join(key["units"]) or "整个组织"
    return "\t".join((key["id"], key["owner"], state, "、".join(key["roles"]), units, ends, used, key["name"]))


def _moment(text: str | None) -> str:
    return f"{datetime.fromisoformat(text).astimezone(ORG_ZONE):%Y-%m-%d %H:%M}" if text else ""
