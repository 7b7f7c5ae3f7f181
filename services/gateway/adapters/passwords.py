"""Hashes of passwords: Argon2id (RFC 9106), in threads, a few at a time, because each takes memory and tens of milliseconds."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.gateway.domain.people import LONGEST, password_fault, plain_password

AT_ONCE = 2
ISSUED_LENGTH = 12
LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without those taken for each other


@dataclass(frozen=True, slots=True)
class Issued:
    """A password to give to somebody, its hash, and until when (machine time) it lets them in."""

    password: str
    stored: str
    until: datetime


class Passwords:
    """One of each process, so that no more than `AT_ONCE` are hashed at a time; issued ones are good for `issued_for`."""

    def __init__(self, issued_for: timedelta) -> None:
        self._issued_for = issued_for
        # OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane
        self._hasher = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(24))

    async def hash(self, password: str) -> str:
        """What is stored of a password."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, plain_password(password))

    async def issue(self, now: datetime) -> Issued:
        """A random one to give to somebody, good for choosing one of their own, from `now` (machine time) on."""
        password = _random_password()
        return Issued(password, await self.hash(password), now + self._issued_for)

    async def is_right(self, password: str, stored: str) -> bool:
        """Whether the password is the one of this hash; "" stands for an unknown login, for which this takes as long."""
        said = plain_password(password)[:LONGEST]  # longer ones were never stored
        async with self._turns:
            return await asyncio.to_thread(self._hasher.verify, said, stored or self._nobodys) and bool(stored)


def passwords_of(request: Request) -> Passwords:
    """This process' own."""
    passwords: Passwords = request.app.state.runtime.state["passwords"]
    return passwords


def _random_password() -> str:
    """12 letters and figures, 68 bits."""
    while password_fault(made := "".join(secrets.choice(LETTERS) for _ in range(ISSUED_LENGTH)), ""):
        pass
    return made
