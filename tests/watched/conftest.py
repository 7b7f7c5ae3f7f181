"""A whole platform that is watched: six services after a busy morning, and Prometheus where there is one."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy.demo.platform import Platform
from tests.local_platform import Local, leave, local_platform
from tests.watched.morning import CLOCK, play

HERE = Path(__file__).parent
MISSING = [name for name in ("prometheus", "prometheus-alertmanager") if shutil.which(name) is None]
needs_prometheus = pytest.mark.skipif(
    bool(MISSING), reason=f"not on this machine: {', '.join(MISSING)} (Debian packages of these names)"
)


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups, and may have come first
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and "watched" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.xdist_group("watched"))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    leave(HERE, nextitem)


@pytest.fixture(scope="session")
def watched() -> Iterator[Local]:
    """The platform, after a busy morning; HUIFANG_TEST_PLATFORM=<its var folder> takes one that had one already."""
    if running := os.environ.get("HUIFANG_TEST_PLATFORM"):
        yield Local(Path(running).resolve(), dict(os.environ))
        return
    # not below pytest's own folder, which every pytest on this machine closes to other users, so to PostgreSQL
    with TemporaryDirectory(prefix="huifang-watched-") as folder:
        local = local_platform(Path(folder), CLOCK)
        for switch in ("HUIFANG_PROMETHEUS", "HUIFANG_ALERTMANAGER"):
            local.environment.pop(switch)
        with local.up_for_many() as run:
            called = asyncio.run(play(Platform.from_run(run, local.var / "jwt.secret")))
            assert called.attempts, "no agent has made a call"
            yield local
