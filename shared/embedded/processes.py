"""Ports, memory, and processes an earlier run left behind."""

import contextlib
import itertools
import os
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

LOOPBACK = "127.0.0.1"
# cgroup v2 (the Linux kernel's manual): absent outside containers, "max" where there is no limit
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
# below what systems give to whoever asks for any port (Linux: from 32768, IANA: from 49152); every process begins elsewhere
_FIRST, _AMOUNT = 10_000, 10_000
_numbers = itertools.count(os.getpid() * 97)


def usable_memory(container_limit: Path = CONTAINER_LIMIT) -> int:
    """Bytes of the machine's memory, or of its container's where that is less."""
    machine = int(psutil.virtual_memory().total)
    try:
        return min(machine, int(container_limit.read_text()))
    except (OSError, ValueError):
        return machine


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on now, and that nobody is likely to take before we do.

    It is none of those that the system gives to whoever asks for any, and this process has not given it away lately.
    """
    ports = (_FIRST + number % _AMOUNT for number in _numbers)
    return next(port for port in ports if not port_is_taken(port))


def port_is_taken(port: int) -> bool:
    """Whether something listens on `port` (a port in TIME_WAIT is free: servers set SO_REUSEADDR)."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


def port_owner(port: int) -> str:
    """Who listens on `port`, for messages: `name (pid)`, or an empty text where the system does not tell."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""


def find(wanted: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    """Live processes for which `wanted` holds; those we may not look at do not count."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and wanted(process):
                found.append(process)
    return found


def stop(processes: Iterable[psutil.Process], grace: float) -> None:
    """Terminate, wait up to `grace` seconds, then kill."""
    alive = list(processes)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    for process in psutil.wait_procs(alive, timeout=grace)[1]:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
