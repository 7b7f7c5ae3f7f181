"""A trial run as tables."""

from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

from services.scheduler.domain.explain.decision import ENDS, SUMMARIES, local_text
from services.scheduler.domain.simulation.trial import CALLS_PER_AGENT, Trial
from services.scheduler.domain.task import NAMES, TaskState

MOST_LATE = 20


def show_trial(trial: Trial) -> None:
    """Outcomes, the days' calls against capacity, and where the plan meets limits."""
    console = Console()
    console.print(f"{trial.facts} 个事实，{len(trial.tasks)} 个回访任务。每名坐席每天 {CALLS_PER_AGENT} 个电话。")
    console.print(_counted("决定", {SUMMARIES[outcome]: count for outcome, count in trial.outcomes.items()}))
    console.print(_counted("任务的结局", {_end(*end): count for end, count in trial.ends.items()}))
    console.print(_loads(trial))
    if trial.merged:
        console.print(_counted("合并为一次联系", trial.merged))
    if trial.capped:
        console.print(
            _counted("达到频次上限", {f"{policy}（{cap}）": count for (policy, cap), count in trial.capped.items()})
        )
    if trial.late:
        console.print(_late(trial))


def _end(state: TaskState, reason: str) -> str:
    return f"{NAMES[state]}：{ENDS.get(reason, reason)}" if reason else NAMES[state]


def _counted(title: str, counts: dict[str, int]) -> Table:
    table = _table(title, "", ">数量")
    for name, count in Counter(counts).most_common():
        table.add_row(name, str(count))
    return table


def _loads(trial: Trial) -> Table:
    table = _table("每日电话与班组能力", "日期", "班组", ">电话", ">能力", ">超出")
    for load in trial.loads:
        over = f"[red]{load.over}[/red]" if load.over else ""
        table.add_row(str(load.day), load.team or "（未写）", str(load.calls), str(load.capacity), over)
    return table


def _late(trial: Trial) -> Table:
    late = trial.late
    table = _table(f"无法在时限内联系：{len(late)} 个", "策略", "事实", "最早联系", "时限")
    for task in late[:MOST_LATE]:
        assert task.deadline_at is not None
        table.add_row(task.policy_id, task.event_id, local_text(task.due_at), local_text(task.deadline_at))
    return table


def _table(title: str, *columns: str) -> Table:
    options: dict[str, Any] = {"title": title, "title_justify": "left", "title_style": "bold"}
    table = Table(**options)
    for column in columns:
        table.add_column(column.lstrip(">"), justify="right" if column.startswith(">") else "left")
    return table
