"""What the journeys are made of: people with a page each, watched for errors, and the rules of accessibility."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from shared.sessions import COOKIE
from shared.testing.signing_in import sign_in
from tests.local_platform import Local

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
TIMEOUT = 60_000  # milliseconds: of a loaded machine
SECONDS = TIMEOUT / 1000
SERIOUS = {"serious", "critical"}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# htmx writes both when a page is left while a fragment is on its way, which depends on the machine alone; a fragment that could
# not be had is a sendError or a responseError
LEFT = r"htmx:(sendAbort|afterRequest), "
AGENT_DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}


@dataclass
class Watch:
    """What no page may do: write errors to the console, throw, or ask another host. `tolerated` are patterns of messages."""

    host: str
    tolerated: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.on("console", self._said)
        context.on("weberror", lambda error: self._note(f"uncaught: {error.error}"))
        context.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._note(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.netloc != self.host:
            self._note(f"asked another host: {request.url}")

    def _note(self, text: str) -> None:
        self.trouble.append(text)

    def unexpected(self) -> list[str]:
        return [text for text in self.trouble if not any(re.search(each, text) for each in (LEFT, *self.tolerated))]

    def require_nothing_unexpected(self) -> None:
        assert not self.unexpected(), "\n".join(self.unexpected())


class People:
    """Who sits before a browser; everybody has a context, so cookies, of their own."""

    def __init__(self, platform: Local, browser: Browser) -> None:
        self.platform = platform
        self.browser = browser
        self.front: str = platform.run["front"]
        self.watch = Watch(urlsplit(self.front).netloc)
        self._contexts: list[BrowserContext] = []

    async def __call__(self, role: str | None = None, key: str = "", person: str = "", **options: Any) -> Page:
        """A new page of somebody who signed in with the role's local key (or `key`), or as a `person` of `people.json`.

        Without any, of nobody yet. `options` are Playwright's of a context. Paths are relative to the front door:
        `await page.goto("/visits/agent")`.
        """
        known = {"viewport": AGENT_DESK, "locale": "zh-CN", "timezone_id": "Asia/Shanghai", "base_url": self.front}
        context = await self.browser.new_context(**(known | options))
        context.set_default_timeout(TIMEOUT)
        self._contexts.append(context)
        self.watch.over(context)
        if person:
            known_people = json.loads((self.platform.var / "people.json").read_text())
            await context.add_cookies([await self._signed_in("", login=person, password=known_people[person])])
        elif role is not None or key:
            await context.add_cookies([await self._signed_in(key or self.platform.run["keys"][role])])
        return await context.new_page()

    async def _signed_in(self, key: str, **fields: str) -> Any:
        async with httpx.AsyncClient(base_url=self.front, timeout=SECONDS) as client:
            answer = await sign_in(client, key, **fields)
            assert answer.status_code == 303, answer.text
            return {
                "name": COOKIE,
                "value": client.cookies[COOKIE],
                "url": self.front,
                "httpOnly": True,
                "sameSite": "Strict",
            }

    async def leave(self) -> None:
        for context in self._contexts:
            await context.close()


async def faults_of(page: Page) -> list[str]:
    """What of the page keeps people out (axe-core, WCAG 2.2 AA): serious and critical findings with where they are."""
    await page.evaluate(AXE.read_text())
    found = await page.evaluate(
        "rules => axe.run(document, {resultTypes: ['violations'], runOnly: {type: 'tag', values: rules}})", RULES
    )
    return [
        f"{each['impact']}: {each['id']} {each['help']} {[node['html'][:160] for node in each['nodes'][:3]]}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
    ]


async def focused(page: Page) -> str:
    """The words of the element that has the focus."""
    words: str = await page.evaluate("(document.activeElement.innerText || document.activeElement.value || '').trim()")
    return words


async def crowded(page: Page) -> list[str]:
    """Headings with less room above them than below, where something stands before them."""
    found: list[str] = await page.evaluate(
        """[...document.querySelectorAll('main :is(h2, h3)')].filter(h => {
            const before = h.previousElementSibling;
            return h.offsetHeight && before?.offsetHeight
                && h.getBoundingClientRect().top - before.getBoundingClientRect().bottom < 8;
        }).map(h => h.innerText)"""
    )
    return found


async def heights(page: Page) -> set[int]:
    """Those of the fields and buttons in the page's rows of filters."""
    found: list[int] = await page.evaluate(
        """[...document.querySelectorAll('.filters :is(input, select, button, .button)')]
        .filter(e => e.offsetHeight && e.type !== 'checkbox').map(e => e.offsetHeight)"""
    )
    return set(found)


async def scrolls(page: Page) -> bool:
    """Whether the page itself scrolls, either way."""
    answer: bool = await page.evaluate(
        "(e => e.scrollHeight > e.clientHeight || e.scrollWidth > e.clientWidth)(document.scrollingElement)"
    )
    return answer
