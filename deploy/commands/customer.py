"""`huifang customer erase`: a customer asked that what is kept of them be deleted (个人信息保护法第四十七条)."""

from typing import Annotated

import typer

from deploy.commands._client import answer, every, running_services, service_client
from shared.web.navigation import SITES

app = typer.Typer(no_args_is_help=True, help="客户：按本人要求删除个人信息。")
GATEWAY = "gateway", "admin"
PATH = "/api/v1/erasures"
PROGRESS = f"{PATH}/progress"
WHAT = """各服务将清理该客户的姓名、号码、地址、生日，客户、坐席与来源系统写下的文字，照片与签名；今后不再联系。不能撤销。
保留：客户编号、单据编号、统计数、拒访与退订记录；未办结的投诉照常办理，但不再有内容。"""
LEFT = """清理之外仍可读到、须另行处理的：
  · Kafka 主题中的历史消息，至保留期满（Helm 部署为 30 天；单机默认不过期，须设置保留期或重建主题）
  · 备份，至其销毁；从备份恢复后，请对备份之后登记的客户再执行一次
  · 未能识别的原始消息（加密，180 天）、审计记录中的客户编号与事由
  · 线路运营商的录音、已回写给来源系统的结果：请通知对方删除
详见 docs/operations.md。"""


@app.command()
def erase(
    customer: Annotated[str, typer.Argument(help="客户编号")],
    yes: Annotated[bool, typer.Option("--yes", help="不再询问")] = False,
) -> None:
    """删除一位客户的个人信息，并说明哪些仍可读到、到何时为止。"""
    typer.echo(WHAT)
    if not yes:
        typer.confirm(f"确认删除客户 {customer} 的个人信息？", abort=True)
    with service_client(*GATEWAY) as client:
        asked = answer(client.post(PATH, json={"customer_id": customer}))
    typer.secho(f"已登记：客户 {asked['customer_id']}，各服务正在清理；进度见 huifang customer erasures。", fg="green")
    typer.echo(LEFT)


@app.command()
def erasures() -> None:
    """列出登记过的删除，新的在前，以及各服务做到哪一步，与页面「个人信息删除」一致。"""
    with service_client(*GATEWAY) as client:
        found = list(every(client, PATH))
    for one in found:
        state = (
            "接入：复查期满"
            if one["done_at"]
            else "接入：已清理，复查晚到的消息"
            if one["erased_at"]
            else "接入：清理中"
        )
        typer.echo(f"{one['customer_id']}\t{state}\t{one['asked_at']}\t{one['asked_by']}")
    if not found:
        typer.echo("没有登记过删除。")
        return
    typer.echo("各服务：")
    for service in running_services():
        typer.echo(f"  {SITES[service].title}\t{_progress_of(service, len(found))}")


def _progress_of(service: str, asked: int) -> str:
    """How far a service is with those that were `asked` for; one that does not answer says so beside it."""
    try:
        with service_client(service, "admin") as client:
            told = answer(client.get(PROGRESS))
    except typer.Exit:
        return "没有答复"
    parts = [f"已清理 {told['erased']} 位，其中 {told['done']} 位复查期满"]
    if waiting := told["heard"] - told["erased"]:
        more = "等" if waiting > len(told["waiting"]) else ""
        parts.append(f"正在清理 {waiting} 位：{'、'.join(told['waiting'])}{more}")
    if (unheard := asked - told["heard"]) > 0:
        parts.append(f"另有 {unheard} 位的要求尚未收到")
    return "；".join(parts)
