"""What the user sees while things take their time."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.files import read_json


@dataclass
class Report:
    """Plain lines with the seconds since the start; a line under way is redrawn on a terminal."""

    started: float = field(default_factory=time.monotonic)
    _open: bool = False

    def line(self, text: str) -> None:
        self._close()
        print(f"[{time.monotonic() - self.started:6.1f} s] {text}", flush=True)

    def progress(self, text: str, done: int, total: int) -> None:
        """`done` of `total`: redrawn on a terminal, every quarter a line elsewhere."""
        line = f"{text} {done}/{total}"
        if sys.stdout.isatty():
            print(f"\r[{time.monotonic() - self.started:6.1f} s] {line}", end="", flush=True)
            self._open = True
        elif done in {0, total // 4, total // 2, 3 * total // 4, total}:
            self.line(line)

    def _close(self) -> None:
        if self._open:
            print(flush=True)
            self._open = False


def announce(run: dict[str, Any], people_file: Path) -> None:
    """Where everything is, once it is up; `run` is what `var/run.json` says. It goes to logs, so it holds no secret."""
    print(f"\n  in a browser    {run['front']}/")
    print(f"  sign in as      {', '.join(read_json(people_file) or {})}; passwords in {people_file}")
    print("\n  service         address")
    for name, url in run["services"].items():
        print(f"  {name:<14}  {url}")
    print(f"  {'mail sink':<14}  {run['mail']}\n  {'SMS simulator':<14}  {run['sms']}\n  {'Kafka':<14}  {run['kafka']}")
    for name in ("prometheus", "alertmanager"):
        print(f"  {name:<14}  {run.get(name) or 'not on this machine, or switched off'}")
    print(f"\n  local API keys  of {', '.join(run['keys'])}: huifang key ROLE")
    if clock := run["clock"]:
        print(f"\n  business time is simulated: {clock['spec']}")
    print("\n  all of this is in var/run.json · logs: make logs · stop: make stop (or Ctrl-C)\n", flush=True)


def show_passwords(made: Mapping[str, str]) -> None:
    """The passwords of people made now, to whoever sits before the terminal: what goes elsewhere may be kept as a log."""
    if made and sys.stdout.isatty():
        print("  new people's passwords")
        for login, password in made.items():
            print(f"  {login:<14}  {password}")
        print(flush=True)
