"""The table of pages says what their routes do: who may open one gets it, and nobody else."""

import pytest

from shared.auth import Role
from shared.testing import Served
from shared.web.navigation import PAGES, SITES

HTML = {"Accept": "text/html"}


async def test_every_page_opens_to_the_roles_of_the_table_and_to_no_other(served: Served) -> None:
    pages = [page for page in PAGES if page.service == served.app.state.service.name]
    for page in pages:
        for role in Role:
            async with served.client(role, **HTML) as client:
                answer = await client.get(page.path)
            allowed = not page.roles or role in (*page.roles, Role.ADMIN)
            assert answer.status_code == (200 if allowed else 403), (page.title, role)
            assert answer.headers["content-type"].startswith("text/html"), (page.title, role)


async def test_an_open_page_names_itself_in_the_navigation(served: Served) -> None:
    for page in PAGES:
        if page.service == served.app.state.service.name and page.path != "/overview":
            async with served.client(Role.ADMIN, **HTML) as client:
                text = (await client.get(page.path)).text
            assert 'aria-current="page"' in text, page.title


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_page_belongs_to_a_service_that_there_is(page) -> None:
    assert SITES[page.service].is_service
