"""The customers' own page, `/q`: a code from a message opens the questionnaire, once.

Nobody signs in, nothing is set in the browser, and it works without a script: each step is a form. The code comes in the
body, never in an address, so that it stands in no log.
"""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.visits.commands import invitations
from services.visits.domain.errors import CodeNotUsable
from services.visits.domain.guesses import Guesses, home_of, left_of
from services.visits.pages import asked
from services.visits.procedures.invitations import answer
from services.visits.store import guesses
from shared.errors import TooManyFailures
from shared.http import transaction
from shared.observability.catalogue import counter
from shared.privacy.codes import typed
from shared.texts import storage_fault

router = APIRouter(include_in_schema=False)
CODES = counter(
    "huifang_visits_codes_total", "Codes that customers typed, by outcome", "客户输入编号次数",
    labels={"outcome": ("opened", "answered", "refused", "limited")},
)  # fmt: skip
MOST_BYTES = 64 << 10
MOST_FIELDS = 1_000
OPEN, ANSWER = "open", "answer"
# Each is said for every reason alike: nobody learns by trying which codes there are.
REFUSED = (
    "这个编号现在不能使用：可能输错了，也可能已过期或已提交过。请对照短信核对；如果刚才已经提交，我们已收到，不用再填。"
)
UNREADABLE = "提交的内容无法读取，请返回上一页重试。"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}


@router.get("/q")
async def ask_for_code(request: Request) -> Response:
    return _page(request, "customer/code.html")


@router.get("/q/thanks")
async def thank(request: Request) -> Response:
    return _page(request, "customer/thanks.html")


@router.post("/q")
async def take_form(request: Request) -> Response:
    """A code, or a code with answers. Only a right code is looked at further, and of wrong ones only so many."""
    try:
        form = await _form(request)
    except HTTPException as refused:
        return _page(request, "customer/code.html", refused.status_code, trouble=UNREADABLE)
    code = (form.get("code") or [""])[-1]
    try:
        return await _opened(request, code, form)
    except CodeNotUsable as refused:
        CODES.labels("refused").inc()
        return _page(request, "customer/code.html", refused.status, trouble=REFUSED)
    except TooManyFailures as limited:
        CODES.labels("limited").inc()
        page = _page(request, "customer/code.html", limited.status, trouble=f"{limited.title}（{limited.detail}）。")
        page.headers["Retry-After"] = str(limited.extra["retry_after"])
        return page


async def _opened(request: Request, code: str, form: asked.Form) -> Response:
    runtime = request.app.state.runtime
    now = runtime.clock.machine()
    await _count(request, code, now)
    async with transaction(request) as work:
        visit, questionnaire = await invitations.open_by_code(work, runtime.sealer, code)
        sent = asked.filled(visit, questionnaire, form, runtime.sealer)
        if sent.whole:
            await answer(work, visit, questionnaire, sent.answers)
    await _give_back(request, now)
    CODES.labels("answered" if sent.whole else "opened").inc()
    if sent.whole:
        return RedirectResponse("/q/thanks", 303, headers=HEADERS)
    return _page(
        request,
        "customer/questions.html",
        422 if sent.errors else 200,
        code=typed(code),
        title=questionnaire.title,
        about=asked.about(visit, questionnaire),
        sent=sent,
        shown=asked.SHOWN,
        prefix=asked.FIELD,
    )


async def _form(request: Request) -> asked.Form:
    """What was sent, by name. Raises HTTPException for what is too large or no form."""
    request.scope["max_body"] = MOST_BYTES
    body = await request.body()
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise HTTPException(415)
    try:
        form = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise HTTPException(400) from error
    if any(storage_fault(value) for values in form.values() for value in values):
        raise HTTPException(400)
    return form


async def _count(request: Request, code: str, now: datetime) -> None:
    """Raises TooManyFailures. What can be no code is no guess."""
    if not typed(code):
        return
    settings = request.app.state.runtime.settings
    if wait := _guesses(request).take(_address(request), now):
        raise TooManyFailures(wait)
    most, most_in_all = settings.wrong_codes, settings.wrong_codes_in_all
    async with transaction(request) as work:  # of its own: it counts also when the code is refused
        taken = await guesses.take(work.session, home_of(_address(request)), now, most, most_in_all)
    if not taken:
        raise TooManyFailures(left_of(now))


async def _give_back(request: Request, now: datetime) -> None:
    """The code tried `now` was right. In a transaction of its own: others wait for these rows."""
    _guesses(request).give_back(_address(request))
    async with transaction(request) as work:
        await guesses.give_back(work.session, home_of(_address(request)), now)


def _guesses(request: Request) -> Guesses:
    runtime = request.app.state.runtime
    made: Guesses = runtime.state.setdefault(
        "guesses", Guesses(runtime.settings.wrong_codes, runtime.settings.wrong_codes_in_all)
    )
    return made


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _page(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    state = request.app.state
    values = {"trouble": "", "asset": lambda name: state.assets.address(request, name)} | context
    return HTMLResponse(state.pages.get_template(template).render(values), status, headers=HEADERS)
