"""The result for people and for programs."""

from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.reconcile.recount import Result


def as_json(result: Result) -> dict[str, Any]:
    return {
        "agrees": result.agrees,
        "funnel": [vars(stage) for stage in result.stages],
        "checks": [
            {"title": c.title, "agrees": c.agrees, "counted": dict(c.counted), "mismatches": list(c.mismatches)}
            for c in result.checks
        ],
    }


def show(result: Result, console: Console) -> None:
    """The funnel, every check, and every mismatch by name."""
    funnel = Table("环节", "主题", "数据库", title="回访漏斗")
    for stage in result.stages:
        funnel.add_row(stage.title, _number(stage.topics), _number(stage.databases))
    console.print(funnel)
    checks = Table("检查", "数量", "结果", title="对账")
    for check in result.checks:
        counted = "\n".join(f"{name} {n}" for name, n in check.counted)
        checks.add_row(check.title, counted, "[green]一致[/]" if check.agrees else "[red]不符[/]", end_section=True)
    console.print(checks)
    for check in result.checks:
        for mismatch in check.mismatches:
            console.print(f"[red]✗[/] {check.title}：{mismatch}", highlight=False, soft_wrap=True)
    wrong = sum(not check.agrees for check in result.checks)
    console.print(f"[red]{wrong} 项检查不符[/]" if wrong else "[green]全部一致[/]")


def _number(count: int | None) -> str:
    return "" if count is None else f"{count:,}"
