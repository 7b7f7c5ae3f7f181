"""The catalogue of metrics: every metric is declared here, beside the code that moves it, with all that its readers need.

    OPENED = counter("huifang_complaints_opened_total", "Cases opened", "立案数", labels={"branch": BRANCHES})

`docs/generated/metrics.md`, the dashboards and the alert rules are checked against what was declared. A label has bounds: the
values there are, or how many there may be. Whatever a sender, a pack or a page puts into a label, a process never keeps more
series than that: further values count as `other`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, TypeVar

import prometheus_client
from prometheus_client.metrics import MetricWrapperBase

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # a series each that nobody reads

Bound = int | tuple[str, ...]
Kind = Literal["counter", "gauge", "histogram"]
OTHER = "other"
BRANCHES = 200
POLICIES = 200
TEAMS = 200
PROVIDERS = 12
# a transaction, a request, a job: from a millisecond to what a person would no longer wait for
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(frozen=True)
class Declared:
    """One metric as it is documented. `origin` is the service that exports it, "every service", or who else does.

    `labels`: the values there are, or how many there may be at most.
    """

    name: str
    kind: Kind
    help: str
    title: str
    unit: str
    labels: Mapping[str, Bound]
    origin: str = "every service"
    buckets: tuple[float, ...] = ()

    @property
    def series(self) -> frozenset[str]:
        """The names under which its samples are read."""
        if self.kind != "histogram":
            return frozenset({self.name})
        return frozenset(self.name + ending for ending in ("_bucket", "_sum", "_count"))


CATALOGUE: dict[str, Declared] = {}


class _Limits:
    """Keeps the values of a metric's labels within their bounds."""

    def __init__(self, bounds: Sequence[Bound]) -> None:
        self._bounds = bounds
        self._seen: list[set[str]] = [set() for _ in bounds]

    def kept(self, values: Sequence[object]) -> list[str]:
        return [self._kept(place, str(value)) for place, value in enumerate(values)]

    def _kept(self, place: int, value: str) -> str:
        bound = self._bounds[place]
        if isinstance(bound, tuple):
            return value if value in bound else OTHER
        seen = self._seen[place]
        if value not in seen:
            if len(seen) >= bound:
                return OTHER
            seen.add(value)
        return value

    def forget(self) -> None:
        for seen in self._seen:
            seen.clear()


_LIMITS: dict[str, _Limits] = {}


class Counter(prometheus_client.Counter):
    """A counter whose labels keep within their bounds."""

    def labels(self, *values: Any) -> "Counter":  # type: ignore[override]
        return super().labels(*_LIMITS[self._name].kept(values))


class Histogram(prometheus_client.Histogram):
    """A histogram whose labels keep within their bounds."""

    def labels(self, *values: Any) -> "Histogram":  # type: ignore[override]
        return super().labels(*_LIMITS[self._name].kept(values))


class Gauge(prometheus_client.Gauge):
    """A gauge whose labels keep within their bounds."""

    def labels(self, *values: Any) -> "Gauge":  # type: ignore[override]
        return super().labels(*_LIMITS[self._name].kept(values))

    def show(self, amounts: Mapping[tuple[object, ...], float]) -> None:
        """These are all there is now, by the labels' values; what is beyond a bound is added up."""
        self.clear()
        _LIMITS[self._name].forget()
        for values in sorted(amounts, key=lambda values: (-amounts[values], str(values))):
            self.labels(*values).inc(amounts[values])


Labels = Mapping[str, Bound]
Metric = TypeVar("Metric", bound=MetricWrapperBase)


def counter(name: str, help: str, title: str, unit: str = "", labels: Labels | None = None) -> Counter:  # noqa: A002
    """`name` ends with `_total`."""
    if not name.endswith("_total"):
        raise ValueError(f"{name}: a counter's name ends with _total")
    return _declared(Counter(name, help, list(labels or {})), name, "counter", help, title, unit, labels)


def gauge(name: str, help: str, title: str, unit: str = "", labels: Labels | None = None) -> Gauge:  # noqa: A002
    return _declared(Gauge(name, help, list(labels or {})), name, "gauge", help, title, unit, labels)


def histogram(
    name: str,
    help: str,  # noqa: A002
    title: str,
    unit: str = "s",
    labels: Labels | None = None,
    buckets: Sequence[float] = SECONDS,
) -> Histogram:
    """`buckets` fit what is measured, and hold the limits that alerts ask for."""
    made = Histogram(name, help, list(labels or {}), buckets=buckets)
    return _declared(made, name, "histogram", help, title, unit, labels, tuple(buckets))


def _declared(
    metric: Metric,
    name: str,
    kind: Kind,
    help: str,  # noqa: A002
    title: str,
    unit: str,
    labels: Labels | None,
    buckets: tuple[float, ...] = (),
) -> Metric:
    bounds = dict(labels or {})
    CATALOGUE[name] = Declared(name, kind, help, title, unit, bounds, _origin_of(name), buckets)
    _LIMITS[metric._name] = _Limits(list(bounds.values()))
    if kind == "counter" and bounds and all(isinstance(bound, tuple) for bound in bounds.values()):
        for values in product(*(bound for bound in bounds.values() if isinstance(bound, tuple))):
            metric.labels(
                *values
            )  # it begins at 0: the first increase of a series that was not there is seen by no rate
    return metric


OWNERS = ("gateway", "scheduler", "visits", "complaints", "notifications", "analytics")


def _origin_of(name: str) -> str:
    owner = name.split("_")[1]
    return owner if owner in OWNERS else "every service"
