"""The command line `huifang`; a file `deploy/commands/<name>.py` becomes its sub-command: with a typer `app` a group, with a
function `command` a single one.
"""

import importlib
import pkgutil
import sys

import typer

import deploy.commands


def command_groups() -> list[str]:
    """Names of the sub-commands; a module with an underscore in front helps them."""
    modules = (module.name for module in pkgutil.iter_modules(deploy.commands.__path__))
    return [name.replace("_", "-") for name in modules if not name.startswith("_")]


def _app_for(words: list[str]) -> typer.Typer:
    """All commands; of a named group only that one, because loading the platform's libraries takes seconds."""
    groups = command_groups()
    if words and words[0] in groups:
        app, groups = typer.Typer(add_completion=False), [words[0]]
        app.callback()(lambda: None)  # so that a single group keeps its name
    else:
        app = importlib.import_module("deploy.local.cli").app
    for name in groups:
        module = importlib.import_module(f"deploy.commands.{name.replace('-', '_')}")
        if hasattr(module, "command"):
            app.command(name)(module.command)
        else:
            app.add_typer(module.app, name=name)
    return app


def main() -> None:
    _app_for(sys.argv[1:])()


if __name__ == "__main__":
    main()
