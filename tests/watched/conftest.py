"""A whole platform that is watched: six services, under a little load."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.local_platform import Local, local_platform

HERE = Path(__file__).parent
SYSTEM = ("watched",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and set(SYSTEM) & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.xdist_group("watched"))


@pytest.fixture(scope="session")
def watched() -> Iterator[Local]:
    # not below pytest's own folder, which every pytest on this machine closes to other users, so to PostgreSQL
    with TemporaryDirectory(prefix="huifang-watched-") as folder:
        local = local_platform(Path(folder), "real")
        with local.up():
            yield local
