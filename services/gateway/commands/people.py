"""People: accounts made, changed, disabled, given passwords, and read from a sheet.

Each change is saved, told to the other services (`person.changed`) and audited in one transaction; one that takes rights or
the password away ends the person's sessions.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.gateway.adapters.passwords import Passwords, issue_password
from services.gateway.domain.people import (
    LOCAL,
    OIDC,
    Actor,
    Person,
    change_fault,
    faults,
    password_fault,
    read_shift,
    void_before,
)
from services.gateway.store import people
from shared.auth import Principal, Role
from shared.contracts.people import PersonChanged
from shared.errors import Conflict, Forbidden, NotFound, refuse
from shared.http import audit, require_version
from shared.messaging.work import Work
from shared.sessions import void_sessions

PUBLISHED_AGAIN_AFTER = timedelta(days=1)


class LoginTaken(Conflict):
    title = "登录名已被使用"
    code = "login-taken"


class NoPasswordHere(Conflict):
    """The identity provider keeps the person's password, not this platform."""

    title = "此人用统一身份认证登录，本系统没有其密码"
    code = "no-password-here"


def actor_of(principal: Principal) -> Actor:
    """What somebody may change of people."""
    administers = principal.has(Role.ADMIN) and principal.scope.whole
    return Actor(principal.id, administers, principal.may(Role.SUPERVISOR))


async def create_person(
    work: Work, principal: Principal, passwords: Passwords, fields: Mapping[str, Any]
) -> tuple[Person, str]:
    """An account with a password to give to its person, who must change it; "" for one of the identity provider.

    Raises InvalidInput, LoginTaken, Forbidden.
    """
    if not actor_of(principal).administers:
        raise Forbidden("只有系统管理员可以添加人员")
    refuse(list(faults(fields)))
    password = issue_password() if fields.get("source", LOCAL) == LOCAL else ""
    person = new_person(work, fields, await passwords.hash(password) if password else "")
    await add_person(work, principal, person)
    return person, password


async def add_person(work: Work, principal: Principal, person: Person) -> None:
    """Keep a new account. Raises LoginTaken."""
    if not await people.save_person(work.session, person, new=True):
        raise LoginTaken(f"登录名 {person.login}")
    await _tell(work, principal, person, None, "person.created", roles=person.roles, units=person.units)


def new_person(work: Work, fields: Mapping[str, Any], password: str) -> Person:
    """Of fields without faults; `password` is its hash, "" of somebody whom the identity provider lets in."""
    return Person(
        login=fields["login"],
        name=fields["name"],
        password=password,
        roles=tuple(dict.fromkeys(map(Role, fields["roles"]))),
        units=tuple(dict.fromkeys(fields.get("units", ()))),
        teams=tuple(dict.fromkeys(fields.get("teams", ()))),
        worker=fields.get("worker", ""),
        shift=read_shift(fields.get("shift", "")) or "",
        disabled=False,
        must_change_password=bool(password),
        version=1,
        created_at=work.now(),
        updated_at=work.now(),
        source=fields.get("source", LOCAL),
        skills=tuple(dict.fromkeys(fields.get("skills", ()))),
    )


async def find_person(work: Work, principal: Principal, login: str, lock: bool = False) -> Person:
    """Somebody whom the principal sees. Raises NotFound."""
    person = await people.get_person(work.session, login, lock)
    if person is None or not principal.scope.sees(*person.units):
        raise NotFound(f"没有登录名为 {login} 的人员")
    return person


async def change_person(work: Work, principal: Principal, login: str, seen: int, changes: Mapping[str, Any]) -> Person:
    """Change what is said of somebody. Raises NotFound, PreconditionFailed, Forbidden, InvalidInput."""
    person = await _lock(work, principal, login, seen, *changes)
    refuse(list(faults(changes)))
    changed = changed_by(person, changes)
    return await _save(work, principal, person, changed, "person.changed", **dict(changes))


def changed_by(person: Person, changes: Mapping[str, Any]) -> Person:
    """After changes without faults."""
    codes = {name: tuple(dict.fromkeys(changes[name])) for name in ("units", "teams", "skills") if name in changes}
    codes |= {"roles": tuple(dict.fromkeys(map(Role, changes["roles"])))} if "roles" in changes else {}
    shift = {"shift": read_shift(changes["shift"]) or ""} if "shift" in changes else {}
    source = changes.get("source", person.source)
    # people of the identity provider have no password here; people who sign in here are unknown to it
    moved = {"password": "", "must_change_password": False, "subject": ""} if source != person.source else {}
    return replace(person, **{**changes, **codes, **shift, **moved})


