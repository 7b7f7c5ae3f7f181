"""What is said in one place: the organisation's days in `shared.zone`, how whole rows are written in `shared.bulk`."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DAY = re.compile(r"astimezone\(ORG_ZONE\)\.date\(\)")
MIDNIGHT = re.compile(r"combine\([\w.]+, (time\(\)|time\.min|datetime\.min\.time\(\)), ORG_ZONE\)\.astimezone\(UTC\)")


WHOLE = re.compile(r"_populate_recordset\(")


def said_in(pattern: re.Pattern[str]) -> set[str]:
    """The product's files in which it stands."""
    files = [path for top in ("services", "shared", "deploy") for path in (ROOT / top).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix() for path in files if pattern.search(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("said", [DAY, MIDNIGHT], ids=["local_day", "midnight"])
def test_the_organisations_day_is_computed_in_one_place(said: re.Pattern[str]) -> None:
    assert said_in(said) == {"shared/zone.py"}


def test_whole_rows_are_written_by_the_names_of_their_columns() -> None:
    """Written without, a column that a later version of the service adds would get NULL instead of its default."""
    assert said_in(WHOLE) == {"shared/bulk.py"}
