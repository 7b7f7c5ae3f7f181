"""The version before this one: HUIFANG_UPGRADE_FROM, else the newest tag `v*`, else the commit before the last."""

import os
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from deploy.local.settings import ROOT


def git(*words: str, root: Path = ROOT) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, check=False)


NO_TAG = "no tag v* leads here (a shallow clone has none): compared with the commit before alone, not with what was published"


def published(root: Path = ROOT) -> str:
    """The version published last before this one: HUIFANG_UPGRADE_FROM, else the newest tag `v*`; "" where there is none."""
    tag = git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", "HEAD~1", root=root).stdout.decode().strip()
    return os.environ.get("HUIFANG_UPGRADE_FROM") or tag


def versions_before() -> tuple[str, ...]:
    """What this version must be able to follow: what was published last, and the commit before."""
    last = published()
    same = git("rev-parse", f"{last}^{{commit}}").stdout == git("rev-parse", "HEAD~1^{commit}").stdout
    return (last,) if last and same else tuple(filter(None, (last, "HEAD~1")))


def base() -> str:
    """The commit of the version before this one."""
    return commit_of(versions_before()[0])


def commit_of(version: str) -> str:
    """The test is skipped where there is no history, as in an unpacked archive."""
    found = git("rev-parse", "--verify", "--quiet", f"{version}^{{commit}}").stdout.decode().strip()
    if not found:
        pytest.skip(f"this checkout has no {version}, with which this version would be compared")
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
