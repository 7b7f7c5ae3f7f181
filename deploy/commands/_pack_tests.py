"""Running a pack's own tests and showing what differs."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import typer

from deploy.commands._pack_files import read_sound_pack, show_problems
from deploy.local.pack_folder import read_files
from services.scheduler.domain.packs.scenario_file import read_scenarios
from services.scheduler.domain.simulation.rehearsal import Difference, books_of, rehearse
from services.scheduler.domain.simulation.scenario import Scenario
from shared.declared.section import Problem

HEADINGS = ("", "期望", "实际")
LABELS = {
    "due": "最早联系",
    "deadline": "时限",
    "warn": "到期提醒",
    "provisional": "暂定",
    "channel": "渠道",
    "team": "班组",
    "questionnaire": "问卷",
    "state": "状态",
    "reason": "原因",
    "priority": "优先级",
    "purpose": "用途",
    "round": "轮次",
    "combined": "并入的策略",
    "matters": "事项",
}


def run_tests(folder: Path, only: str, years: Sequence[Path]) -> bool:
    """Whether all of the pack's tests whose clause, name or file holds `only` pass, and there is one."""
    pack = read_sound_pack(folder, years)
    problems: list[Problem] = []
    scenarios = read_scenarios(read_files(folder), {policy.id for policy in pack.policies}, problems)
    if show_problems(problems):
        return False
    chosen = [one for one in scenarios if any(only in text for text in (one.clause, one.name, one.file))]
    books = books_of(pack.policies, pack.kinds)
    failed = sum(_shown(scenario, rehearse(scenario, books)) for scenario in chosen)
    typer.secho(f"{len(chosen)} 个测试，{failed} 个不符合期望。", fg="red" if failed or not chosen else "green")
    return bool(chosen) and not failed


def _shown(scenario: Scenario, differences: list[Difference]) -> bool:
    """Print how a test went; whether it failed."""
    mark, colour = ("✗", "red") if differences else ("✓", "green")
    typer.secho(f"{mark} {scenario.clause or '—'} {scenario.name}", fg=colour)
    for difference in differences:
        typer.echo(f"    {scenario.file}:{difference.line} {difference.message}")
        if difference.rows:
            typer.echo("\n".join(f"      {line}" for line in side_by_side(difference)))
        for sentence in difference.explanation:
            typer.secho(f"      · {sentence}", dim=True)
    return bool(differences)


def side_by_side(difference: Difference) -> list[str]:
    """Expected and got in columns."""
    rows = [HEADINGS, *((LABELS.get(label, label), want or "（无）", got) for label, want, got in difference.rows)]
    widths = [max(_width(row[column]) for row in rows) for column in (0, 1)]
    return [f"{_padded(row[0], widths[0])}  {_padded(row[1], widths[1])}  {row[2]}" for row in rows]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
