"""Nothing is longer than what one can hold in the head."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_FUNCTION = 400, 50
PRODUCT = ("services", "shared", "deploy")
SUFFIXES = (".py", ".js", ".css", ".html")
NOT_OURS = {"node_modules", "__pycache__"}


def product_files() -> list[Path]:
    found = [path for part in PRODUCT for path in (ROOT / part).rglob("*.*") if path.suffix in SUFFIXES]
    return sorted(path for path in found if NOT_OURS.isdisjoint(path.parts))


def long_functions(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MOST_LINES_OF_A_FUNCTION:
                yield f"{path.relative_to(ROOT)}: {node.name} has {lines} lines"


def test_no_product_file_is_longer_than_400_lines() -> None:
    files = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in product_files()}
    assert len(files) > 500
    assert {path: lines for path, lines in files.items() if lines > MOST_LINES_OF_A_FILE} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    assert [found for path in product_files() if path.suffix == ".py" for found in long_functions(path)] == []
