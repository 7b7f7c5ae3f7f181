"""What publishing a pack would change, as lines."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import typer

from services.scheduler.domain.explain.decision import local_text

RESULTS = {
    "created": ("新建", "green"),
    "changed": ("新版本", "yellow"),
    "restored": ("重新启用", "yellow"),
    "withdrawn": ("废止", "red"),
}
KINDS = {"created": "新增", "changed": "有变化", "withdrawn": "不再声明"}


def show_changes(plan: dict[str, Any]) -> int:
    """Print every change; returns how many there are."""
    changed = [policy for policy in plan["policies"] if policy["result"] != "unchanged"]
    kinds = [kind for kind in plan["kinds"] if kind["result"] != "unchanged"]
    typer.echo(f"策略包 {plan['name']}（{plan['title']}）")
    for policy in changed:
        for line, colour in _lines(policy):
            typer.secho(line, fg=colour)
    for kind in kinds:
        typer.echo(f"  事件种类 {kind['event']} {KINDS[kind['result']]}")
    same = len(plan["policies"]) - len(changed)
    typer.echo(f"  {len(changed) + len(kinds)} 处变化，{same} 条策略不变。")
    return len(changed) + len(kinds)


def _lines(policy: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    name, colour = RESULTS[policy["result"]]
    version = f"第 {policy['version']} 版" if policy["result"] != "withdrawn" else ""
    begins = policy["valid_from"]
    when = f"，自 {local_text(datetime.fromisoformat(begins))} 的事实起" if begins else ""
    yield f"  {name}\t{policy['id']}\t{policy['title']}\t{version}{when}", colour
    for difference in policy["differences"]:
        yield f"      {difference['text']}", None
