"""Commands on a platform that another process supervises: start detached, stop, status, logs, reset."""

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

from deploy.local.files import read_json
from deploy.local.report import Report, show_passwords
from deploy.local.runfiles import living, read_run, stop_leftovers, supervisor_pid
from deploy.local.settings import ROOT, SERVICES, WATCHERS, LocalSettings

STOP_SECONDS = 90
START_SECONDS = 600


class Refused(RuntimeError):
    """A command that would do harm, or cannot do anything, now."""


def start_detached(settings: LocalSettings, report: Report) -> None:
    """Start the supervisor in the background and show its lines until the platform is ready. Raises Refused."""
    settings.logs.mkdir(parents=True, exist_ok=True)
    output = settings.logs / "supervisor.log"
    output.unlink(missing_ok=True)
    output.touch(mode=0o600)
    known = read_json(settings.people_file) or {}
    with output.open("wb") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "up"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    with output.open() as lines:
        deadline = time.monotonic() + START_SECONDS
        while supervisor.poll() is None and time.monotonic() < deadline:
            sys.stdout.write(lines.read())
            sys.stdout.flush()
            if (run := read_run(settings)) and run["pids"].get("supervisor") == supervisor.pid:
                sys.stdout.write(lines.read())
                people: dict[str, str] = read_json(settings.people_file) or {}
                show_passwords({login: password for login, password in people.items() if login not in known})
                return
            time.sleep(0.1)
        sys.stdout.write(lines.read())
    raise Refused(f"The platform did not come up; all of its output: {output}")


def stop(settings: LocalSettings, report: Report) -> bool:
    """Stop what runs, in order; False when nothing did. Raises Refused when it does not end."""
    pid = supervisor_pid(settings)
    if pid is None:
        left = stop_leftovers(settings)
        if left:
            report.line(f"an interrupted run had left {', '.join(left)}: stopped")
        return bool(left)
    report.line(f"stopping the platform (supervisor pid {pid}): services, then Kafka, then PostgreSQL")
    supervisor = psutil.Process(pid)
    supervisor.terminate()
    if psutil.wait_procs([supervisor], timeout=STOP_SECONDS)[1] and supervisor.status() != psutil.STATUS_ZOMBIE:
        raise Refused(f"The supervisor (pid {pid}) did not end within {STOP_SECONDS} s; see {settings.logs}")
    report.line("stopped; the data stays for the next run")
    return True


def status(settings: LocalSettings) -> list[tuple[str, str, str, str]]:
    """(process, pid, state, address) of everything that should run; empty when nothing does."""
    alive = living(settings)
    if not alive:
        return []
    run = read_run(settings) or {}
    rows = []
    for name in [*(n for n in alive if n not in SERVICES), *SERVICES]:
        process = alive.get(name)
        address = _address(settings, run, name)
        state = "not running" if process is None else _readiness(address) if name in SERVICES else "running"
        rows.append((name, str(process.pid) if process else "-", state, address))
    return rows


def _address(settings: LocalSettings, run: dict[str, Any], name: str) -> str:
    if name in SERVICES:
        return settings.url(name)
    if name == "front":
        return f"{settings.front_url}/"
    known = {"kafka": run.get("kafka", ""), "standins": f"{run.get('mail', '')} {run.get('sms', '')}"}
    return str(known.get(name, f"127.0.0.1:{settings.ports[name]}" if name in settings.ports else ""))


def _readiness(address: str) -> str:
    try:
        code = httpx.get(f"{address}/readyz", timeout=5).status_code
    except httpx.HTTPError:
        return "not answering"
    return "ready" if code == httpx.codes.OK else f"not ready ({code}): {address}/readyz"


def what_reset_deletes(settings: LocalSettings) -> list[Path]:
    """Databases, topics, files, keys, clock, logs and traces; not the downloads. Raises Refused while the platform runs."""
    if supervisor_pid(settings) is not None or living(settings):
        raise Refused("The platform runs. Stop it first: make stop")
    names = ["postgres", "kafka/data", "mail", "sms", "log", "traces", *WATCHERS, "run.json", "pids.json", "clock.json"]
    names += ["secrets.json", "keys.json", "jwt.secret", "data.key", "sms-callback.token", "front-door.key", "caddy"]
    names += ["people.json", "files"]
    return [path for path in (settings.var / name for name in names) if path.exists()]


def reset(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
