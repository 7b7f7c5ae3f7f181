"""What backup and restore show while they work, and how they tell what went wrong."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import asyncpg
import typer
from rich.console import Console

from deploy.backup.installation import InstallationUnknown
from deploy.backup.manifest import BackupUnusable
from deploy.backup.moment import NoMoment
from deploy.local.control import Refused
from deploy.local.runfiles import AlreadyRunning
from deploy.local.supervisor import GaveUp
from shared.messaging.broker import BrokerUnavailable

EVERY_SECONDS = 10.0
FOR_OPERATORS = (
    *(BackupUnusable, NoMoment, InstallationUnknown, Refused, GaveUp, AlreadyRunning, BrokerUnavailable),
    *(OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError),
)


@contextmanager
def telling() -> Iterator[None]:
    """What an operator can act on is told in words; exit code 1."""
    try:
        yield
    except FOR_OPERATORS as error:
        typer.secho(str(error) or type(error).__name__, fg="red", err=True)
        raise typer.Exit(1) from error


class Progress:
    """One line that is redrawn on a terminal, and a new one every ten seconds elsewhere: what, and how much so far."""

    def __init__(self, what: str, unit: str = "MiB") -> None:
        self.what = what
        self.unit = unit
        self._console = Console(stderr=True)
        self._status = self._console.status(what)
        self._done: Counter[str] = Counter()
        self._told = time.monotonic()

    def __enter__(self) -> "Progress":
        self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._status.stop()

    def moved(self, name: str, size: int) -> None:
        """So many more bytes of this."""
        self._done[name] += size
        self._tell(name, f"{sum(self._done.values()) / 2**20:,.0f}")

    def reached(self, name: str, number: int) -> None:
        """So many of this so far."""
        self._done[name] = number
        self._tell(name, f"{sum(self._done.values()):,}")

    def _tell(self, name: str, amount: str) -> None:
        text = f"{self.what} {name} · 共 {amount} {self.unit}"
        if self._console.is_terminal:
            self._status.update(text)
        elif time.monotonic() - self._told > EVERY_SECONDS:
            self._told = time.monotonic()
            self._console.print(text, highlight=False)
