"""What loads JSON Schema does not load the formats that nobody asks for."""

import subprocess
import sys

from shared.json_schema import FORMATS

LOADED = "import sys; import services.scheduler.domain.packs.check; print(sorted({!r} & sys.modules.keys()))"


def test_the_rules_of_kinds_load_no_grammar_of_formats() -> None:
    code = LOADED.format({*FORMATS, "lark", "arrow"})
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_whoever_wants_these_formats_can_load_them() -> None:
    code = "import shared.json_schema, jsonpointer; print(jsonpointer.resolve_pointer({'a': 1}, '/a'))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "1"
