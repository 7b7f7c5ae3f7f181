"""What loads JSON Schema does not load the grammar that nobody asks for, and takes nothing else away."""

import subprocess
import sys


def said_by(code: str) -> str:
    """What a process of its own prints, so that it doesn't matter what other tests have loaded."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_the_rules_of_kinds_load_no_grammar() -> None:
    code = "import sys; import services.scheduler.domain.packs.check; print({'rfc3987_syntax', 'lark'} & sys.modules.keys())"
    assert said_by(code) == "set()"


def test_whoever_wants_the_grammar_can_load_it() -> None:
    code = "import shared.json_schema, rfc3987_syntax; print(rfc3987_syntax.is_valid_syntax_iri('https://例/'))"
    assert said_by(code) == "True"


def test_moments_are_still_checked() -> None:
    code = "from shared.json_schema import FormatChecker; print(FormatChecker().conforms('yesterday', 'date-time'))"
    assert said_by(code) == "False"
