"""Exporters beside the platform export what dashboards and alerts ask of them, where the machine has them."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import stamina
from prometheus_client.parser import text_string_to_metric_families

from deploy.metrics import FOREIGN, NODE, POSTGRES
from shared.embedded.processes import free_port

Families = Mapping[str, tuple[str, set[frozenset[str]]]]


@stamina.retry(on=(AssertionError, httpx.HTTPError), timeout=120, wait_initial=0.2, wait_max=0.5, attempts=None)
def scraped(port: int, name: str) -> Families:
    """metric → (kind, the names of its samples' labels), once the exporter has heard of what it watches."""
    page = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
    families = {
        family.name: (family.type, {frozenset(sample.labels) for sample in family.samples})
        for family in text_string_to_metric_families(page)
    }
    assert name in families, sorted(families)
    return families


@contextmanager
def exporter(program: str, folder: Path, arguments: list[str], **environment: str) -> Iterator[int]:
    """Listens on the port that it gives; the test is skipped where the machine has no such program."""
    if shutil.which(program) is None:
        pytest.skip(f"not on this machine: {program}")
    port, log = free_port(), folder / "log"
    command = [program, f"--web.listen-address=127.0.0.1:{port}", *arguments]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=out, stderr=out)
    try:
        yield port
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(60)


def assert_exported(origin: str, port: int) -> None:
    for asked in [each for each in FOREIGN if each.origin == origin]:
        kind, labels = scraped(port, asked.name)[asked.name]
        assert kind == asked.kind, asked.name
        # its versions have more labels or fewer beside these
        assert all(asked.labels.keys() <= sample for sample in labels), asked.name


def test_node_exporter(tmp_path: Path) -> None:
    with exporter("prometheus-node-exporter", tmp_path, []) as port:
        assert_exported(NODE, port)


def test_postgres_exporter(postgres_server: str, tmp_path: Path) -> None:
    dsn = f"{postgres_server}?sslmode=disable"
    with exporter("prometheus-postgres-exporter", tmp_path, [], DATA_SOURCE_NAME=dsn) as port:
        assert_exported(POSTGRES, port)
