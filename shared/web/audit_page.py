"""The audit page: who did what, when and to what, a panel for every service; filters are kept in the address.

At the gateway, behind the front door, it has the panels of all services; elsewhere that of the service itself.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from shared import audit
from shared.audit_api import AuditFilter, Auditor
from shared.audit_check import look
from shared.audit_export import shown
from shared.audit_words import WORDS
from shared.http import ClockDep, ReadSession, SealerDep
from shared.moments import OptionalDay
from shared.pagination import Cursor, paged, time_and_id
from shared.web.addresses import panels_of
from shared.web.render import render
from shared.zone import ORG_ZONE, midnight

router = APIRouter(include_in_schema=False)
ROWS = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page's form asks for; days are the organisation's, `last` is included."""

    principal: str
    action: str
    object: str
    first: date | None
    last: date | None

    @property
    def filter(self) -> AuditFilter:
        since = midnight(self.first) if self.first else None
        until = midnight(self.last + timedelta(days=1)) if self.last else None
        return AuditFilter(self.principal, self.action, self.object, since, until)

    def query(self, **more: Any) -> str:
        """For the address of the page and its fragments; `more` is added, or put instead."""
        said = {"principal": self.principal, "action": self.action, "object": self.object,
                "from": self.first, "to": self.last}  # fmt: skip
        return urlencode({name: value for name, value in (said | more).items() if value})

    @property
    def export_query(self) -> str:
        """For the API, which takes moments instead of days."""
        wanted = self.filter
        moments = {"from": wanted.since, "to": wanted.until}
        return self.query(**{name: moment and moment.isoformat() for name, moment in moments.items()})


def asked(
    principal: Annotated[str, Query(max_length=200)] = "",
    action: Annotated[str, Query(max_length=100)] = "",
    object_id: Annotated[str, Query(alias="object", max_length=200)] = "",
    first: Annotated[OptionalDay, Query(alias="from")] = None,
    last: Annotated[OptionalDay, Query(alias="to")] = None,
) -> Asked:
    return Asked(principal.strip(), action, object_id.strip(), first, last)


Question = Annotated[Asked, Depends(asked)]


@router.get("/audit")
async def audit_page(request: Request, _: Auditor, question: Question) -> Response:
    return render(request, "audit.html", asked=question, words=WORDS, panels=panels_of(request))


@router.get("/fragments/audit")
async def audit_fragment(
    request: Request, session: ReadSession, sealer: SealerDep, _: Auditor, question: Question, cursor: Cursor = None
) -> Response:
    """A page of this service's entries, the newest first."""
    rows = await audit.list_entries(session, question.filter.conditions, time_and_id(cursor), ROWS + 1)
    items, following = paged(rows, ROWS, lambda entry: (entry.at, entry.id))
    return render(
        request,
        "fragments/audit.html",
        title=request.app.state.service.title,
        entries=[shown(entry, sealer) for entry in items],
        newest=question.query(),
        older=question.query(cursor=following) if following else "",
        export=question.export_query,
        is_first=cursor is None,
    )


@router.get("/fragments/audit/chain")
async def chain_fragment(request: Request, session: ReadSession, clock: ClockDep, _: Auditor) -> Response:
    """Whether this service's chain is whole, and when all of it was computed last."""
    seen = await look(session, clock.now())
    mark = seen.now.mark(request.app.state.service.name)
    at = f"{seen.whole.at.astimezone(ORG_ZONE):%Y-%m-%d %H:%M}"
    return render(request, "fragments/audit_chain.html", seen=seen, whole_at=at, newest=mark)
