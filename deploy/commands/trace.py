"""`huifang trace`: what every service did in a matter, and how long it took, from the spans that the local run has recorded."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.tree import Tree

from deploy.commands._client import every, service_client
from deploy.local.settings import LocalSettings
from shared.observability.tracing import trace_of_lineage

Span = Mapping[str, Any]
NOTHING_TRACED = 3
MATTER, STATEMENT = "huifang.lineage", "db.query.summary"  # attributes that tell such spans
WIDTH = 160
app = typer.Typer(help="追踪：一件事项在各服务中的每一步与用时（本机运行时记录的部分）。")


@app.callback(invoke_without_command=True)
def trace(
    lineage: Annotated[str, typer.Option(help="事项的脉络编号")] = "",
    order: Annotated[str, typer.Option(help="单号：订单、工单、12345 工单、户号、项目号、投诉编号")] = "",
    customer: Annotated[str, typer.Option(help="客户编号")] = "",
    longest: Annotated[bool, typer.Option("--longest", help="不指定事项，显示经过服务最多的一件")] = False,
) -> None:
    """显示追踪的树；没有记录时退出码为 3。机器时间，与业务时间的倍速无关。"""
    if not (lineage or order or customer or longest):
        raise typer.BadParameter("请给出 --lineage、--order、--customer 或 --longest")
    spans = by_trace(read_spans(LocalSettings.from_environment().traces))
    if longest:
        wanted = sorted(spans, key=lambda trace_id: (len(services_of(spans[trace_id])), len(spans[trace_id])))[-1:]
    else:
        lineages = [lineage] if lineage else _lineages(order, customer)
        wanted = [one for one in map(trace_id_of_lineage, lineages) if one in spans]
        if not wanted and lineages:
            typer.echo("没有记录这件事项：可能未被抽中（HUIFANG_TRACE_RATIO），追踪编号为：")
            typer.echo("\n".join(map(trace_id_of_lineage, lineages)))
            raise typer.Exit(NOTHING_TRACED)
    if not wanted:
        typer.echo("没有记录。请核对编号；HUIFANG_TRACE_RATIO 大于 0 时才记录。")
        raise typer.Exit(NOTHING_TRACED)
    for trace_id in wanted:
        Console(highlight=False, width=WIDTH).print(tree_of(trace_id, spans[trace_id]))


def trace_id_of_lineage(lineage: str) -> str:
    return f"{trace_of_lineage(lineage)[0]:032x}"


def read_spans(folder: Path) -> Iterator[Span]:
    """The spans of all files; a last line that is being written is left out."""
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as lines:
            yield from (orjson.loads(line) for line in lines if line.endswith(b"\n"))


def by_trace(spans: Iterator[Span]) -> dict[str, list[Span]]:
    """The spans of each matter's trace, with the statements of the batches in which its events took effect.

    Requests and batches have traces of their own.
    """
    found: dict[str, list[Span]] = defaultdict(list)
    statements: dict[str, list[Span]] = defaultdict(list)  # of a batch, by its span
    for span in spans:
        found[span["context"]["trace_id"].removeprefix("0x")].append(span)
        if STATEMENT in span["attributes"]:
            statements[span["parent_id"]].append(span)
    matters = {id_: each for id_, each in found.items() if any(MATTER in span["attributes"] for span in each)}
    return {id_: [*each, *_statements_of(each, statements)] for id_, each in matters.items()}


def _statements_of(matter: Sequence[Span], statements: Mapping[str, Sequence[Span]]) -> Iterator[Span]:
    for span in matter:
        for link in span["links"]:
            for statement in statements.get(link["context"]["span_id"], ()):
                yield {**statement, "parent_id": span["context"]["span_id"]}


def services_of(spans: Sequence[Span]) -> set[str]:
    return {_service(span) for span in spans}


def tree_of(trace_id: str, spans: Sequence[Span]) -> Tree:
    """Spans below those that they follow from, each with its service, its duration, and when it began after the first."""
    ordered = sorted(spans, key=lambda span: span["start_time"])
    began = _moment(ordered[0]["start_time"])
    services = "、".join(sorted(services_of(spans)))
    steps = sum(STATEMENT not in span["attributes"] for span in spans)
    whole = Tree(f"追踪 {trace_id}：{steps} 步，{services}")
    children: dict[str, list[Span]] = defaultdict(list)
    known = {span["context"]["span_id"] for span in spans}
    for span in ordered:
        parent = span["parent_id"]
        children[parent if parent in known else ""].append(span)
    _grow(whole, children, "", began)
    return whole


def _grow(node: Tree, children: Mapping[str, Sequence[Span]], parent: str, began: datetime) -> None:
    for span in children.get(parent, ()):
        _grow(node.add(_line(span, began)), children, span["context"]["span_id"], began)


def _service(span: Span) -> str:
    return str(span["resource"]["attributes"]["service.name"]).removeprefix("huifang-")


def _line(span: Span, began: datetime) -> str:
    start, end = _moment(span["start_time"]), _moment(span["end_time"])
    name = f"[dim]SQL {span['name']}（整批）[/]" if STATEMENT in span["attributes"] else span["name"]
    return f"[bold]{_service(span)}[/] {name}  {_shown(end - start)}  [dim]+{_shown(start - began)}[/]"


def _shown(length: timedelta) -> str:
    seconds = length.total_seconds()
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _lineages(order: str, customer: str) -> list[str]:
    """The lineages of a document or a customer, as the timeline knows them."""
    asked = {name: value for name, value in (("order", order), ("customer_id", customer)) if value}
    with service_client("analytics", "auditor") as client:
        return list(dict.fromkeys(entry["lineage"] for entry in every(client, "/api/v1/timeline", **asked)))
