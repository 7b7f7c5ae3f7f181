"""The command line `huifang`; a file `deploy/commands/<name>.py` with a typer `app` becomes its sub-command."""

import importlib
import pkgutil

import typer

import deploy.commands
from deploy.local.cli import app


def _add_commands(app: typer.Typer) -> None:
    for module in pkgutil.iter_modules(deploy.commands.__path__):
        if module.name.startswith("_"):
            continue  # a helper of the commands
        name = module.name.replace("_", "-")
        app.add_typer(importlib.import_module(f"deploy.commands.{module.name}").app, name=name)


def main() -> None:
    _add_commands(app)
    app()


if __name__ == "__main__":
    main()
