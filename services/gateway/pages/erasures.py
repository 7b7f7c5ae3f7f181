"""The page on which administrators erase a customer, and see how far every service is."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.gateway.access import Admin
from services.gateway.commands import erasing as commands
from shared.erasure.api import shown_customer
from shared.erasure.kept import list_erasures, progress
from shared.front_door import own_address
from shared.http import ReadSession, SealerDep, transaction
from shared.pagination import paged, time_and_text
from shared.web import render
from shared.web.addresses import panels_of
from shared.zone import ORG_ZONE

router = APIRouter(prefix="/erasures", include_in_schema=False)
ON_A_PAGE = 50


@router.get("")
async def erasures_page(
    request: Request,
    session: ReadSession,
    sealer: SealerDep,
    _: Admin,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    rows = await list_erasures(session, time_and_text(cursor), ON_A_PAGE + 1)
    items, following = paged(rows, ON_A_PAGE, lambda record: (record.asked_at, record.customer))
    shown = [
        {
            "customer": shown_customer(one.customer, sealer),
            "asked": f"{one.asked_at.astimezone(ORG_ZONE):%Y-%m-%d %H:%M}",
            "by": one.asked_by,
            "erased": one.erased_at is not None,
            "done": one.done_at is not None,
        }
        for one in items
    ]
    return render(
        request,
        "erasures.html",
        erasures=shown,
        following=following,
        paging=cursor is not None,
        panels=panels_of(request),
        asked=(await progress(session)).heard,
    )


@router.post("")
async def ask(
    request: Request,
    principal: Admin,
    sealer: SealerDep,
    customer_id: Annotated[str, Form(max_length=64)] = "",
    sure: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Nothing is erased by half a form: the page is shown again as it is."""
    customer = customer_id.strip()
    if customer and sure:
        async with transaction(request) as work:
            await commands.ask(work, principal, sealer, customer)
    return RedirectResponse(own_address(request, "/erasures"), status_code=303)
