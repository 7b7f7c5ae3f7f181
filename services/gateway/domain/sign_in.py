"""How long somebody must wait who signed in with a wrong password: longer with each time, by what was tried and from where.

Failures are counted for the account from this address, for the account from all of them, and for the address. The first
stops a guesser for good; the others bound guessing spread over many addresses or accounts, without locking anybody out for
long: an account's owner, and people behind one address, wait a minute at most.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

FORGET_AFTER = timedelta(hours=1)  # without a failure
FIRST_WAIT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Count:
    """What is counted under `key`; from `free` failures on there is a wait, twice as long each time, `longest` at most."""

    key: str
    free: int
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Failures:
    """How often under one key, and when last (machine time)."""

    count: int
    last: datetime


def counts(login: str, address: str) -> tuple[Count, ...]:
    """What a failed sign-in counts for. Keys are hashes: people type passwords and numbers where a name is asked for."""
    return (
        Count(_key("both", login, address), 5, timedelta(minutes=15)),
        Count(_key("login", login), 20, timedelta(minutes=1)),
        of_address(address),
    )


def of_address(address: str) -> Count:
    """What counts for the address alone."""
    return Count(_key("address", address), 60, timedelta(minutes=1))


def _key(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def waits_until(counted: Count, failed: Failures) -> datetime | None:
    """Until when nothing is tried under this key; None = at once."""
    if failed.count < counted.free:
        return None
    doubled = FIRST_WAIT * (1 << min(failed.count - counted.free, 20))
    return failed.last + min(doubled, counted.longest)


def one_more(failed: Failures, now: datetime) -> Failures:
    """After another try at `now`; what is long past counts no more."""
    return Failures(1 if now - failed.last > FORGET_AFTER else failed.count + 1, now)
