"""The page of people: who may sign in, as what, from where; for administrators, and for supervisors as far as they may."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from services.gateway.access import Admin, PeopleChanger, PeopleReader
from services.gateway.adapters.passwords import Passwords, passwords_of
from services.gateway.commands import people as commands
from services.gateway.commands.people_import import take_sheet
from services.gateway.domain.people import SUPERVISED, Person, is_over, plain_login, plain_skills
from services.gateway.domain.people_sheet import TITLES, parts
from services.gateway.procedures import accounts
from services.gateway.store import people
from services.gateway.store.people import PeopleFilter
from shared.auth import Principal, Role
from shared.contracts.words import SKILLS, word_of
from shared.errors import HuifangError, InvalidInput, PreconditionFailed
from shared.front_door import own_address
from shared.http import ReadSession, transaction
from shared.pagination import paged, text_of
from shared.roles import ROLE_NAMES
from shared.web import render
from shared.web.addresses import panel_of
from shared.zone import ORG_ZONE

router = APIRouter(prefix="/people", include_in_schema=False)
PasswordsDep = Annotated[Passwords, Depends(passwords_of)]
LoginPath = Annotated[str, Path(max_length=64)]
Code = Annotated[str, Query(max_length=64)]
Version = Annotated[int, Form(ge=0, le=2**31 - 1)]
Line = Annotated[str, Form(max_length=4000)]
ON_A_PAGE = 50
EMPTY: Mapping[str, Any] = {
    "login": "", "name": "", "roles": (), "units": (), "teams": (), "worker": "", "skills": (), "shift": "",
}  # fmt: skip


@router.get("")
async def people_page(
    request: Request,
    session: ReadSession,
    viewer: PeopleReader,
    q: Code = "",
    role: Code = "",
    unit: Code = "",
    team: Code = "",
    state: Code = "",
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    disabled = {"disabled": True, "active": False}.get(state)
    wanted = PeopleFilter(q.strip(), role, unit.strip(), team.strip(), disabled)
    rows = await people.list_people(session, viewer.scope, wanted, text_of(cursor), ON_A_PAGE + 1)
    items, following = paged(rows, ON_A_PAGE, lambda person: (person.login,))
    kept = {"q": q, "role": role, "unit": unit, "team": team, "state": state}
    kept = {name: value for name, value in kept.items() if value}
    return render(
        request,
        "people.html",
        people=items,
        filters=kept,
        role_names=ROLE_NAMES,
        **_issuing(request),
        administers=accounts.actor_of(viewer).administers,
        present=panel_of(request, "visits", "/fragments/presence") if viewer.may(Role.SUPERVISOR) else "",
        following=f"{own_address(request, '/people')}?{urlencode(kept | {'cursor': following})}" if following else "",
        paging=cursor is not None,
    )


@router.get("/new")
async def new_page(request: Request, principal: Admin) -> Response:
    return _form(request, principal, EMPTY)


class Fields:
    """What the form of a person holds."""

    def __init__(
        self,
        named: Annotated[str, Form(alias="login", max_length=200)] = "",
        name: Line = "",
        roles: Annotated[list[str], Form(max_length=20)] = [],  # noqa: B006 - FastAPI copies it
        units: Line = "",
        teams: Line = "",
        worker: Line = "",
        skills: Line = "",
        shift: Line = "",
    ) -> None:
        self.values: dict[str, Any] = {
            "login": plain_login(named),
            "name": name.strip(),
            "roles": [Role(role) for role in roles if role in set(Role)],
            "units": parts(units),
            "teams": parts(teams),
            "worker": worker.strip(),
            "skills": plain_skills(parts(skills)),
            "shift": shift.strip(),
        }


Filled = Annotated[Fields, Depends()]


@router.post("")
async def add(request: Request, principal: Admin, filled: Filled, passwords: PasswordsDep) -> Response:
    try:
        async with transaction(request) as work:
            person, password = await commands.create_person(work, principal, passwords, filled.values)
    except (InvalidInput, accounts.LoginTaken) as error:
        return _form(request, principal, filled.values, error=error)
    return _issued(request, person, password)


@router.get("/import")
async def import_page(request: Request, _: Admin) -> Response:
    return _import(request)


@router.post("/import")
async def take_import(
    request: Request, principal: Admin, passwords: PasswordsDep, file: UploadFile | None = None, do: Line = "try"
) -> Response:
    """Try the sheet, or take it in."""
    try:
        content = await file.read() if file else b""
        db = request.app.state.runtime.db
        planned, given = await take_sheet(db, principal, passwords, content, dry_run=do != "import")
    except HuifangError as error:
        return _import(request, error.status, trouble=error.detail or error.title)
    faulty = sum(each.result == "faulty" for each in planned)
    return _import(request, planned=planned, given=given, faulty=faulty, tried=do != "import")


@router.get("/{login}")
async def person_page(request: Request, login: LoginPath, viewer: PeopleReader) -> Response:
    async with transaction(request) as work:
        person = await accounts.find_person(work, viewer, login)
    return _form(request, viewer, _values(person), person)


@router.post("/{login}")
async def change(
    request: Request, login: LoginPath, principal: PeopleChanger, filled: Filled, version: Version = 0
) -> Response:
    async with transaction(request) as work:
        person = await accounts.find_person(work, principal, login)
    mine = _editable(principal) - {"login"}
    values = _values(person) | {field: filled.values[field] for field in mine}
    changes = {field: values[field] for field in mine if set_of(values[field]) != set_of(getattr(person, field))}
    try:
        async with transaction(request) as work:
            await accounts.change_person(work, principal, login, version, changes)
    except (InvalidInput, PreconditionFailed) as error:
        if version < 1:
            raise
        return _form(request, principal, values, person, error)
    return RedirectResponse(own_address(request, "/people"), 303)


def set_of(value: Any) -> Any:
    """As values are compared: the order of codes says nothing."""
    return frozenset(value) if isinstance(value, list | tuple) else value


@router.post("/{login}/disable")
async def disable(request: Request, login: LoginPath, principal: Admin, version: Version = 0) -> Response:
    return await _switch(request, login, principal, version, True)


@router.post("/{login}/enable")
async def enable(request: Request, login: LoginPath, principal: Admin, version: Version = 0) -> Response:
    return await _switch(request, login, principal, version, False)


@router.post("/{login}/reset")
async def reset(
    request: Request, login: LoginPath, principal: Admin, passwords: PasswordsDep, version: Version = 0
) -> Response:
    async with transaction(request) as work:
        person, password = await commands.reset_password(work, principal, passwords, login, version)
    return _issued(request, person, password)


@router.post("/{login}/source")
async def set_source(
    request: Request,
    login: LoginPath,
    principal: Admin,
    source: Annotated[Literal["local", "oidc"], Form()],
    version: Version = 0,
) -> Response:
    """Let somebody in by the identity provider from now on, or by a password, which they are given next."""
    async with transaction(request) as work:
        await accounts.change_person(work, principal, login, version, {"source": source})
    return RedirectResponse(own_address(request, f"/people/{login}"), 303)


async def _switch(request: Request, login: str, principal: Principal, version: int, disabled: bool) -> Response:
    async with transaction(request) as work:
        await commands.set_disabled(work, principal, login, version, disabled)
    return RedirectResponse(own_address(request, f"/people/{login}"), 303)


def _values(person: Person) -> dict[str, Any]:
    return {field: getattr(person, field) for field in EMPTY}


def _editable(principal: Principal) -> frozenset[str]:
    """The fields that somebody's form lets them change; the rules have the last word."""
    actor = accounts.actor_of(principal)
    return frozenset(EMPTY) if actor.administers else SUPERVISED if actor.supervises else frozenset()


