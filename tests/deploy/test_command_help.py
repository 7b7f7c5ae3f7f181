"""The help of each family of commands is in one language: Chinese for what people of the deployment use."""

import importlib
import re
from collections.abc import Iterator

import click
import pytest
import typer

from deploy.cli import command_groups

OWNERS = {"pack", "policy", "calendar", "people", "work-rules", "timeline", "explain", "draws"}
OF_TYPER = ("help", "install_completion", "show_completion")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def texts_of(command: click.Command, path: str = "") -> Iterator[tuple[str, str]]:
    """The help of a command, of its arguments and options, and of all below it."""
    yield path, command.help or ""
    yield from ((path, getattr(one, "help", None) or "") for one in command.params if one.name not in OF_TYPER)
    for name, each in getattr(command, "commands", {}).items():
        yield from texts_of(each, f"{path} {name}".strip())


def families() -> dict[str, list[tuple[str, str]]]:
    root = importlib.import_module("deploy.local.cli").app
    found = {"the local platform": list(texts_of(typer.main.get_command(root)))}
    for name in command_groups():
        module = importlib.import_module(f"deploy.commands.{name.replace('-', '_')}")
        app = typer.Typer(add_completion=False)
        if hasattr(module, "command"):
            app.command(name)(module.command)
        else:
            app.add_typer(module.app, name=name)
        found[name] = list(texts_of(typer.main.get_command(app)))
    return found


FAMILIES = families()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_of_commands_speaks_one_language(family: str) -> None:
    said = [(path, text) for path, text in FAMILIES[family] if text]
    assert said
    chinese = [bool(CHINESE.search(text)) for _, text in said]
    few = sum(chinese) * 2 < len(chinese)
    assert [one for one, is_chinese in zip(said, chinese, strict=True) if is_chinese is few] == []
    assert not (family in OWNERS and few), "owners read Chinese"


def test_every_command_of_the_owners_says_what_it_does() -> None:
    assert FAMILIES.keys() >= OWNERS
    silent = {path for family in OWNERS for path, text in FAMILIES[family] if path and not text}
    assert silent == set()
