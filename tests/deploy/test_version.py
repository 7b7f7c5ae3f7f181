"""One version: of the project, the chart with its images, the hook that CONTRIBUTING names, and the newest of the changelog."""

import re
import tomllib

import yaml

from deploy.local.settings import ROOT

VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_the_newest_version_of_the_changelog_is_the_projects() -> None:
    versions = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert versions[0] == VERSION
    assert versions == sorted(versions, key=lambda version: tuple(map(int, version.split("."))), reverse=True)


def test_the_chart_has_the_projects_version() -> None:
    chart = yaml.safe_load((ROOT / "deploy" / "helm" / "huifang" / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)


def test_contributors_are_shown_the_hook_of_this_version() -> None:
    assert re.findall(r"rev: v(\S+)", (ROOT / "CONTRIBUTING.md").read_text()) == [VERSION]
