"""`make pictures`: plays a small demo on a platform of its own and writes the pictures of the documentation.

`python -m tests.browser.pictures [folder of a running platform]` takes that platform, with what it holds, instead: the first
call is really made there.
"""

import asyncio
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.async_api import Page, Route, async_playwright

from deploy.local.settings import ROOT
from tests.browser.chromium import ARGUMENTS, HERE, executable, libraries
from tests.browser.first_call import first_call
from tests.browser.kit import People
from tests.local_platform import Local, local_platform

FOLDER = ROOT / "docs" / "pictures"
LARGEST = 200 << 10  # bytes
COLOURS = 128  # enough for a page, and a third of the size
DEMO = ("--customers", "700", "--days", "6", "--speed", "10800", "--seed", "5")
AGENT = "agent-01"
FONT = HERE / "node_modules" / "@fontsource" / "noto-sans-sc"
FONT_AT = "/pictures-font/"  # beside the platform's own addresses, as its pages load nothing from elsewhere


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


async def with_font(page: Page) -> None:
    """Chinese is drawn with the font of the package where the machine has none."""

    async def give(route: Route) -> None:
        path = (FONT / route.request.url.partition(FONT_AT)[2]).resolve()
        await (route.fulfill(path=path) if FONT in path.parents and path.is_file() else route.abort())

    await page.route(f"**{FONT_AT}**", give)
    await page.add_style_tag(url=f"{FONT_AT}index.css")
    await page.evaluate("document.fonts.ready.then(() => true)")


async def save(page: Page, name: str) -> None:
    """The page as it is, in few colours."""
    await with_font(page)
    picture = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
    path = FOLDER / f"{name}.png"
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    if size > LARGEST:
        sys.exit(f"{path.name} has {size >> 10} KB, more than {LARGEST >> 10}")
    print(f"{path.relative_to(ROOT)}  {size >> 10} KB")


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
            await save(page, each.name)
        agent = await people()
        password = json.loads((local.var / "people.json").read_text())[AGENT]
        await first_call(agent, AGENT, password, lambda name: save(agent, f"call-{name}"))
        await people.leave()
        await browser.close()


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _platform(sys.argv[1] if len(sys.argv) > 1 else "") as local:
        asyncio.run(take(local))


if __name__ == "__main__":
    main()
