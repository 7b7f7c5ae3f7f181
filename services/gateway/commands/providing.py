"""Signing in at the identity provider: what came back is used once, and its person's account is as the provider says.

The try is counted for the caller's address before anything is asked of the provider, and taken back when it was right.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.gateway.domain.people import Person
from services.gateway.domain.provided import ClaimMap, enter, read_claims, subject_of
from services.gateway.domain.sign_in import of_address
from services.gateway.procedures.accounts import LoginTaken, count_try, let_in, principal_of
from services.gateway.store import people
from shared.db import Database
from shared.http import audit
from shared.messaging.work import Work


async def take_back(work: Work, state: str, address: str) -> bool:
    """Whether a sign-in comes back for the first time; "" is one that nobody here began. Raises TooManyFailures."""
    await count_try(work, (of_address(address),))
    hashed = hashlib.sha256(state.encode()).hexdigest()
    return bool(state) and await people.use_sign_in(work.session, hashed, work.clock.machine())


async def admit(db: Database, known: ClaimMap, claims: Mapping[str, Any], address: str) -> tuple[Person, datetime]:
    """The account of whom these verified claims name, and the moment (machine time) from which sessions live.

    Raises SignInRefused.
    """
    fields = read_claims(known, claims)
    subject = subject_of(claims["iss"], claims["sub"])
    try:
        return await _admit(db, fields, subject, address)
    except LoginTaken:
        return await _admit(
            db, fields, subject, address
        )  # two came at once for the first time: there is one account now


async def _admit(db: Database, fields: Mapping[str, Any], subject: str, address: str) -> tuple[Person, datetime]:
    async with db.work() as work:
        bound = await people.get_provided(work.session, subject)
        namesake = None if bound else await people.get_person(work.session, fields["login"], lock=True)
        entered = enter(bound, namesake, fields, subject, work.now())
        person = await let_in(work, entered, bound or namesake)
        await people.take_back_failure(work.session, of_address(address).key)
        await audit(work, principal_of(person), "login", address, by="oidc")
        return person, work.clock.machine()
