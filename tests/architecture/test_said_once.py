"""Facts of the field are said in one place: the organisation's days in `shared.zone`."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAID_IN = "shared/zone.py"
DAY = re.compile(r"astimezone\(ORG_ZONE\)\.date\(\)")
MIDNIGHT = re.compile(r"combine\([\w.]+, (time\(\)|time\.min|datetime\.min\.time\(\)), ORG_ZONE\)\.astimezone\(UTC\)")


@pytest.mark.parametrize("said", [DAY, MIDNIGHT], ids=["local_day", "midnight"])
def test_the_organisations_day_is_computed_in_one_place(said: re.Pattern[str]) -> None:
    files = [path for top in ("services", "shared", "deploy") for path in (ROOT / top).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in files if said.search(path.read_text(encoding="utf-8"))}
    assert found == {SAID_IN}
