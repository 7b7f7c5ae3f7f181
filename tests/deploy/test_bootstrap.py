"""The `huifang` command is a file that processes started by "spawn" import again: that must not run it once more."""

import re
import runpy
from pathlib import Path

import pytest

from deploy import bootstrap

IMAGE = Path(bootstrap.__file__).with_name("Dockerfile")


def _in_image() -> str:
    found = re.search(r"printf '(#!\S+huifang/venv/bin/python\\n.*?)' >", IMAGE.read_text())
    assert found is not None
    return found.group(1).replace("\\n", "\n")


@pytest.mark.parametrize("script", [bootstrap._SCRIPT, _in_image()], ids=["environment", "image"])
def test_the_command_runs_when_it_is_called_and_not_when_it_is_imported(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []
    monkeypatch.setattr("deploy.cli.main", lambda: runs.append("run"))
    path = tmp_path / "huifang"
    path.write_text(script)
    runpy.run_path(str(path), run_name="__mp_main__")
    assert runs == []
    runpy.run_path(str(path), run_name="__main__")
    assert runs == ["run"]
