"""How far every service is with the erasure of customers: a line for operators, and a panel for who erases them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from shared.erasure.api import Reader, shown_customer
from shared.erasure.kept import Progress, progress
from shared.http import ReadSession, SealerDep
from shared.runtime import Line
from shared.web.render import render

router = APIRouter(include_in_schema=False)
LONG = timedelta(hours=1)  # a pass over all of a database takes less


@router.get("/fragments/erasures")
async def erasures_fragment(
    request: Request,
    session: ReadSession,
    sealer: SealerDep,
    _: Reader,
    asked: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """`asked`: how many were asked for; what is missing of them this service has not heard of yet."""
    found = await progress(session)
    return render(
        request,
        "fragments/erasures.html",
        title=request.app.state.service.title,
        found=found,
        waiting=[shown_customer(one, sealer) for one in found.waiting],
        unheard=max(0, asked - found.heard),
    )


def erasure_lines(found: Progress, now: datetime) -> Iterator[Line]:
    """`now` is machine time. Who they are is for administrators alone."""
    waiting = found.heard - found.erased
    if found.since is not None:
        yield Line("个人信息删除", f"清理中 {waiting:,} 位", "bad" if now - found.since > LONG else "warn")
    elif found.heard:
        yield Line("个人信息删除", f"{found.heard:,} 位都已清理", "good")
