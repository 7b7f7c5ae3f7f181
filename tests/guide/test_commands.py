"""Every `huifang …` command that a document names exists, with its options."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from deploy.cli import _app_for
from tests.guide.blocks import DOCS, pages

ROOT = DOCS.parent
PAGES = [*pages(), *sorted(ROOT.glob("README*.md")), ROOT / "deploy" / "README.md"]
_LINE = re.compile(r"(?:^\$ |`)(?:\.venv/bin/)?huifang ([a-z-][^`\n]*)", re.MULTILINE)


def _named() -> Iterator[Any]:
    """(page, line, command) of each; a line of a terminal is read up to its comment or pipe."""
    for page in PAGES:
        text = page.read_text("utf-8")
        for match in _LINE.finditer(text):
            said = re.split(r"\s#|\s[|>&;]|\)", match[1])[0].strip()
            line = text.count("\n", 0, match.start()) + 1
            yield pytest.param(said, id=f"{page.relative_to(ROOT)}:{line}")


COMMANDS = list(_named())


@pytest.fixture(scope="module")
def huifang() -> Any:
    return typer.main.get_command(_app_for([]))


def unknown(command: Any, words: list[str]) -> str:
    """What of the words the command line does not know; empty = nothing."""
    while words and getattr(command, "commands", None):
        if words[0].startswith("-") or words[0].isupper():  # an option, or what stands for a word, as in `rebuild WHAT`
            break
        if words[0] not in command.commands:
            return words[0]
        command, words = command.commands[words[0]], words[1:]
    options = {one for param in command.params for one in (*param.opts, *param.secondary_opts)} | {"--help"}
    given = [word.partition("=")[0] for word in words if word.startswith("-") and word != "-"]
    return next((one for one in given if one not in options), "")


@pytest.mark.parametrize("said", COMMANDS)
def test_a_command_that_a_document_names_exists_with_its_options(said: str, huifang: Any) -> None:
    assert unknown(huifang, shlex.split(said)) == ""


def test_commands_are_found_and_a_wrong_one_is_told(huifang: Any) -> None:
    assert len(COMMANDS) > 30
    assert unknown(huifang, ["pack", "try", "DIR"]) == "try"
    assert unknown(huifang, ["pack", "test", "DIR", "--yaer", "x"]) == "--yaer"
    assert unknown(huifang, ["rebuild", "WHAT"]) == ""
