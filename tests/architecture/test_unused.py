"""No function, class or method that nobody uses: vulture is sure of that only where a whole tree is looked at."""

from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).parents[2]
PARTS = ("services", "shared", "deploy", "bench", "tests")
KINDS = {"function", "class", "method", "property"}
CALLED_BY_DECORATOR = ["@*.*", "@contract*", "@field_validator*", "@model_validator*", "@property", "@cached_property"]
# what libraries call by its name
CALLED_BY_LIBRARIES = {
    "*Row": "rows are what tables have; alembic and the tests of migrations read their metadata",
    "call_binop": "jinja",
    "handle_DATA": "aiosmtpd",
    "nullable_schema": "pydantic",
    "on_partitions_*": "aiokafka",
    "pytest_*": "pytest",
    "send_400_response": "uvicorn",
}


def test_everything_is_used() -> None:
    vulture = Vulture(ignore_names=[*CALLED_BY_LIBRARIES, "test_*"], ignore_decorators=CALLED_BY_DECORATOR)
    vulture.scavenge([str(ROOT / part) for part in PARTS], exclude=["*/node_modules/*", "*/migrations/*"])
    unused = [item for item in vulture.get_unused_code() if item.typ in KINDS]
    ours = [item for item in unused if Path(item.filename).relative_to(ROOT).parts[0] != "tests"]
    assert [f"{item.filename}:{item.first_lineno} {item.name}" for item in ours] == []
