"""What the edge of every service answers by itself: to a method that a path does not know, and beside each page."""

import re

from shared.testing import Served
from shared.web.render import HEADERS
from tests.architecture.parts import filled, routes


async def test_a_method_that_a_path_does_not_know_is_answered_with_what_it_knows(served: Served) -> None:
    known: dict[str, set[str]] = {}
    for method, path in routes(served.app):
        known.setdefault(path, set()).add(method)
    async with served.client() as client:
        for path in known:
            if path.startswith("/static"):  # files, which answer for themselves
                continue
            answer = await client.request("PROPFIND", filled(path))
            assert (answer.status_code, answer.json()["status"]) == (405, 405), path
            told = set(answer.headers["Allow"].split(", "))
            others = set().union(*(known[other] for other in known if _matches(other, filled(path))))
            assert told <= others, (path, told, others)


def _matches(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"{\w+:path}", ".+", re.sub(r"{\w+}", "[^/]+", template)), path) is not None


async def test_the_description_as_a_page_has_the_headers_of_pages(served: Served) -> None:
    async with served.client() as client:
        for path in ("/docs", "/login"):
            page = await client.get(path)
            assert page.status_code == 200
            assert {name: page.headers.get(name) for name in HEADERS} == HEADERS, path
