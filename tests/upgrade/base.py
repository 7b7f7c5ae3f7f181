"""The version before this one: HUIFANG_UPGRADE_FROM, else the last tag, else the commit before the last."""

import os
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from deploy.local.settings import ROOT


def git(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)


def base() -> str:
    """Its commit; the test is skipped where there is no history, as in an unpacked archive."""
    tag = git("describe", "--tags", "--abbrev=0", "HEAD~1").stdout.decode().strip()
    wanted = os.environ.get("HUIFANG_UPGRADE_FROM") or tag or "HEAD~1"
    found = git("rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}").stdout.decode().strip()
    if not found:
        pytest.skip(f"this checkout has no {wanted}, with which this version would be compared")
    return found


def files(commit: str, folder: str) -> dict[str, bytes]:
    """The files below a folder as they were then, by their path in it."""
    archive = git("archive", "--format=tar", commit, folder).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        members = [member for member in tar.getmembers() if member.isfile()]
        return {str(Path(m.name).relative_to(folder)): tar.extractfile(m).read() for m in members}  # type: ignore[union-attr]


def unpack(commit: str, folder: Path) -> None:
    """The whole tree as it was then."""
    with tarfile.open(fileobj=BytesIO(git("archive", "--format=tar", commit).stdout)) as tar:
        tar.extractall(folder, filter="data")
