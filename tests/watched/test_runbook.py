"""The runbook has a section for every alert, and its commands are those that there are."""

import importlib
import re
import shlex
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import typer

from deploy import cli
from deploy.local.settings import ROOT, SERVICES
from deploy.metrics import whole_catalogue
from tests.watched.test_rules import ALERTS, RUNBOOK

TEXT = RUNBOOK.read_text()
SECTIONS = {found[1]: found[2] for found in re.finditer(r"^### (\w+)\n(.*?)(?=^##|\Z)", TEXT, re.M | re.S)}
COMMANDS = re.findall(r"^\$ (.+)$", TEXT, re.M)
OTHERS = {"df", "du", "openssl", "curl"}  # of the machine


def test_every_alert_has_its_section_and_every_section_an_alert() -> None:
    assert SECTIONS.keys() == ALERTS.keys()


@pytest.mark.parametrize("name", ALERTS)
def test_a_section_says_what_it_means_how_to_look_and_mend_and_when_it_is_over(name: str) -> None:
    section = SECTIONS[name]
    for word in ("**Means**", "**Over**"):
        assert section.count(word) == 1, word
    assert re.search(r"\*\*(Mend|mend)\*\*", section)
    assert re.search(r"^\$ ", section, re.M), "no command to begin with"


@cache
def command_line() -> Any:
    return typer.main.get_command(cli._app_for([]))


@pytest.mark.parametrize("line", sorted(set(COMMANDS)))
def test_a_command_of_the_runbook_exists_with_its_options(line: str) -> None:
    program, *words = shlex.split(line)
    if program == "make":
        assert re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(), re.M)
    elif program == ".venv/bin/huifang":
        _require(words)
    else:
        assert program in OTHERS
        if program == "curl":
            _require_route(words)
        for role in re.findall(r"huifang key (\w+)", line):
            _require(["key", role])


def _require(words: list[str]) -> None:
    """The command is there, with these options and no argument missing; nothing is done."""
    command = command_line()
    while hasattr(command, "commands"):
        name, *words = words
        assert name in command.commands, name
        command = command.commands[name]
    valued = {option for each in command.params if not getattr(each, "is_flag", False) for option in each.opts}
    flags = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} - valued
    given = []
    while words:
        word, *words = words
        if word in valued and word.startswith("-"):
            words = words[1:]
        elif word.startswith("-"):
            assert word in flags, word
        else:
            given.append(word)
    wanted = [each.name for each in command.params if each.param_type_name == "argument" and each.required]
    assert len(given) >= len(wanted), f"{wanted} are asked for"


def _require_route(words: list[str]) -> None:
    """The service that listens there by default has the route, with these parameters."""
    url = urlsplit(next(word for word in words if word.startswith("http")))
    service = SERVICES[(url.port or 0) - 8100]
    paths = importlib.import_module(f"services.{service}.app").create_app().openapi()["paths"]
    method = words[words.index("-X") + 1].lower() if "-X" in words else "get"
    found = [
        path for path in paths if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), url.path) and method in paths[path]
    ]
    assert found, url.path
    known = {each["name"] for each in paths[found[0]][method].get("parameters", ())}
    assert set(dict(parse_qsl(url.query))) <= known


def test_metrics_settings_and_links_that_are_named_exist() -> None:
    catalogue = whole_catalogue()
    series = {name for each in catalogue.values() for name in (each.name, *each.series)}
    assert set(re.findall(r"`(huifang_\w+)", TEXT)) <= series
    for anchor in re.findall(r"\]\(#(\w+)\)", TEXT):
        assert anchor in {name.lower() for name in ALERTS}


def test_alerts_that_are_named_exist() -> None:
    named = set(re.findall(r"(?<![\w/])`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", TEXT))
    assert named - {"OutId"} <= ALERTS.keys()
