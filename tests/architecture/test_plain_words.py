"""No page shows people a code where there is a word: every page and panel of every service, with things of all kinds on it.

Pages for operators and the audit log name what only they deal with by the names of the code; they, and API, are left out.
"""

import re
from html.parser import HTMLParser

from shared.testing.events import NOON
from tests.architecture.parts import filled
from tests.architecture.test_units import order_of, world
from tests.architecture.unit_checks import World
from tests.architecture.unit_worlds import OURS, credential, name

__all__ = ["world"]  # a fixture
CODE = re.compile(r"(?<![\w.@/-])[a-z]+(?:[_.][a-z]+)+(?![\w.@/-])")
UNSEEN = {"script", "style"}
HEARD = {"title", "placeholder", "aria-label", "alt"}
LEFT_OUT = ("/api", "/ops", "/fragments/ops", "/audit", "/fragments/audit", "/docs")
FILES = {"people.json"}  # named to who starts a platform on their own machine
DAY = f"{NOON:%Y-%m-%d}"
ASKED = {
    "/fragments/cases": {"customer_id": name(OURS)},
    "/fragments/messages": {"customer_id": name(OURS)},
    "/fragments/reviews": {"first": DAY, "last": DAY},
    "/timeline": {"order": order_of(OURS)},
}


class Seen(HTMLParser):
    """What somebody reads or hears of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._unseen = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in UNSEEN
        self.texts += [value for attribute, value in attrs if attribute in HEARD and value]

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in UNSEEN

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.texts.append(data)


def codes_in(page: str) -> set[str]:
    return {code for text in Seen(page).texts for code in CODE.findall(text)} - FILES


def test_the_walk_knows_a_code_when_it_sees_one() -> None:
    page = '<p title="on_site">回访 never_alone、repair.closed</p><script>a.b</script><p>a@b.cn、var/run.json、HUIFANG_CTI</p>'
    assert codes_in(page) == {"on_site", "never_alone", "repair.closed"}


async def test_no_page_shows_a_code(world: World) -> None:
    shown: dict[str, set[str]] = {}
    async with world.served.client(None, **credential(world.served), Accept="text/html") as client:
        for route in world.routes:
            method, path = route.split()
            if method == "GET" and not path.startswith(LEFT_OUT):
                answer = await client.get(filled(world.path(path, OURS)), params=ASKED.get(path))
                if answer.headers.get("content-type", "").startswith("text/html"):
                    shown[path] = codes_in(answer.text)
    assert {path: codes for path, codes in shown.items() if codes} == {}
    assert set(ASKED) & {route.split()[1] for route in world.routes} <= shown.keys()
