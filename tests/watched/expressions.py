"""What a PromQL expression asks for, and whether the catalogue has it; without a server."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml

from deploy.metrics import TARGET_LABELS
from shared.observability.catalogue import Declared

PROMETHEUS = Path(__file__).parents[2] / "deploy" / "prometheus"
PICKS = ("topk", "bottomk")  # keep the labels of what they pick


class Unknown(ValueError):
    """An expression asks for what nobody exports."""


def rule_files() -> list[Path]:
    return sorted((PROMETHEUS / "rules").glob("*.yaml"))


def rules() -> list[dict[str, Any]]:
    """Every recording and alert rule."""
    return [
        rule for path in rule_files() for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
    ]


class Known:
    """The series there are, with their labels: those of the catalogue and those that rules record."""

    def __init__(self, catalogue: Mapping[str, Declared]) -> None:
        self.labels: dict[str, frozenset[str]] = {}
        for each in catalogue.values():
            for series in each.series:
                extra = {"le"} if series.endswith("_bucket") else set()
                self.labels[series] = frozenset({*each.labels, *TARGET_LABELS, *extra})
        for rule in rules():
            if "record" in rule:
                self.labels[rule["record"]] = self.check(rule["expr"])

    def check(self, expression: str) -> frozenset[str]:
        """The labels of the expression's result. Raises Unknown, and ValueError where it can't be parsed."""
        return self._of(promql.parse(expression), expression)

    def _of(self, node: Any, whole: str) -> frozenset[str]:
        match node:
            case promql.VectorSelector():
                return self._selected(node, whole)
            case promql.MatrixSelector():
                return self._selected(node.vector_selector, whole)
            case promql.SubqueryExpr() | promql.ParenExpr() | promql.UnaryExpr():
                return self._of(node.expr, whole)
            case promql.AggregateExpr():
                return self._grouped(node, whole)
            case promql.BinaryExpr():
                return self._joined(node, whole)
            case promql.Call():
                labels = frozenset().union(*(self._of(argument, whole) for argument in node.args))
                if node.func.name == "label_replace":
                    labels |= {node.args[1].val}
                return labels - ({"le"} if node.func.name == "histogram_quantile" else set())
        return frozenset()

    def _selected(self, selector: Any, whole: str) -> frozenset[str]:
        known = self.labels.get(selector.name)
        if known is None:
            raise Unknown(f"nobody exports {selector.name}: {whole}")
        self._require({matcher.name for matcher in selector.matchers.matchers} - {"__name__"}, known, whole)
        return known

    def _grouped(self, node: Any, whole: str) -> frozenset[str]:
        inner = self._of(node.expr, whole)
        if node.modifier is None:
            return inner if str(node.op) in PICKS else frozenset()
        named = frozenset(node.modifier.labels)
        self._require(named, inner, whole)
        if str(node.op) in PICKS:
            return inner
        return named if node.modifier.type == promql.AggModifierType.By else inner - named

    def _joined(self, node: Any, whole: str) -> frozenset[str]:
        left, right = self._of(node.lhs, whole), self._of(node.rhs, whole)
        matching = node.modifier.matching if node.modifier else None
        if matching:
            self._require(frozenset(matching.labels), left & right, whole)
        return left or right

    @staticmethod
    def _require(asked: frozenset[str] | set[str], known: frozenset[str], whole: str) -> None:
        if missing := asked - known:
            raise Unknown(f"no label {', '.join(sorted(missing))} in: {whole}")


def names_in(expression: str) -> Iterator[str]:
    """The series that an expression selects."""
    nodes = [promql.parse(expression)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, promql.VectorSelector):
            yield node.name
        elif isinstance(node, promql.MatrixSelector):
            yield node.vector_selector.name
        else:
            nodes += [
                child for name in ("expr", "lhs", "rhs", "param") if (child := getattr(node, name, None)) is not None
            ]
            nodes += list(getattr(node, "args", ()))
