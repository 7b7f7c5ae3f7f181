"""Dashboards: the files are those of the code, and every panel asks for what there is and says how it is computed."""

import importlib
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import promql_parser as promql
import pytest
import yaml

from deploy.dashboards import FOLDER, files
from deploy.dashboards.parts import ZONE
from deploy.local.settings import SERVICES
from deploy.metrics import whole_catalogue
from shared.web.navigation import PAGES
from tests.watched.expressions import Known, names_in, rules

BOARDS: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
# metrics of the catalogue that no panel shows → why
NOT_SHOWN = {
    "python_info": "the image decides which Python runs; the panel 版本 tells the image",
    "python_gc_objects_collected_total": "the number of collections tells whether it works too much",
    "python_gc_objects_uncollectable_total": "the number of collections tells whether it works too much",
}
TITLES = {"业务总览", "回访作业", "投诉闭环", "通知", "平台", "单个服务"}


def panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in board["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels", ())
        else:
            yield panel


def expressions(board: dict[str, Any]) -> list[str]:
    """All that a dashboard asks Prometheus, its variables replaced by what they may be."""
    asked = [target["expr"] for panel in panels(board) for target in panel["targets"]]
    asked += [each["expr"] for each in board["annotations"]["list"]]
    return [filled(expression) for expression in asked]


def filled(expression: str) -> str:
    expression = re.sub(r'=~"\$\w+"', '=~".*"', expression)
    return re.sub(r'="\$service"', '="scheduler"', expression)


ALL = [(name, panel) for name, board in BOARDS.items() for panel in panels(board)]
each_board = pytest.mark.parametrize("name", BOARDS)
each_panel = pytest.mark.parametrize(("name", "panel"), ALL, ids=[f"{name}: {panel['title']}" for name, panel in ALL])


@pytest.fixture(scope="module")
def known() -> Known:
    return Known(whole_catalogue())


def test_the_files_are_what_the_code_says() -> None:
    """Else: `python -m deploy.dashboards`."""
    assert {path.name: path.read_text() for path in FOLDER.glob("*.json")} == files()


def test_there_are_six() -> None:
    assert {board["title"] for board in BOARDS.values()} == TITLES
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS) == 6


@each_board
def test_it_is_in_the_organisations_zone_and_of_the_provisioned_source(name: str) -> None:
    (source,) = yaml.safe_load((FOLDER.parent / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    board = BOARDS[name]
    assert board["timezone"] == ZONE == "Asia/Shanghai"
    for panel in panels(board):
        assert panel["datasource"] == {"type": source["type"], "uid": source["uid"]}


@each_board
def test_its_variables_are_used_defined_and_filled_from_what_is_exported(name: str, known: Known) -> None:
    board = BOARDS[name]
    defined = {variable["name"]: variable for variable in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([board["panels"], board["annotations"]])))
    assert used == defined.keys()
    for variable in defined.values():
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]).groups()
            assert label in known.check(metric)


@each_panel
def test_a_panel_asks_only_for_what_is_exported(name: str, panel: dict[str, Any], known: Known) -> None:
    for target in panel["targets"]:
        known.check(filled(target["expr"]))


@cache
def shown() -> set[str]:
    """The series that panels ask for, by themselves or through a recording rule."""
    recorded = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}
    found, waiting = set[str](), [target["expr"] for _, panel in ALL for target in panel["targets"]]
    while waiting:
        names = set(names_in(filled(waiting.pop()))) - found
        found |= names
        waiting += [recorded[name] for name in names & recorded.keys()]
    return found


def test_every_metric_is_on_a_panel_or_it_is_said_why_not() -> None:
    """What nobody sees need not be measured."""
    unseen = {each.name for each in whole_catalogue().values() if not each.series & shown()}
    assert unseen == NOT_SHOWN.keys()


@each_panel
def test_a_panel_tells_its_formula_in_chinese(name: str, panel: dict[str, Any]) -> None:
    assert re.search("[一-鿿]", panel["title"]) or panel["title"] in ("Kafka", "CPU")
    assert re.match("公式：.*[一-鿿]{2}", panel["description"])
    assert all(target["legendFormat"] for target in panel["targets"])


def quotients(node: Any) -> bool:
    """Whether an amount is divided by another amount somewhere in it."""
    if isinstance(node, promql.BinaryExpr):
        if str(node.op) == "/" and all(set(names_in(str(side.prettify()))) for side in (node.lhs, node.rhs)):
            return True
        return quotients(node.lhs) or quotients(node.rhs)
    inner = getattr(node, "expr", None)
    return (inner is not None and quotients(inner)) or any(quotients(each) for each in getattr(node, "args", ()))


@each_panel
def test_a_ratio_shows_what_it_was_computed_from(name: str, panel: dict[str, Any]) -> None:
    if any(quotients(promql.parse(filled(target["expr"]))) for target in panel["targets"]):
        legends = " ".join(target["legendFormat"] for target in panel["targets"])
        assert "分子" in legends
        assert "分母" in legends


@cache
def routes(service: str) -> dict[str, Any]:
    paths: dict[str, Any] = importlib.import_module(f"services.{service}.app").create_app().openapi()["paths"]
    return paths


@each_panel
def test_links_lead_to_pages_and_lists_that_there_are(name: str, panel: dict[str, Any]) -> None:
    pages = {f"/{page.service}{page.path}" for page in PAGES}
    for link in panel.get("links", ()):
        url = urlsplit(link["url"].removeprefix("${console}"))
        _, service, path = url.path.split("/", 2)
        assert service in SERVICES
        if url.path not in pages:
            taken = {each["name"] for each in routes(service)[f"/{path}"]["get"].get("parameters", ())}
            assert set(dict(parse_qsl(url.query))) <= taken
