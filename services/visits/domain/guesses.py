"""How many wrong codes are looked at in a minute, from one address and in all: codes are short enough to be typed.

Each try counts before the code is looked at, and is given back when it was right: many at once are no way around it. What
is kept is of the running minute alone, and never more addresses than there may be wrong codes in all. Every process counts by
itself first, so that a flood does not reach the database, and those it lets through are counted there for all of them.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

MINUTE = 60
OF_ONE_HOME = 64  # bits of an IPv6 address that one customer of a provider is given (RFC 6177)


@dataclass
class Guesses:
    """Counted by one process; `most` of an address, `most_in_all` of everybody."""

    most: int
    most_in_all: int
    _minute: int = 0
    _counted: Counter[str] = field(default_factory=Counter)
    _in_all: int = 0

    def take(self, address: str, now: datetime) -> int:
        """Count a try. Returns 0, or for how many seconds no code of this address is looked at any more."""
        minute = minute_of(now)
        if minute != self._minute:
            self._minute, self._counted, self._in_all = minute, Counter(), 0
        home = home_of(address)
        if self._counted[home] >= self.most or self._in_all >= self.most_in_all:
            return left_of(now)
        self._counted[home] += 1
        self._in_all += 1
        return 0

    def give_back(self, address: str) -> None:
        """The try was right."""
        home = home_of(address)
        if self._counted[home] > 0:
            self._counted -= Counter({home: 1})  # an address without any is forgotten
            self._in_all -= 1


def minute_of(now: datetime) -> int:
    return int(now.timestamp()) // MINUTE


def left_of(now: datetime) -> int:
    """Seconds until the next minute."""
    return MINUTE - int(now.timestamp()) % MINUTE


def home_of(address: str) -> str:
    """What counts as one address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, OF_ONE_HOME), strict=False))
    return address
