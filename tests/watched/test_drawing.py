"""What of a dashboard can be told without a Grafana: its types read it, panels lie beside each other, legends have values."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.common import AxisPlacement

from deploy.dashboards import FOLDER
from deploy.metrics import whole_catalogue
from tests.deploy.outside import SECONDS, module
from tests.watched.expressions import Known
from tests.watched.test_dashboards import BOARDS, each_board, each_panel, filled

HERE = Path(__file__).parent / "grafana"
SDK = "github.com/grafana/grafana-foundation-sdk/go@v0.0.22"
COLUMNS = 24
Board = dict[str, Any]
UNITS = {value for name, value in vars(units).items() if not name.startswith("_") and isinstance(value, str)}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], list[str]]:
    """What Grafana's types, a version newer than those that made the files, refuse of a file."""
    module(SDK)
    program = tmp_path_factory.mktemp("grafana") / "strict"
    build = [shutil.which("go") or "go", "build", "-o", str(program), "."]
    subprocess.run(build, cwd=HERE, env=os.environ | {"GOWORK": "off"}, check=True, timeout=SECONDS)

    def read(path: Path) -> list[str]:
        done = subprocess.run([program, path], capture_output=True, text=True, check=True, timeout=SECONDS)
        return done.stdout.splitlines()

    return read


@each_board
def test_grafanas_own_types_read_it_strictly(name: str, refused: Callable[[Path], list[str]]) -> None:
    assert refused(FOLDER / f"{name}.json") == []


def _on(what: str, **fields: Any) -> Callable[[Board], None]:
    def spoil(board: Board) -> None:
        panel = board["panels"][1]
        found = {
            "board": board,
            "panel": panel,
            "options": panel["options"],
            "query": panel["targets"][0],
            "grid": panel["gridPos"],
            "variable": board["templating"]["list"][0],
        }
        found[what].update(fields)

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        _on("board", refreshes="30s"),
        _on("panel", legend=True),
        _on("options", colour="red"),
        _on("query", expression="up"),
        _on("query", expr=1),
        _on("grid", w="8"),
        _on("variable", refresh="always"),
    ],
)
def test_what_a_grafana_does_not_know_is_refused(
    spoil: Callable[[Board], None], refused: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    board = json.loads((FOLDER / "huifang-cases.json").read_text())
    spoil(board)
    (tmp_path / "board.json").write_text(json.dumps(board))
    assert refused(tmp_path / "board.json")


@each_board
def test_panels_lie_within_the_grid_beside_each_other(name: str) -> None:
    places = [panel["gridPos"] for panel in BOARDS[name]["panels"]]
    for place in places:
        assert place["x"] >= 0
        assert place["w"] >= 4
        assert place["h"] >= 1
        assert place["x"] + place["w"] <= COLUMNS
    for one, other in combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)


@each_board
def test_no_row_is_empty_and_none_lies_below_a_hole(name: str) -> None:
    """A grid line is filled from the left, and the next begins right below: else a picture has holes."""
    filled_to = 0
    for panel in BOARDS[name]["panels"]:
        place = panel["gridPos"]
        assert place["y"] <= filled_to
        filled_to = max(filled_to, place["y"] + place["h"])
    kinds = [panel["type"] for panel in BOARDS[name]["panels"]]
    assert set(kinds) <= {"row", "bargauge", "stat", "timeseries"}  # those that `grafana/main.go` knows
    assert kinds[0] == "row"
    assert all(pair != ("row", "row") for pair in zip(kinds, [*kinds[1:], "row"], strict=True))


@each_board
def test_every_panel_has_a_number_of_its_own(name: str) -> None:
    """Links to one panel go by it; Grafana would number them anew at every start."""
    numbers = [panel.get("id") for panel in BOARDS[name]["panels"]]
    assert all(numbers)
    assert len(set(numbers)) == len(numbers)


@each_panel
def test_every_query_has_a_letter_of_its_own_and_names_its_source(name: str, panel: dict[str, Any]) -> None:
    letters = [target["refId"] for target in panel["targets"]]
    assert len(set(letters)) == len(letters) > 0
    assert all(target.get("datasource") == panel["datasource"] for target in panel["targets"])


@each_panel
def test_a_legend_names_labels_that_its_query_has(name: str, panel: dict[str, Any]) -> None:
    """Else Grafana shows an empty place for it."""
    known = Known(whole_catalogue())
    for target in panel["targets"]:
        assert set(re.findall(r"{{\s*(\w+)\s*}}", target["legendFormat"])) <= known.check(filled(target["expr"]))


@each_panel
def test_units_and_sides_are_those_that_grafana_has(name: str, panel: dict[str, Any]) -> None:
    settings = panel["fieldConfig"]
    named = {settings["defaults"].get("unit", "short")}
    for override in settings.get("overrides", ()):
        for each in override["properties"]:
            if each["id"] == "unit":
                named.add(each["value"])
            else:
                assert each["id"] == "custom.axisPlacement"
                assert each["value"] in {side.value for side in AxisPlacement}
    assert named <= UNITS


@each_board
def test_links_open_the_other_dashboards(name: str) -> None:
    (others,) = BOARDS[name]["links"]
    tagged = {each for each, board in BOARDS.items() if set(others["tags"]) <= set(board["tags"])}
    assert tagged == BOARDS.keys()
