"""What the demo prints at its end is there to be copied."""

import json
from datetime import date
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rich.console import Console

from deploy.demo.people import people, show_sign_in
from deploy.demo.report import show_places


def test_no_command_is_broken_over_two_lines_however_narrow_the_terminal() -> None:
    printed = StringIO()
    console = Console(file=printed, width=40)
    front = "http://127.0.0.1:8109"
    platform: Any = SimpleNamespace(run={"front": front, "sms": "http://127.0.0.1:8110", "mail": "http://x:8111"})
    script: Any = SimpleNamespace(first=date(2026, 3, 1), end=date(2026, 4, 1))
    show_places(console, platform, script)
    lines = printed.getvalue().splitlines()
    assert len(lines) == 6
    for command in (
        "huifang explain --event <事件编号>",
        "huifang draws verify <编号>",
        "make reset",
    ):
        assert any(command in line for line in lines)
    assert any(f"{front}/ " in line for line in lines)
    assert any(f"{front}/analytics/kpi?from=2026-03-01&to=2026-04-01" in line for line in lines)


def test_the_demo_says_where_and_as_whom_to_sign_in(tmp_path: Path) -> None:
    printed, file = StringIO(), tmp_path / "people.json"
    made = {person.login: f"password of {person.login}" for person in people()} | {"admin": "of the administrator"}
    file.write_text(json.dumps(made))
    show_sign_in(Console(file=printed, width=40), "http://127.0.0.1:8109", file, 15)
    said = printed.getvalue()
    assert "打开 http://127.0.0.1:8109/ 登录（今天有 15 张待回访的单" in said
    for login in ("agent-01", "supervisor-east", "owner-east", "admin"):
        assert made[login] in said
