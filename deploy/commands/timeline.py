"""`huifang timeline`: everything that happened about a customer or a matter in all services."""

from datetime import datetime
from typing import Annotated

import typer

from deploy.commands._client import every, service_client
from shared.zone import ORG_ZONE

NOTHING_HAPPENED = 3
app = typer.Typer(help="时间线：一位客户或一件事项在各服务中发生的全部事。")


@app.callback(invoke_without_command=True)
def timeline(
    customer: Annotated[str, typer.Option(help="客户编号")] = "",
    lineage: Annotated[str, typer.Option(help="事项的脉络编号")] = "",
    order: Annotated[str, typer.Option(help="单号：订单、工单、12345 工单、户号、项目号、投诉编号")] = "",
) -> None:
    """逐条列出经过，先发生的在前；没有找到时退出码为 3。给出多项时须同时符合。"""
    asked = {"customer_id": customer, "lineage": lineage, "order": order}
    if not any(asked.values()):
        raise typer.BadParameter("请给出 --customer、--lineage 或 --order")
    count, day = 0, ""
    with service_client("analytics", "auditor") as client:
        for entry in every(client, "/api/v1/timeline", **{name: value for name, value in asked.items() if value}):
            at = datetime.fromisoformat(entry["at"]).astimezone(ORG_ZONE)
            if day != (day := f"{at:%Y-%m-%d}"):
                typer.secho(day, bold=True)
            whose = "" if customer else f"（客户 {entry['customer']}）"
            typer.echo(f"  {at:%H:%M:%S}  {entry['sentence']}{whose}")
            count += 1
    if not count:
        typer.echo("没有找到：请核对编号；早于启用时间线的事查不到。")
        raise typer.Exit(NOTHING_HAPPENED)
