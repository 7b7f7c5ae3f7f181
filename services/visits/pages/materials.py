"""「回访资料」: what came with visits, for those who oversee them: photographs and signatures, recordings, and replies that
wait for a decision; those that may be opt-outs are a panel of notifications. Filters are kept in the address."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.visits.access import Listener
from services.visits.adapters.files import Files, files_of
from services.visits.adapters.thumbnails import thumbnail_of
from services.visits.api.dependencies import ShownRulesDep
from services.visits.commands import materials as commands
from services.visits.domain import replies as rules
from services.visits.domain.attachments import Attachment
from services.visits.domain.errors import AttachmentNotFound, FilesUnavailable
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.replies import REASONS, StrayReply
from services.visits.domain.visit import State, Visit
from services.visits.domain.work_rules import WorkRules
from services.visits.pages.rows import STATES, clock_text, source_of
from services.visits.store import materials, questionnaires, replies
from services.visits.store.materials import Recording, Wanted
from shared.auth import Role
from shared.http import ClockDep, ReadSession, transaction
from shared.moments import OptionalDay
from shared.pagination import Cursor, id_of, paged, time_and_id
from shared.web import render
from shared.zone import local_day, midnight

router = APIRouter(prefix="/materials", include_in_schema=False)
DAYS = 7  # that are looked at unless somebody says others
PICTURES, ROWS = 12, 30
KINDS = {"photo": "照片", "signature": "客户签名"}


class Tab(StrEnum):
    PICTURES = "pictures"
    RECORDINGS = "recordings"
    REPLIES = "replies"
    DOUBTFUL = "doubtful"  # a panel of notifications, whose replies they are


TABS = {Tab.PICTURES: "照片与签名", Tab.RECORDINGS: "录音", Tab.REPLIES: "待处理的回复", Tab.DOUBTFUL: "疑似退订"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form asks for; days are the organisation's, `last` is included. `settled`: replies that were dealt with."""

    first: date
    last: date
    agent: str
    customer: str
    settled: bool

    @property
    def wanted(self) -> Wanted:
        return Wanted(midnight(self.first), midnight(self.last + timedelta(days=1)), self.agent, self.customer)

    def query(self, **more: Any) -> str:
        """For the address of the page and its parts."""
        said = {"from": self.first, "to": self.last, "agent": self.agent, "customer": self.customer,
                "settled": "1" if self.settled else ""}  # fmt: skip
        return urlencode({name: value for name, value in (said | more).items() if value})


def asked(
    clock: ClockDep,
    first: Annotated[OptionalDay, Query(alias="from")] = None,
    last: Annotated[OptionalDay, Query(alias="to")] = None,
    agent: Annotated[str, Query(max_length=64)] = "",
    customer: Annotated[str, Query(max_length=64)] = "",
    settled: bool = False,
) -> Asked:
    until = last or max(local_day(clock.now()), first or date.min)
    return Asked(first or until - timedelta(days=DAYS - 1), until, agent.strip(), customer.strip(), settled)


Question = Annotated[Asked, Depends(asked)]


@router.get("")
async def page(
    request: Request, viewer: Listener, session: ReadSession, question: Question,
    show: Annotated[Tab, Query()] = Tab.PICTURES,
) -> Response:  # fmt: skip
    return render(
        request,
        "materials.html",
        asked=question,
        show=show,
        tabs=TABS,
        waiting=await replies.count_open(session, viewer.scope),
    )


@router.get("/pictures")
async def pictures(
    request: Request, viewer: Listener, clock: ClockDep, question: Question, cursor: Cursor = None
) -> Response:
    """Small pictures, drawn into the page itself: no address gives them to who was not shown this list."""
    async with transaction(request) as work:
        found, following = await commands.look_over(work, viewer, question.wanted, id_of(cursor), PICTURES)
    files, now = files_of(request.app.state.runtime), clock.now()
    tiles = [await _tile(files, attachment, visit, now) for attachment, visit in found]
    return _part(request, Tab.PICTURES, question, cursor, following, tiles=tiles)


@router.get("/recordings")
async def recordings(
    request: Request, viewer: Listener, session: ReadSession, clock: ClockDep, current: ShownRulesDep,
    question: Question, cursor: Cursor = None,
) -> Response:  # fmt: skip
    found = await materials.list_recordings(session, question.wanted, viewer.scope, id_of(cursor), ROWS + 1)
    shown, following = paged(found, ROWS, lambda one: (one.call_id,))
    rows = [_recorded(one, current.rules, clock.now()) for one in shown]
    return _part(request, Tab.RECORDINGS, question, cursor, following, rows=rows)


