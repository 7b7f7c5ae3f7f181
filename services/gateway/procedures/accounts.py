"""Accounts are made and changed: saved, told to the other services (`person.changed`) and audited in one transaction.

What takes rights or the password away ends the person's sessions. Tries to sign in are counted, so that who guesses waits.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.gateway.adapters.passwords import Issued
from services.gateway.domain.people import (
    LOCAL,
    Actor,
    Person,
    change_fault,
    faults,
    read_shift,
    void_before,
)
from services.gateway.domain.sign_in import Count, one_more, waits_until
from services.gateway.store import people
from shared.audit import as_before
from shared.auth import Principal, Role
from shared.contracts.people import PersonChanged
from shared.errors import Conflict, Forbidden, NotFound, TooManyFailures, refuse
from shared.http import audit, require_version
from shared.messaging.work import Work
from shared.sessions import void_sessions


class LoginTaken(Conflict):
    title = "登录名已被使用"
    code = "login-taken"


def actor_of(principal: Principal) -> Actor:
    """What somebody may change of people."""
    administers = principal.has(Role.ADMIN) and principal.scope.whole
    return Actor(principal.id, administers, principal.may(Role.SUPERVISOR))


async def add_person(work: Work, principal: Principal, person: Person) -> None:
    """Keep a new account. Raises LoginTaken."""
    if not await people.save_person(work.session, person, new=True):
        raise LoginTaken(f"登录名 {person.login}")
    await _tell(work, principal, person, None, "person.created", roles=person.roles, units=person.units)


def new_person(work: Work, fields: Mapping[str, Any], issued: Issued | None) -> Person:
    """Of fields without faults; somebody whom the identity provider lets in is issued no password."""
    return Person(
        login=fields["login"],
        name=fields["name"],
        password=issued.stored if issued else "",
        roles=tuple(dict.fromkeys(map(Role, fields["roles"]))),
        units=tuple(dict.fromkeys(fields.get("units", ()))),
        teams=tuple(dict.fromkeys(fields.get("teams", ()))),
        worker=fields.get("worker", ""),
        shift=read_shift(fields.get("shift", "")) or "",
        disabled=False,
        must_change_password=issued is not None,
        version=1,
        created_at=work.now(),
        updated_at=work.now(),
        source=fields.get("source", LOCAL),
        skills=tuple(dict.fromkeys(fields.get("skills", ()))),
        issued_until=issued.until if issued else None,
    )


async def find_person(work: Work, principal: Principal, login: str, lock: bool = False) -> Person:
    """Somebody whom the principal sees. Raises NotFound."""
    person = await people.get_person(work.session, login, lock)
    if person is None or not principal.scope.sees(*person.units):
        raise NotFound(f"没有登录名为 {login} 的人员")
    return person


async def change_person(work: Work, principal: Principal, login: str, seen: int, changes: Mapping[str, Any]) -> Person:
    """Change what is said of somebody. Raises NotFound, PreconditionFailed, Forbidden, InvalidInput."""
    person = await lock_person(work, principal, login, seen, *changes)
    refuse(list(faults(changes)))
    changed = changed_by(person, changes)
    told = {**changes, "before": as_before(person, changes)}
    return await save_changed(work, principal, person, changed, "person.changed", **told)


def changed_by(person: Person, changes: Mapping[str, Any]) -> Person:
    """After changes without faults."""
    codes = {name: tuple(dict.fromkeys(changes[name])) for name in ("units", "teams", "skills") if name in changes}
    codes |= {"roles": tuple(dict.fromkeys(map(Role, changes["roles"])))} if "roles" in changes else {}
    shift = {"shift": read_shift(changes["shift"]) or ""} if "shift" in changes else {}
    source = changes.get("source", person.source)
    # people of the identity provider have no password here; people who sign in here are unknown to it
    none = {"password": "", "must_change_password": False, "issued_until": None, "subject": ""}
    moved = none if source != person.source else {}
    return replace(person, **{**changes, **codes, **shift, **moved})


async def lock_person(work: Work, principal: Principal, login: str, seen: int, *fields: str) -> Person:
    person = await find_person(work, principal, login, lock=True)
    require_version(seen, person.version)
    if fault := change_fault(actor_of(principal), person, fields):
        raise Forbidden(fault)
    return person


async def let_in(work: Work, person: Person, before: Person | None) -> Person:
    """Keep what the identity provider says of somebody, `before` None for a new one. Raises LoginTaken."""
    if before == person:
        return person
    detail = {name: getattr(person, name) for name in ("roles", "units", "teams", "worker", "skills")}
    if before is not None:
        told = {**detail, "before": as_before(before, detail)}
        return await save_changed(work, principal_of(person), before, person, "person.provided", **told)
    made = replace(person, version=1)
    if not await people.save_person(work.session, made, new=True):
        raise LoginTaken(f"登录名 {person.login}")
    await _tell(work, principal_of(made), made, None, "person.provided", **detail)
    return made


async def save_changed(
    work: Work, principal: Principal, person: Person, changed: Person, action: str, **detail: Any
) -> Person:
    saved = replace(changed, version=person.version + 1, updated_at=work.now())
    await people.save_person(work.session, saved)
    await _tell(work, principal, saved, person, action, **detail)
    return saved


async def _tell(
    work: Work, principal: Principal, person: Person, was: Person | None, action: str, **detail: Any
) -> None:
    void = void_before(was, person, work.clock.machine()) if was else None
    if void is not None:
        await void_sessions(work, person.login, void)
    tell_of_person(work, person, void)
    await audit(work, principal, action, person.login, **detail)


def tell_of_person(work: Work, person: Person, void: datetime | None) -> None:
    changed = PersonChanged(
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
    work.publish(changed, key=person.login, lineage=person.login)


def principal_of(person: Person) -> Principal:
    """Who somebody is once signed in."""
    return Principal(
        person.login, person.roles, person.name, person.units, person.teams, person.worker, skills=person.skills
    )


async def count_try(work: Work, counted: tuple[Count, ...]) -> None:
    """One more try under each key. Raises TooManyFailures while one of them must wait."""
    now = work.clock.machine()
    failed = await people.lock_failures(work.session, [each.key for each in counted], now)
    ends = max((until for each in counted if (until := waits_until(each, failed[each.key]))), default=now)
    if ends > now:
        raise TooManyFailures(max(1, round((ends - now).total_seconds())))
    await people.save_failures(work.session, {key: one_more(one, now) for key, one in failed.items()})
