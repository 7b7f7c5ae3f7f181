"""Which versions this one is compared with."""

import subprocess
from pathlib import Path

import pytest

from tests.upgrade.base import published


def history(folder: Path, *commits: str) -> Path:
    """A repository with a commit per word, tagged with it unless it is empty."""

    def git(*words: str) -> None:
        author = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *author, *words], cwd=folder, check=True, capture_output=True)

    git("init", "-q")
    for tag in commits:
        git("commit", "-q", "--allow-empty", "-m", "a commit")
        if tag:
            git("tag", tag)
    return folder


@pytest.mark.parametrize(
    ("commits", "version"),
    [
        (("v0.1.0", "v0.2.0", ""), "v0.2.0"),
        (("v0.1.0", "v0.2.0", "", ""), "v0.2.0"),
        (("v0.1.0", "v0.2.0"), "v0.1.0"),  # a version is compared with the one before, not with itself
        (("v0.1.0", "nightly", "verified", ""), "v0.1.0"),
        (("", ""), ""),
        (("v0.1.0",), ""),
    ],
)
def test_the_version_published_last_is_the_newest_tag_before(
    commits: tuple[str, ...], version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUIFANG_UPGRADE_FROM", raising=False)
    assert published(history(tmp_path, *commits)) == version


def test_a_version_that_is_named_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUIFANG_UPGRADE_FROM", "v0.1.0")
    assert published(history(tmp_path, "v0.1.0", "v0.2.0", "")) == "v0.1.0"
