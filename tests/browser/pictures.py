"""`make pictures`: plays a small demo on a platform of its own and writes the pictures of the documentation.

`python -m tests.browser.pictures [folder of a running platform]` takes that platform, with what it holds, instead.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import async_playwright

from deploy.local.settings import ROOT
from tests.browser.chromium import ARGUMENTS, executable, libraries
from tests.browser.kit import People
from tests.local_platform import Local, local_platform

FOLDER = ROOT / "docs" / "pictures"
LARGEST = 200 << 10  # bytes
DEMO = ("--customers", "700", "--days", "6", "--speed", "10800", "--seed", "5")


@dataclass(frozen=True)
class Picture:
    """What a person of the demo sees at `path`, once `shown` is there."""

    name: str
    person: str
    path: str
    shown: str


PICTURES = (
    Picture("overview", "admin", "/gateway/overview", "#status[data-state=ready]"),
    Picture("kpi", "supervisor", "/analytics/kpi", "#trend canvas"),
)


@contextmanager
def _platform(given: str) -> Iterator[Local]:
    if given:
        yield Local(Path(given).resolve(), dict(os.environ))
        return
    with TemporaryDirectory() as folder:
        local = local_platform(Path(folder), "")
        played = local("demo", *DEMO, module="deploy.cli")
        try:
            if played.returncode != 0:
                sys.exit(played.stdout + played.stderr)
            yield local
        finally:
            local("down")


async def take(local: Local) -> None:
    program = executable()
    if program is None:
        sys.exit("no Chromium: run make setup, or name one in HUIFANG_CHROMIUM")
    async with async_playwright() as playwright:
        environment = {**os.environ, **libraries(program)}
        browser = await playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS], env=environment)
        people = People(local, browser)
        for each in PICTURES:
            page = await people(person=each.person)
            await page.goto(each.path)
            await page.locator(each.shown).first.wait_for()
            await page.wait_for_load_state("networkidle")
            path = FOLDER / f"{each.name}.png"
            await page.screenshot(path=path)
            size = path.stat().st_size
            print(f"{path.relative_to(ROOT)}  {size >> 10} KB" + ("  TOO LARGE" if size > LARGEST else ""))
        await people.leave()
        await browser.close()


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _platform(sys.argv[1] if len(sys.argv) > 1 else "") as local:
        asyncio.run(take(local))


if __name__ == "__main__":
    main()
