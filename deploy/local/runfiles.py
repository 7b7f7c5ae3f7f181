"""What a run leaves for others to find: who supervises, which processes live, `var/run.json`."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from typing import Any

import psutil

from deploy.local.files import close_to_others, make_private, read_json, write_json
from deploy.local.settings import LocalSettings
from shared.embedded.processes import stop

# what processes of this user write to below `var/`; PostgreSQL, which may run as another, closes its own
OWN_FOLDERS = ("alertmanager", "files", "kafka", "log", "mail", "prometheus", "sms", "traces")


class AlreadyRunning(RuntimeError):
    """Another supervisor runs this platform."""


@contextlib.contextmanager
def supervising(settings: LocalSettings) -> Iterator[None]:
    """Hold the platform's lock, which the system frees however this process ends. Raises AlreadyRunning."""
    make_private(settings.var)
    for name in OWN_FOLDERS:
        close_to_others(settings.var / name)
    with (settings.var / "supervisor.lock").open("a+") as lock:
        os.fchmod(lock.fileno(), 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise AlreadyRunning(
                f"The platform already runs (supervisor pid {lock.read().strip()}). "
                "See how it does: make status. Stop it: make stop."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def supervisor_pid(settings: LocalSettings) -> int | None:
    """Who supervises this platform now, None when nobody does."""
    path = settings.var / "supervisor.lock"
    if not path.exists():
        return None
    with path.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return int(lock.read() or 0) or None
    return None


def note_pid(settings: LocalSettings, name: str, pid: int) -> None:
    """Remember a started process, with its birth: a pid alone may be somebody else's later."""
    with contextlib.suppress(psutil.NoSuchProcess):
        noted = read_json(_pids(settings)) or {}
        noted[name] = {"pid": pid, "born": psutil.Process(pid).create_time()}
        write_json(_pids(settings), noted)
    if run := read_json(settings.run_file):
        run["pids"][name] = pid
        write_json(settings.run_file, run)


def living(settings: LocalSettings) -> dict[str, psutil.Process]:
    """The noted processes that still live."""
    found = {}
    for name, noted in (read_json(_pids(settings)) or {}).items():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(noted["pid"])
            if process.create_time() == noted["born"] and process.status() != psutil.STATUS_ZOMBIE:
                found[name] = process
    return found


def stop_leftovers(settings: LocalSettings) -> list[str]:
    """End what a supervisor that died left running, the servers last; gives the names."""
    left = living(settings)
    servers = [left[name] for name in ("kafka", "postgres") if name in left]
    stop([process for name, process in left.items() if name not in {"kafka", "postgres"}], grace=15)
    for server in servers:
        stop([server], grace=15)
    forget(settings)
    return list(left)


def forget(settings: LocalSettings) -> None:
    for path in (_pids(settings), settings.run_file):
        path.unlink(missing_ok=True)


def read_run(settings: LocalSettings) -> dict[str, Any] | None:
    """`var/run.json`; None while the platform is not up."""
    run: dict[str, Any] | None = read_json(settings.run_file)
    return run


def _pids(settings: LocalSettings) -> Any:
    return settings.var / "pids.json"
