"""Who may ask a service for what is declared in one file of each, `access.py`, and nowhere else."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = sorted(path.parent for path in (ROOT / "services").glob("*/app.py"))


def requires_roles(file: Path) -> list[int]:
    """The lines on which a file says which roles a route requires."""
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    return [
        call.lineno
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in ("require", "require_whole_organisation")
    ]


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_roles_are_declared_in_one_file(service: Path) -> None:
    assert requires_roles(service / "access.py")
    elsewhere = [file for file in service.rglob("*.py") if file.name != "access.py"]
    found = {file.relative_to(ROOT).as_posix(): lines for file in elsewhere if (lines := requires_roles(file))}
    assert found == {}