def _form(
    request: Request,
    principal: Principal,
    values: Mapping[str, Any],
    person: Person | None = None,
    error: HuifangError | None = None,
) -> Response:
    """The form of a new person, or of `person`, holding `values`; an error is told at its fields."""
    troubles = {each["field"]: each["message"] for each in error.extra.get("errors", ())} if error else {}
    trouble = "" if error is None or troubles else f"{error.title}：{error.detail}" if error.detail else error.title
    now = _values(person) if person and isinstance(error, PreconditionFailed) else {}
    return render(
        request,
        "person.html",
        error.status if error else 200,
        person=person,
        values=values,
        titles=TITLES,
        troubles=troubles,
        trouble=trouble,
        # what somebody else has made of it meanwhile, where it differs from what is filled in
        theirs={field: value for field, value in now.items() if set_of(value) != set_of(values[field])},
        changed_at=person.updated_at.astimezone(ORG_ZONE) if person else None,
        skill_names=lambda codes: [word_of(SKILLS, code) for code in codes],
        editable=_editable(principal),
        administers=accounts.actor_of(principal).administers,
        itself=person is not None and person.login == principal.id,
        role_names=ROLE_NAMES,
        **_issuing(request),
        provider=request.app.state.service.sign_in_elsewhere,
    )


def _issued(request: Request, person: Person, password: str) -> Response:
    """The password is shown here, once: it is in no address, and no other page has it."""
    return render(request, "issued.html", person=person, password=password, **_issuing(request))


def _import(request: Request, status: int = 200, **more: Any) -> Response:
    context: dict[str, Any] = {"planned": [], "given": None, "faulty": 0, "tried": True, "trouble": ""}
    return render(request, "people_import.html", status, titles=TITLES, **(context | more | _issuing(request)))


def _issuing(request: Request) -> dict[str, Any]:
    """What templates tell of issued passwords with: `is_over(person)`, and a moment as `until(at)`."""
    now = request.app.state.runtime.clock.machine()
    return {"is_over": lambda person: is_over(person, now), "until": _until}


def _until(at: datetime) -> str:
    return f"{at.astimezone(ORG_ZONE):%Y-%m-%d %H:%M}"
