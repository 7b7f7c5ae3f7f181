"""Every metric that dashboards and alerts may name: our own, and those of the libraries and exporters beside them.

`docs/generated/metrics.md` is written from it; `huifang`'s own are declared beside the code that moves them.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping

import services
from shared.observability.catalogue import CATALOGUE, Bound, Declared, Kind

LIBRARY = "client library"
PROMETHEUS = "Prometheus"
ALERTMANAGER = "Alertmanager"
NODE, POSTGRES, KAFKA = "node exporter", "postgres exporter", "kafka exporter"
TARGET_LABELS = ("job", "instance", "service")
"""What Prometheus puts on every sample: whom it was scraped from, and which service that is."""
PREFACE = (
    "Generated from what the code declares; do not edit. Every process answers at `/metrics`. Prometheus adds `job`, "
    "`instance` and `service` to each series. Gauges of what stands in a database are the same in every replica of its "
    "service: read them with `max`, not `sum`. A label keeps within its bound (how many values, or which): further values "
    "count as `other`."
)


def _foreign(
    origin: str,
    name: str,
    kind: Kind,
    help_: str,
    title: str,
    unit: str = "",
    labels: Mapping[str, Bound] | None = None,
) -> Declared:
    return Declared(name, kind, help_, title, unit, labels or {}, origin)


FOREIGN = (
    _foreign(LIBRARY, "process_cpu_seconds_total", "counter", "CPU time of the process", "进程 CPU 时间", "s"),
    _foreign(LIBRARY, "process_resident_memory_bytes", "gauge", "Resident memory of the process", "进程内存", "B"),
    _foreign(LIBRARY, "process_virtual_memory_bytes", "gauge", "Virtual memory of the process", "进程虚拟内存", "B"),
    _foreign(LIBRARY, "process_start_time_seconds", "gauge", "When the process was started", "进程启动时间", "timestamp"),
    _foreign(LIBRARY, "process_open_fds", "gauge", "Open file descriptors", "打开的文件数"),
    _foreign(LIBRARY, "process_max_fds", "gauge", "Most file descriptors", "文件数上限"),
    _foreign(LIBRARY, "python_info", "gauge", "The Python that runs", "Python 版本", "",
             {"implementation": 2, "major": 2, "minor": 4, "patchlevel": 9, "version": 9}),
    *(
        _foreign(LIBRARY, f"python_gc_{what}_total", "counter", f"Garbage collection: {what.replace('_', ' ')}", title, "",
                 {"generation": ("0", "1", "2")})
        for what, title in (("objects_collected", "回收的对象数"), ("objects_uncollectable", "无法回收的对象数"),
                            ("collections", "垃圾回收次数"))
    ),
    _foreign(PROMETHEUS, "up", "gauge", "1 when the last scrape of a target succeeded", "采集是否成功"),
    _foreign(PROMETHEUS, "ALERTS", "gauge", "1 for every alert that is pending or fires", "告警", "",
             {"alertname": 100, "alertstate": ("pending", "firing"), "severity": ("page", "ticket"), "branch": 200}),
    _foreign(PROMETHEUS, "prometheus_tsdb_head_series", "gauge", "Series that Prometheus holds", "时间序列数"),
    _foreign(NODE, "node_filesystem_avail_bytes", "gauge", "Free bytes of a file system", "磁盘可用空间", "B",
             {"mountpoint": 40, "fstype": 20, "device": 40}),
    _foreign(NODE, "node_filesystem_size_bytes", "gauge", "Size of a file system", "磁盘容量", "B",
             {"mountpoint": 40, "fstype": 20, "device": 40}),
    _foreign(POSTGRES, "pg_up", "gauge", "1 when the exporter reaches PostgreSQL", "PostgreSQL 是否可用"),
    _foreign(POSTGRES, "pg_stat_database_numbackends", "gauge", "Connections by database", "数据库连接数", "",
             {"datname": 20, "datid": 20}),
    _foreign(KAFKA, "kafka_brokers", "gauge", "Brokers of the cluster", "Kafka 节点数"),
    _foreign(KAFKA, "kafka_topic_partition_under_replicated_partition", "gauge",
             "1 while a partition lacks a replica", "副本不足的分区", "", {"topic": 40, "partition": 200}),
)  # fmt: skip


def whole_catalogue() -> dict[str, Declared]:
    """Our own metrics, by importing everything that declares one, and the foreign ones; by name."""
    for service in pkgutil.iter_modules(services.__path__):
        importlib.import_module(f"services.{service.name}.app")
    own = {name: each for name, each in CATALOGUE.items() if name.startswith("huifang_")}
    return dict(sorted(own.items())) | {each.name: each for each in FOREIGN}


def document() -> str:
    """The catalogue as Markdown."""
    lines = ["# Metrics", "", PREFACE, ""]
    catalogue = whole_catalogue().values()
    for origin in dict.fromkeys(["every service", *sorted(each.origin for each in catalogue)]):
        lines += [f"## {origin}", "", "| Metric | 名称 | Type | Unit | Labels | Meaning |", "|---|---|---|---|---|---|"]
        lines += [_row(each) for each in catalogue if each.origin == origin]
        lines.append("")
    return "\n".join(lines)


def _row(each: Declared) -> str:
    kind: str = each.kind
    if each.buckets:
        kind += f" ≤ {', '.join(f'{bucket:g}' for bucket in each.buckets)}"
    return f"| `{each.name}` | {each.title} | {kind} | {each.unit} | {_labels(each.labels.items())} | {each.help} |"


def _labels(labels: Iterable[tuple[str, Bound]]) -> str:
    return "; ".join(
        f"`{name}`: {', '.join(bound)}" if isinstance(bound, tuple) else f"`{name}` ≤ {bound}" for name, bound in labels
    )