async def set_disabled(work: Work, principal: Principal, login: str, seen: int, disabled: bool) -> Person:
    """Let somebody in no more, or again. Raises NotFound, PreconditionFailed, Forbidden."""
    person = await _lock(work, principal, login, seen, "disabled")
    action = "person.disabled" if disabled else "person.enabled"
    return await _save(work, principal, person, replace(person, disabled=disabled), action)


async def reset_password(
    work: Work, principal: Principal, passwords: Passwords, login: str, seen: int
) -> tuple[Person, str]:
    """Another password to give to its person, who must change it.

    Raises NotFound, PreconditionFailed, Forbidden, NoPasswordHere.
    """
    person = await _lock(work, principal, login, seen, "password")
    if person.source == OIDC:
        raise NoPasswordHere("请在统一身份认证中重置，或先把此人改为用密码登录")
    password = issue_password()
    changed = replace(person, password=await passwords.hash(password), must_change_password=True)
    return await _save(work, principal, person, changed, "person.password_reset"), password


async def choose_password(work: Work, passwords: Passwords, login: str, password: str) -> tuple[Person, datetime]:
    """Somebody's own choice, which ends all their sessions; and the moment (machine time) from which new ones live.

    Raises InvalidInput, NotFound.
    """
    person = await people.get_person(work.session, login, lock=True)
    if person is None:
        raise NotFound("您的账号不是用密码登录的")
    if person.source == OIDC:
        raise NoPasswordHere("请在统一身份认证中修改密码")
    fault = password_fault(password, login)
    if not fault and await passwords.is_right(password, person.password):
        fault = "新密码不能与现在的相同"
    refuse([("password", fault)] if fault else [])
    changed = replace(person, password=await passwords.hash(password), must_change_password=False)
    return await _save(work, principal_of(person), person, changed, "person.password_changed"), work.clock.machine()


async def _lock(work: Work, principal: Principal, login: str, seen: int, *fields: str) -> Person:
    person = await find_person(work, principal, login, lock=True)
    require_version(seen, person.version)
    if fault := change_fault(actor_of(principal), person, fields):
        raise Forbidden(fault)
    return person


async def let_in(work: Work, person: Person, before: Person | None) -> Person:
    """Keep what the identity provider says of somebody, `before` None for a new one. Raises LoginTaken."""
    if before == person:
        return person
    detail = {"roles": person.roles, "units": person.units, "teams": person.teams, "worker": person.worker}
    if before is not None:
        return await _save(work, principal_of(person), before, person, "person.provided", **detail)
    made = replace(person, version=1)
    if not await people.save_person(work.session, made, new=True):
        raise LoginTaken(f"登录名 {person.login}")
    await _tell(work, principal_of(made), made, None, "person.provided", **detail)
    return made


async def _save(
    work: Work, principal: Principal, person: Person, changed: Person, action: str, **detail: Any
) -> Person:
    saved = replace(changed, version=person.version + 1, updated_at=work.now())
    await people.save_person(work.session, saved)
    await _tell(work, principal, saved, person, action, **detail)
    return saved


async def _tell(
    work: Work, principal: Principal, person: Person, before: Person | None, action: str, **detail: Any
) -> None:
    void = void_before(before, person, work.clock.machine()) if before else None
    if void is not None:
        await void_sessions(work, person.login, void)
    _publish(work, person, void)
    await audit(work, principal, action, person.login, **detail)


async def tell_again(work: Work) -> int:
    """Tell of people with a shift who were not told of for a day, for services that came later; returns how many."""
    now = work.clock.machine()
    due = await people.claim_unpublished(work.session, now, now - PUBLISHED_AGAIN_AFTER)
    for login in due:
        person = await people.get_person(work.session, login)
        if person is not None:
            _publish(work, person, None)
    return len(due)


def _publish(work: Work, person: Person, void: datetime | None) -> None:
    told = PersonChanged(
        person_id=person.login,
        name=person.name,
        roles=[str(role) for role in person.roles],
        units=list(person.units),
        teams=list(person.teams),
        worker=person.worker,
        shift=person.shift,
        skills=list(person.skills),
        disabled=person.disabled,
        version=person.version,
        changed_at=work.now(),
        sessions_void_before=void,
    )
    work.publish(told, key=person.login, lineage=person.login)


def principal_of(person: Person) -> Principal:
    """Who somebody is once signed in."""
    return Principal(
        person.login, person.roles, person.name, person.units, person.teams, person.worker, skills=person.skills
    )
