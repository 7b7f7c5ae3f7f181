"""People: accounts made, changed, disabled, given passwords, and read from a sheet.

Each change is saved, told to the other services (`person.changed`) and audited in one transaction; one that takes rights or
the password away ends the person's sessions.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.gateway.adapters.passwords import Passwords
from services.gateway.domain.people import (
    LOCAL,
    OIDC,
    Person,
    faults,
    password_fault,
)
from services.gateway.procedures.accounts import (
    actor_of,
    add_person,
    lock_person,
    new_person,
    principal_of,
    save_changed,
    tell_of_person,
)
from services.gateway.store import people
from shared.auth import Principal
from shared.errors import Conflict, Forbidden, NotFound, refuse
from shared.messaging.work import Work

PUBLISHED_AGAIN_AFTER = timedelta(days=1)


class NoPasswordHere(Conflict):
    """The identity provider keeps the person's password, not this platform."""

    title = "此人用统一身份认证登录，本系统没有其密码"
    code = "no-password-here"


async def create_person(
    work: Work, principal: Principal, passwords: Passwords, fields: Mapping[str, Any]
) -> tuple[Person, str]:
    """An account with a password to give to its person, who must change it; "" for one of the identity provider.

    Raises InvalidInput, LoginTaken, Forbidden.
    """
    if not actor_of(principal).administers:
        raise Forbidden("只有系统管理员可以添加人员")
    refuse(list(faults(fields)))
    issued = await passwords.issue(work.clock.machine()) if fields.get("source", LOCAL) == LOCAL else None
    person = new_person(work, fields, issued)
    await add_person(work, principal, person)
    return person, issued.password if issued else ""


async def set_disabled(work: Work, principal: Principal, login: str, seen: int, disabled: bool) -> Person:
    """Let somebody in no more, or again. Raises NotFound, PreconditionFailed, Forbidden."""
    person = await lock_person(work, principal, login, seen, "disabled")
    action = "person.disabled" if disabled else "person.enabled"
    return await save_changed(work, principal, person, replace(person, disabled=disabled), action)


async def reset_password(
    work: Work, principal: Principal, passwords: Passwords, login: str, seen: int
) -> tuple[Person, str]:
    """Another password to give to its person, who must change it.

    Raises NotFound, PreconditionFailed, Forbidden, NoPasswordHere.
    """
    person = await lock_person(work, principal, login, seen, "password")
    if person.source == OIDC:
        raise NoPasswordHere("请在统一身份认证中重置，或先把此人改为用密码登录")
    issued = await passwords.issue(work.clock.machine())
    changed = replace(person, password=issued.stored, must_change_password=True, issued_until=issued.until)
    return await save_changed(work, principal, person, changed, "person.password_reset"), issued.password


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
    stored = await passwords.hash(password)
    changed = replace(person, password=stored, must_change_password=False, issued_until=None)
    return await save_changed(
        work, principal_of(person), person, changed, "person.password_changed"
    ), work.clock.machine()


async def tell_again(work: Work) -> int:
    """Tell of people with a shift who were not told of for a day, for services that came later; returns how many.

    Of the others nothing has to be told again. A shift is all that another service keeps of people for good: name, roles,
    units, teams, worker and skills go with each session; that sessions were ended counts for as long as they could have
    lived, half a day, and a service that came later reads the events of that time itself.
    """
    now = work.clock.machine()
    due = await people.claim_unpublished(work.session, now, now - PUBLISHED_AGAIN_AFTER)
    for login in due:
        person = await people.get_person(work.session, login)
        if person is not None:
            tell_of_person(work, person, None)
    return len(due)
