"""Only the locked bytes become Kafka's class path."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from shared.embedded import EmbeddedServerError, jars
from shared.embedded.jars import JarRefused, LockedJar, ensure_jars, read_lock, write_lock

BYTES = b"PK a jar of ours"
LOCKED = LockedJar("org.example", "tool", "1.0", hashlib.sha256(BYTES).hexdigest())


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository on loopback that serves what tests put there."""
    root = tmp_path / "repository"
    folder = root / "org" / "example" / "tool" / "1.0"
    folder.mkdir(parents=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv(jars.MIRROR_VARIABLE, f"http://127.0.0.1:{server.server_port}/")
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_jar_is_fetched_from_the_mirror_and_counted(repository: Path, tmp_path: Path) -> None:
    (repository / "tool-1.0.jar").write_bytes(BYTES)
    seen: list[tuple[int, int]] = []
    paths = ensure_jars(tmp_path / "lib", [LOCKED], lambda done, total: seen.append((done, total)))
    assert [path.read_bytes() for path in paths] == [BYTES]
    assert seen == [(0, 1), (1, 1)]


def test_a_jar_with_other_bytes_is_refused_and_not_kept(repository: Path, tmp_path: Path) -> None:
    (repository / "tool-1.0.jar").write_bytes(BYTES + b" with something in it")
    with pytest.raises(JarRefused, match=r"tool-1\.0\.jar is not the file that was locked"):
        ensure_jars(tmp_path / "lib", [LOCKED])
    assert list((tmp_path / "lib").iterdir()) == []


def test_a_damaged_jar_is_fetched_again(repository: Path, tmp_path: Path) -> None:
    (repository / "tool-1.0.jar").write_bytes(BYTES)
    library = tmp_path / "lib"
    library.mkdir()
    (library / "tool-1.0.jar").write_bytes(BYTES[:5])
    assert ensure_jars(library, [LOCKED])[0].read_bytes() == BYTES


def test_what_is_there_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(jars.MIRROR_VARIABLE, "http://127.0.0.1:9")
    (tmp_path / "tool-1.0.jar").write_bytes(BYTES)
    assert ensure_jars(tmp_path, [LOCKED]) == [tmp_path / "tool-1.0.jar"]


def test_without_a_network_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(jars.MIRROR_VARIABLE, "http://127.0.0.1:9")
    with pytest.raises(EmbeddedServerError, match="check the network or the proxy, or set HUIFANG_MAVEN_MIRROR"):
        ensure_jars(tmp_path, [LOCKED])


def test_the_lock_names_every_jar_with_its_hash_and_no_address() -> None:
    locked = read_lock()
    assert {"kafka_2.13-4.3.0.jar", "kafka-clients-4.3.0.jar"} <= {jar.filename for jar in locked}
    assert all(len(jar.sha256) == 64 for jar in locked)
    assert "http" not in jars.LOCK_FILE.read_text()


def test_the_lock_is_written_as_it_is_read(tmp_path: Path) -> None:
    write_lock(read_lock(), tmp_path / "lock.toml")
    assert (tmp_path / "lock.toml").read_text() == jars.LOCK_FILE.read_text()
