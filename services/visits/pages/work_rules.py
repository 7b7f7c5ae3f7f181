"""「作业规则」: what a deployment sets about visits, in words: the version in force, all that were, and a form to change it."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from services.visits.access import RulesOwner, RulesPageReader
from services.visits.api.dependencies import KeptRulesDep, ShownRulesDep, kept_rules
from services.visits.commands import work_rules as commands
from services.visits.commands.work_rules import Planned
from services.visits.domain import work_rules_words as words
from services.visits.domain.errors import InvalidWorkRules
from services.visits.domain.results import GROUPS, RESULTS, ResultCode
from services.visits.domain.work_rules import RulesVersion
from services.visits.domain.work_rules_document import UNIT_NAMES, Duration, RulesDocument
from services.visits.pages import rules_form
from services.visits.pages.rules_form import Fields
from services.visits.store import work_rules as store
from shared.auth import Principal, Role
from shared.errors import PreconditionFailed
from shared.front_door import own_address
from shared.hours import frames_text
from shared.http import ReadSession, transaction
from shared.messaging import Work
from shared.pagination import Cursor, number_of, paged
from shared.privacy import mask_text
from shared.web import render
from shared.zone import ORG_ZONE

router = APIRouter(prefix="/work-rules", include_in_schema=False)
ON_A_PAGE = 20
LONGEST_REASON = 500


@router.get("")
async def page(
    request: Request, viewer: RulesPageReader, session: ReadSession, kept: KeptRulesDep, current: ShownRulesDep,
    cursor: Cursor = None,
) -> Response:  # fmt: skip
    """The rules in force, and the versions; the one before the oldest shown says what that one changed."""
    found = await store.list_versions(session, number_of(cursor), ON_A_PAGE + 1) or [kept.first]
    shown, following = paged(found, ON_A_PAGE, lambda one: (one.version,))
    return render(
        request,
        "work_rules.html",
        now=_headed(current),
        settings=_general(current),
        codes=[_code(one, current) for one in current.rules.results.values()],
        versions=[_version(one, before) for one, before in zip(shown, [*found[1:], None], strict=False)],
        following=following,
        is_first=cursor is None,
        owns=_owns(viewer),
    )


@router.get("/edit")
async def edit(request: Request, _owner: RulesOwner, current: ShownRulesDep) -> Response:
    return _form(request, current, rules_form.fields_of(RulesDocument.of(current.rules)))


@router.post("/edit")
async def change(request: Request, owner: RulesOwner) -> Response:
    """Tell what the form would change, or change it. What was filled in stays whatever is wrong with it."""
    async with request.form(max_fields=5_000) as form:
        given = _texts(form)
    filled = rules_form.read(given)
    kept = await kept_rules(request)
    seen, reason = _seen(given), mask_text(given.get("reason", "").strip())
    try:
        document = filled.document()
        saves = given.get("do") == "save"
        if saves and not 0 < len(reason) <= LONGEST_REASON:
            raise InvalidWorkRules(
                errors=[{"field": "reason", "message": f"请写明为什么修改，{LONGEST_REASON} 字以内"}]
            )
        async with transaction(request) as work:
            if saves:
                await commands.set_rules(work, owner, document, reason, seen, kept)
                return RedirectResponse(own_address(request, "/work-rules"), 303)
            current = await kept.current(work.session)
            planned = await commands.plan(work, document, current)
            theirs = await _since(work, seen, current)
    except InvalidWorkRules as error:
        async with transaction(request) as work:
            current = await kept.current(work.session)
            theirs = await _since(work, seen, current)
        return _form(request, current, filled.fields, 422, faults=error.extra["errors"], theirs=theirs, reason=reason)
    except PreconditionFailed:
        async with transaction(request) as work:
            current = await kept.current(work.session)
            planned = await commands.plan(work, document, current)
            theirs = await _since(work, seen, current)
        return _form(request, current, filled.fields, 412, planned=planned, theirs=theirs, reason=reason)
    return _form(request, current, filled.fields, planned=planned, theirs=theirs, reason=reason)


async def _since(work: Work, seen: int, current: RulesVersion) -> list[dict[str, Any]]:
    """The versions that others have set since the one that the form was made of."""
    if seen >= current.version:
        return []
    found = await store.list_versions(work.session, None, min(current.version - seen, ON_A_PAGE) + 1)
    return [_version(one, before) for one, before in pairwise(found)]


def _form(
    request: Request,
    current: RulesVersion,
    fields: Fields,
    status: int = 200,
    *,
    planned: Planned | None = None,
    faults: Sequence[dict[str, str]] = (),
    theirs: Sequence[dict[str, Any]] = (),
    reason: str = "",
) -> Response:
    """The form as filled in. Its version is the one in force: who saves after having been told of others' changes means it."""
    titles = words.titles_of(RulesDocument.of(current.rules), *([planned.document] if planned else []))
    return render(
        request,
        "work_rules_edit.html",
        status,
        now=_headed(current),
        fields=defaultdict(str, fields),  # what a form lacks is empty
        rows=range(rules_form.rows_of(fields)),
        platform=RESULTS,
        endings=words.ENDINGS,
        units=UNIT_NAMES,
        titles=words.FIELDS,
        groups=list(GROUPS.values()),
        changes=words.in_words(planned.changes, titles) if planned else None,
        warnings=planned.warnings if planned else (),
        troubles={rules_form.input_of(each["field"]): each["message"] for each in reversed(faults)},
        theirs=theirs,
        reason=reason,
    )


def _texts(form: FormData) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _seen(given: Fields) -> int:
    text = given.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _owns(viewer: Principal) -> bool:
    return viewer.may(Role.SUPERVISOR) and viewer.scope.whole


def _headed(kept: RulesVersion) -> dict[str, Any]:
    at = kept.at.astimezone(ORG_ZONE) if kept.at else None
    by = "部署的设置" if kept.by in ("", commands.BY_SETTINGS) else kept.by
    return {"version": kept.version, "at": at, "by": by, "reason": kept.reason}


def _version(kept: RulesVersion, before: RulesVersion | None) -> dict[str, Any]:
    """A version, and what it changed of the one before."""
    if before is None:
        return _headed(kept) | {"changes": None}
    old, new = RulesDocument.of(before.rules), RulesDocument.of(kept.rules)
    return _headed(kept) | {"changes": words.in_words(words.changes_of(old, new), words.titles_of(old, new))}


def _general(current: RulesVersion) -> list[tuple[str, str]]:
    document = RulesDocument.of(current.rules)
    flat, titles = document.flat, words.titles_of(document)
    return [
        (title, words.value_in_words(at, flat[at], titles)) for at, title in words.FIELDS.items() if at != "results"
    ]


def _code(code: ResultCode, current: RulesVersion) -> dict[str, Any]:
    """A result code as the table shows it: `then` is what follows from it."""
    if code.ending:
        then = words.ENDINGS[code.ending]
    elif code.means == "callback_agreed":
        then = "在约定的时间再次联系"
    elif isinstance(code.wait, str):
        then = f"{words.NEXT_WORKING_DAY}再次联系"
    else:
        then = f"{Duration.of(code.wait).words}后再次联系"
    if code.frames:
        then += f"，在 {frames_text(code.frames)}"
    needs = [name for name, flag in (("备注", code.needs_note), ("已有答案", code.needs_answers)) if flag]
    return {
        "code": code,
        "means": RESULTS[code.means].label if code.own else "",
        "then": then,
        "needs": "、".join(needs),
        "invites": code.code in current.rules.invite_after,
        "repeats": not code.ending,
    }
