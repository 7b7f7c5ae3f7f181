"""A real browser before the whole platform. Leave these tests out: `-m "not browser"`.

    async def test_…(page_as, platform): page = await page_as("supervisor"); await page.goto("/analytics/kpi")

Every page is watched: an error on the console or a request to another host fails the test (`tolerated` names what a test
brings about itself). The platform is one for all of these tests, on Monday 2026-03-02 from 10:00 of its simulated clock.
`HUIFANG_TEST_PLATFORM=<its var folder>` takes one that runs already, which saves its start while a page is being made.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.async_api import Browser, async_playwright, expect

from shared.clock import ManualClock
from tests.browser.chromium import ARGUMENTS, executable, libraries
from tests.browser.kit import TIMEOUT, People
from tests.browser.workbench import Workbench, opened
from tests.local_platform import Local, leave, local_platform

HERE = Path(__file__).parent
expect.set_options(timeout=TIMEOUT)
CLOCK = "2026-03-02T10:00+08:00@1"


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups, and may have come first
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.system)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    leave(HERE, nextitem)


@pytest.fixture(scope="session")
def platform() -> Iterator[Local]:
    if running := os.environ.get("HUIFANG_TEST_PLATFORM"):
        yield Local(Path(running).resolve(), dict(os.environ))
        return
    # not below pytest's own folder: every pytest that starts on this machine closes that one to other users, so to PostgreSQL
    with TemporaryDirectory(prefix="huifang-browser-") as folder:
        local = local_platform(Path(folder), CLOCK)
        with local.up_for_many():
            yield local


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    program = executable()
    assert program, "no Chromium: run make setup, or name one in HUIFANG_CHROMIUM"
    async with async_playwright() as playwright:
        environment = {**os.environ, **libraries(program)}
        running = await playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS], env=environment)
        yield running
        await running.close()


@pytest.fixture
async def page_as(platform: Local, browser: Browser) -> AsyncIterator[People]:
    """`await page_as("agent")`: a page of somebody with that role."""
    people = People(platform, browser)
    yield people
    await people.leave()
    people.watch.require_nothing_unexpected()


@pytest.fixture
def tolerated(page_as: People) -> list[str]:
    """Patterns of console messages that this test brings about."""
    return page_as.watch.tolerated


@pytest.fixture
async def workbench(
    browser: Browser, service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> AsyncIterator[Workbench]:
    """The workbench by itself, without the platform."""
    async with opened(browser, await service_dsn("visits"), clock) as world:
        yield world


@pytest.fixture
async def silent(
    browser: Browser, service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> AsyncIterator[Workbench]:
    """A workbench that has no stream for anybody, so that its pages ask."""
    async with opened(browser, await service_dsn("visits"), clock, live_streams=0) as world:
        yield world
