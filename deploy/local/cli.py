"""`huifang up | down | status | logs | reset | setup | key`."""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from deploy.local import control
from deploy.local.ports import PortTaken
from deploy.local.report import Report
from deploy.local.runfiles import AlreadyRunning, read_run, supervisor_pid
from deploy.local.settings import LocalSettings
from deploy.local.supervisor import GaveUp
from shared.embedded import EmbeddedServerError

app = typer.Typer(no_args_is_help=True, add_completion=False)

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Detach = Annotated[bool, typer.Option("--detach", help="Come back when the platform is ready; it runs on.")]
Service = Annotated[str, typer.Argument(help="One process; all when empty.")]


@contextmanager
def _errors_in_words() -> Iterator[None]:
    """What a user can act on is told in words, not as a trace."""
    try:
        yield
    except (AlreadyRunning, PortTaken, EmbeddedServerError, GaveUp, control.Refused, ValueError) as error:
        typer.secho(f"\n{error}", fg="red", err=True)
        raise typer.Exit(1) from error


@app.command("up")
def up_command(detach: Detach = False) -> None:
    """Start the platform: PostgreSQL, Kafka, stand-ins and the six services. Ctrl-C stops it."""
    settings, report = LocalSettings.from_environment(), Report()
    with _errors_in_words():
        if detach:
            control.start_detached(settings, report)
        else:
            from deploy.local.lifecycle import up  # most commands need none of what it imports

            asyncio.run(up(settings, report))


@app.command()
def down() -> None:
    """Stop the platform, in order; the data stays."""
    with _errors_in_words():
        if not control.stop(LocalSettings.from_environment(), Report()):
            typer.echo("The platform does not run.")


@app.command()
def status() -> None:
    """Show every process with its state; exit code 0 only when all are ready."""
    settings = LocalSettings.from_environment()
    rows = control.status(settings)
    if not rows:
        typer.echo("The platform does not run. Start it: make run")
        raise typer.Exit(3)
    for name, pid, state, address in rows:
        typer.echo(f"{name:<14} {pid:>8}  {state:<12} {address}")
    if supervisor_pid(settings) is None:
        typer.echo(
            "The supervisor died, so nothing restarts what fails. Clear up: make stop (or make run, which does it)"
        )
        raise typer.Exit(1)
    raise typer.Exit(0 if all(state in {"ready", "running"} for _, _, state, _ in rows) else 1)


@app.command()
def logs(process: Service = "", follow: bool = True) -> None:
    """Show the processes' logs, and what comes."""
    folder = LocalSettings.from_environment().logs
    files = sorted(folder.glob(f"{process or '*'}.log"))
    tail = shutil.which("tail")
    if not files or not tail:
        typer.echo(f"No logs of {process or 'any process'} in {folder}")
        raise typer.Exit(1)
    sys.stdout.flush()
    os.execv(tail, [tail, "-n", "40", *(["-F"] if follow else []), *map(str, files)])  # noqa: S606 - no shell wanted


@app.command()
def reset(yes: Yes = False) -> None:
    """Delete databases, topics, keys and logs. Refused while the platform runs."""
    with _errors_in_words():
        paths = control.what_reset_deletes(LocalSettings.from_environment())
        if not paths:
            typer.echo("There is nothing to delete.")
            return
        typer.echo("This deletes:\n" + "\n".join(f"  {path}" for path in paths))
        if yes or not sys.stdin.isatty() or typer.confirm("Go on?"):
            control.reset(paths)
            typer.echo("Deleted. Downloads are kept; the next run starts from nothing.")


@app.command()
def setup() -> None:
    """Fetch what the first run and the tests need: Kafka's jars, the page assets, a Chromium."""
    from deploy.local.downloads import set_up, set_up_tests

    with _errors_in_words():
        report = Report()
        set_up(LocalSettings.from_environment(), report)
        set_up_tests(report)


@app.command()
def key(role: str) -> None:
    """Print the local API key of a role, for curl."""
    run = read_run(LocalSettings.from_environment())
    if run is None or role not in run["keys"]:
        typer.secho("No such key: the platform does not run, or the role is unknown.", fg="red", err=True)
        raise typer.Exit(1)
    typer.echo(run["keys"][role])
