"""Signing in with a name and a password.

Each try is counted before the password is looked at, and taken back when it was right, so that many at once are no way
around the waiting. No connection to the database is held while a password is hashed.
"""

from datetime import datetime

from services.gateway.adapters.passwords import Passwords
from services.gateway.domain.people import Person, is_over, plain_login
from services.gateway.domain.sign_in import counts
from services.gateway.procedures.accounts import count_try
from services.gateway.store import people
from shared.db import Database
from shared.errors import Unauthorized

WRONG = "登录名或密码不对，或账号已停用"  # the same for all: nobody learns which names there are
OVER = f"{WRONG}；您的一次性密码已过有效期，请联系系统管理员重新发放"  # only whoever has the right password is told


async def sign_in(
    db: Database, passwords: Passwords, login: str, password: str, address: str
) -> tuple[Person, datetime]:
    """Who it is, and at what moment (machine time): what ends their sessions later is after it.

    Raises Unauthorized, TooManyFailures.
    """
    login = plain_login(login)
    counted = counts(login, address)
    async with db.work() as work:
        await count_try(work, counted)
        known = await people.get_person(work.session, login)
    stored = known.password if known and not known.disabled else ""
    if not await passwords.is_right(password, stored):
        raise Unauthorized(WRONG)
    if known is not None and is_over(known, db.clock.machine()):
        raise Unauthorized(OVER)
    async with db.work() as work:
        person = await people.get_person(work.session, login, lock=True)
        if person is None or person.disabled or person.password != stored:
            raise Unauthorized(WRONG)  # changed meanwhile
        *own, of_address = (each.key for each in counted)
        await people.clear_failures(work.session, own)
        await people.take_back_failure(work.session, of_address)
        return person, work.clock.machine()
