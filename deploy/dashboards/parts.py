"""What dashboards are made of: panels that tell their formula, variables, links to the console's pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.models.common import BigValueGraphMode, StackingMode, VizOrientation
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardLinkType,
    DataSourceRef,
    DynamicConfigValue,
    VariableRefresh,
    VariableSort,
)

SOURCE = DataSourceRef(type_val="prometheus", uid="huifang-prometheus")
ZONE = "Asia/Shanghai"
CONSOLE = "http://127.0.0.1:8109"
BRANCH = 'branch=~"$branch"'
DEPLOYED = (
    "max by (service, version, commit) (huifang_build_info) "
    "unless max by (service, version, commit) (huifang_build_info offset 5m)"
)
Queries = Mapping[str, str]
"""Legend (with `{{label}}`) → expression."""
Panel = timeseries.Panel | stat.Panel | bargauge.Panel
Rows = Mapping[str, Sequence[Panel]]
P = TypeVar("P", timeseries.Panel, stat.Panel, bargauge.Panel)


@dataclass(frozen=True)
class Link:
    """A page or list of the console."""

    title: str
    path: str


def series(
    title: str, formula: str, queries: Queries, unit: str = "short", link: Link | None = None, span: int = 8
) -> timeseries.Panel:
    """Lines over time."""
    panel = timeseries.Panel().unit(unit).fill_opacity(10).span_nulls(True)
    return _dressed(panel, title, formula, queries, link, span)


def stacked(
    title: str, formula: str, queries: Queries, unit: str = "short", link: Link | None = None, span: int = 8
) -> timeseries.Panel:
    """Amounts over time that add up to a whole."""
    panel = timeseries.Panel().unit(unit).fill_opacity(40)
    panel = panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    return _dressed(panel, title, formula, queries, link, span)


def ratio(
    title: str, formula: str, numerator: str, denominator: str, by: str = "", link: Link | None = None, span: int = 8,
    target: str = "",
) -> timeseries.Panel:  # fmt: skip
    """A share over time, and on the right what it was computed from; grouped by the label `by` where there is one.

    `target`: an expression of what it should reach.
    """
    each = f" {{{{{by}}}}}" if by else ""
    queries = {f"比率{each}": f"({numerator}) / ({denominator})", f"分子{each}": numerator, f"分母{each}": denominator}
    if target:
        queries["目标"] = target
    right = [DynamicConfigValue("unit", "short"), DynamicConfigValue("custom.axisPlacement", "right")]
    panel = timeseries.Panel().unit("percentunit").min(0).override_by_regexp("/^分[子母]/", right)
    return _dressed(panel, title, formula, queries, link, span)


def number(
    title: str, formula: str, queries: Queries, unit: str = "short", link: Link | None = None, span: int = 4
) -> stat.Panel:
    """Figures as they are now."""
    panel = stat.Panel().unit(unit).graph_mode(BigValueGraphMode.AREA).no_value("—")
    return _dressed(panel, title, formula, queries, link, span)


def bars(
    title: str, formula: str, queries: Queries, unit: str = "short", link: Link | None = None, span: int = 8
) -> bargauge.Panel:
    """Figures as they are now, side by side."""
    panel = bargauge.Panel().unit(unit).orientation(VizOrientation.HORIZONTAL).no_value("—").min(0)
    return _dressed(panel, title, formula, queries, link, span, instant=True)


def _dressed(
    panel: P, title: str, formula: str, queries: Queries, link: Link | None, span: int, instant: bool = False
) -> P:
    panel = panel.title(title).description(f"公式：{formula}").datasource(SOURCE).span(span).height(8)
    for place, (legend, expression) in enumerate(queries.items()):
        target = prometheus.Dataquery().datasource(SOURCE).expr(expression).legend_format(legend)
        target = target.ref_id(chr(ord("A") + place))
        panel = panel.with_target(target.instant() if instant else target.range())
    return panel.links([_linked(link)]) if link else panel


def _linked(link: Link) -> grafana.DashboardLink:
    url = f"${{console}}{link.path}"
    return grafana.DashboardLink(link.title).type(DashboardLinkType.LINK).url(url).target_blank(True)


def values_of(name: str, label: str, title: str, metric: str, several: bool = True) -> grafana.QueryVariable:
    """A variable with the values of a metric's label."""
    variable = grafana.QueryVariable(name).label(title).datasource(SOURCE).query(f"label_values({metric}, {label})")
    variable = variable.refresh(VariableRefresh.ON_DASHBOARD_LOAD).sort(VariableSort.ALPHABETICAL_ASC)
    return variable.multi(True).include_all(True).all_value(".*") if several else variable


def by_branch() -> grafana.QueryVariable:
    return values_of("branch", "branch", "单位", "huifang_analytics_funnel_stage")


def board(
    uid: str,
    title: str,
    what: str,
    rows: Rows,
    variables: Sequence[grafana.QueryVariable] = (),
    since: str = "now-6h",
) -> Dashboard:
    """A dashboard of named rows. All have the address of the console as a variable, and tell when what was deployed."""
    made = grafana.Dashboard(title).uid(f"huifang-{uid}").description(what).tags(["huifang"]).timezone(ZONE)
    made = made.time(since, "now").refresh("30s").editable()
    for variable in variables:
        made = made.with_variable(variable)
    made = made.with_variable(grafana.TextBoxVariable("console").label("平台地址").default_value(CONSOLE))
    deployed = grafana.AnnotationQuery().name("上线").datasource(SOURCE).enable(True).icon_color("blue").expr(DEPLOYED)
    made = made.annotation(deployed)
    others = (
        grafana.DashboardLink("回访平台看板").type(DashboardLinkType.DASHBOARDS).tags(["huifang"]).as_dropdown(True)
    )
    made = made.link(others.keep_time(True))
    numbers = count(1)
    for name, panels in rows.items():
        made = made.with_row(grafana.Row(name).id(next(numbers)))
        for panel in panels:
            made = made.with_panel(panel.id(next(numbers)))
    return made.build()
