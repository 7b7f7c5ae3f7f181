"""`huifang explain`: why a customer was, or was not, followed up."""

from typing import Annotated

import typer

from deploy.commands._client import answer, service_client

NOTHING_DECIDED = 3
app = typer.Typer(help="说明：为什么回访或没有回访一位客户的单据。")


@app.callback(invoke_without_command=True)
def explain(
    customer: Annotated[str, typer.Option(help="客户编号，与 --order 合用")] = "",
    order: Annotated[str, typer.Option(help="单号：订单、工单、12345 工单、户号、项目号")] = "",
    event: Annotated[str, typer.Option(help="发送方给出的事件编号")] = "",
    source: Annotated[str, typer.Option(help="来源，编号在多个来源中重复时给出")] = "",
) -> None:
    """逐句说明收到的事实、每条策略的决定与依据、任务此后的全部经过；尚无决定时退出码为 3。"""
    if not event and not (customer and order):
        raise typer.BadParameter("请给出 --customer 与 --order，或 --event")
    query = {"customer_id": customer, "order": order, "event_id": event, "source": source}
    with service_client("scheduler", "auditor") as client:
        answered = answer(client.get("/api/v1/explain", params={name: value for name, value in query.items() if value}))
    typer.secho(answered["answer"], bold=True)
    for part in answered["parts"]:
        typer.echo(part["about"])
        for sentence in part["sentences"]:
            typer.echo(f"  · {sentence}")
    if not answered["found"]:
        raise typer.Exit(NOTHING_DECIDED)