@router.get("/replies")
async def stray(
    request: Request, viewer: Listener, session: ReadSession, clock: ClockDep, question: Question, cursor: Cursor = None
) -> Response:
    """Replies in their order, each with the visits that it may be about."""
    found = await replies.list_replies(session, question.settled, viewer.scope, time_and_id(cursor), ROWS + 1)
    shown, following = paged(found, ROWS, lambda one: (one.received_at, one.id))
    visits = await materials.visits_by_id(session, (visit for one in shown for visit in one.visits), viewer.scope)
    questions = await questionnaires.asked_by(session, list(visits.values()))
    rows = [_reply(one, visits, questions, clock.now()) for one in shown]
    return _part(
        request, Tab.REPLIES, question, cursor, following, replies=rows, may_settle=viewer.may(Role.SUPERVISOR)
    )


def _part(
    request: Request, tab: Tab, question: Asked, cursor: str | None, following: str | None, **more: Any
) -> Response:
    older = question.query(cursor=following) if following else ""
    return render(
        request,
        f"materials/{tab}.html",
        asked=question,
        show=tab,
        older=older,
        is_first=cursor is None,
        newest=question.query(),
        **more,
    )


async def _tile(files: Files, attachment: Attachment, visit: Visit, now: datetime) -> dict[str, Any]:
    try:
        small = base64.b64encode(await thumbnail_of(await files.read(attachment.file))).decode()
    except (AttachmentNotFound, FilesUnavailable):
        small = ""
    return {
        "address": f"api/v1/visits/{visit.id}/attachments/{attachment.id}",
        "small": small,
        "kind": KINDS[attachment.kind],
        "filename": attachment.filename,
        **_about(visit, attachment.at, attachment.agent, now),
    }


def _recorded(one: Recording, current: WorkRules, now: datetime) -> dict[str, Any]:
    minutes, seconds = divmod(one.attempt.talk_seconds, 60)
    return {
        "address": f"api/v1/visits/{one.visit.id}/attempts/{one.attempt.id}/recording",
        "result": current.label_of(one.attempt.own_code or one.attempt.result),
        "talked": f"{minutes}:{seconds:02}",
        **_about(one.visit, one.attempt.at, one.attempt.agent, now),
    }


def _about(visit: Visit, at: datetime, agent: str, now: datetime) -> dict[str, Any]:
    return {
        "at": clock_text(at, now),
        "agent": agent,
        "customer_id": visit.customer.id,
        "customer": visit.customer.name or "客户",
        "what": " ".join(filter(None, (source_of(visit), visit.matters[0].subject if visit.matters else ""))),
    }


def _reply(
    one: StrayReply, visits: Mapping[UUID, Visit], asked_in: Mapping[UUID, Questionnaire], now: datetime
) -> dict[str, Any]:
    known = [visits[visit] for visit in one.visits if visit in visits]
    return {
        "reply": one,
        "at": clock_text(one.received_at, now),
        "why": REASONS[one.reason],
        "name": next((visit.customer.name for visit in known if visit.customer.name), "") or "客户",
        "visits": [_choice(visit, asked_in.get(visit.id), one.digit, now) for visit in known],
        "foreign": len(one.visits) - len(known),
        "settled_at": clock_text(one.settled_at, now) if one.settled_at else "",
        "settled_as": _settled(one, known),
    }


def _choice(visit: Visit, asked_in: Questionnaire | None, digit: int, now: datetime) -> dict[str, Any]:
    """A visit that a reply may be about; `meaning`: what the digit would say there, "" = it can't be its answer."""
    meaning = rules.word_of(asked_in, rules.answers_of(asked_in, digit)) if asked_in else ""
    return {
        "id": visit.id,
        "state": "回访中" if visit.state is State.CLAIMED else STATES[visit.state],
        "meaning": "" if visit.finished else meaning,
        **_about(visit, visit.due_at, visit.agent, now),
    }


def _settled(one: StrayReply, known: Sequence[Visit]) -> str:
    if one.refused:
        return "客户拒访"
    if one.visit_id is None:
        return "不作处理"
    answered = next((visit for visit in known if visit.id == one.visit_id), None)
    return f"作为「{source_of(answered)}」的回答" if answered else "作为一张单的回答"
