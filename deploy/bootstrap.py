"""Make `.venv` what `requirements.lock` says. Standard library only: it runs before anything is installed.

python deploy/bootstrap.py        does nothing when the environment already matches
"""

import contextlib
import fcntl
import hashlib
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / ".huifang-lock"
UV = "uv>=0.9,<1"
OLDEST = (3, 11)

_SCRIPT = f"""#!{PYTHON}
from deploy.cli import main

if __name__ == "__main__":  # processes that are started by "spawn" import this file again
    main()
"""


class SetupFailed(Exception):
    """A step of the set-up did not work; the text says what to do."""


def main() -> None:
    if sys.version_info < OLDEST:
        raise SetupFailed(f"Python {'.'.join(map(str, OLDEST))} or newer is needed; this is {sys.version.split()[0]}.")
    with _one_at_a_time():
        _make_match()


def _make_match() -> None:
    wanted = f"{hashlib.sha256(LOCK.read_bytes() + _SCRIPT.encode()).hexdigest()} {ROOT}"
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    started = time.monotonic()
    if not PYTHON.exists():
        _say(f"making an environment of Python {sys.version.split()[0]} in .venv")
        _make_environment()
    _say("installing the locked packages (hashes are checked)")
    _install()
    _link_project()
    STAMP.write_text(wanted)
    _say(f"environment is ready after {time.monotonic() - started:.0f} s")


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    lock_file = ROOT / "var" / "set-up.lock"
    lock_file.parent.mkdir(exist_ok=True)
    with lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            _say("another set-up is under way; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_environment() -> None:
    try:
        venv.create(VENV, with_pip=True)
    except (subprocess.CalledProcessError, OSError) as error:
        raise SetupFailed(
            f"{VENV} could not be made ({error}). On Debian and Ubuntu the package python3-venv is missing; install it, "
            "or name another Python: make HUIFANG_PYTHON=/path/to/python3.12"
        ) from error


def _install() -> None:
    steps = (
        [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV],
        [
            str(PYTHON),
            "-m",
            "uv",
            "pip",
            "sync",
            "--quiet",
            "--compile-bytecode",
            "--require-hashes",
            "--python",
            str(PYTHON),
            str(LOCK),
        ],
    )
    for step in steps:
        if subprocess.run(step, cwd=ROOT, check=False).returncode != 0:
            raise SetupFailed(
                "The packages could not be installed; the reason stands above. The first set-up needs a Python package "
                "index: check the network or the proxy, or set a mirror (PIP_INDEX_URL and UV_INDEX_URL), and run the "
                "same command again."
            )


def _link_project() -> None:
    """What an editable install does, without building anything: the import path and the `huifang` command."""
    for packages in VENV.glob("lib/python*/site-packages"):
        (packages / "huifang.pth").write_text(f"{ROOT}\n")
    script = VENV / "bin" / "huifang"
    script.write_text(_SCRIPT)
    script.chmod(0o755)


def _say(text: str) -> None:
    print(f"set-up: {text}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except SetupFailed as failure:
        sys.exit(f"\n{failure}")
