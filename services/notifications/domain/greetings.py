"""Days to greet on: birthdays by either calendar, and festivals whose dates are computed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from shared.lunar import LONGEST_MONTH, lunar_of, solar_of

_BIRTHDAY = re.compile(r"^(lunar:(?:\d{4}-)?|\d{4}-|--)(\d{2})-(\d{2})$")
LUNAR = "lunar:"


def birthday_key(birthday: str) -> str:
    """`MM-DD` of a birthday given as YYYY-MM-DD or --MM-DD, `lunar:MM-DD` of a lunar one; "" when it is no date."""
    found = _BIRTHDAY.match(birthday)
    if not found:
        return ""
    lunar, month, day = found[1].startswith(LUNAR), int(found[2]), int(found[3])
    # 2024 is a leap year: 29 February is a birthday
    valid = 1 <= month <= 12 and 1 <= day <= LONGEST_MONTH if lunar else _is_day(2024, month, day)
    return f"{LUNAR if lunar else ''}{month:02}-{day:02}" if valid else ""


def birthday_keys(day: date) -> tuple[str, ...]:
    """The keys of everybody to congratulate on `day`.

    29 February is kept on the 28th in other years; a lunar 30th on the 29th in a short month; leap months repeat nobody.
    """
    keys = [f"{day:%m-%d}"]
    if (day.month, day.day) == (2, 28) and not _is_day(day.year, 2, 29):
        keys.append("02-29")
    lunar = lunar_of(day)
    if not lunar.leap:
        keys.append(f"{LUNAR}{lunar.month:02}-{lunar.day:02}")
        if lunar.day == LONGEST_MONTH - 1 and solar_of(lunar.year, lunar.month, LONGEST_MONTH) == day:
            keys.append(f"{LUNAR}{lunar.month:02}-{LONGEST_MONTH}")
    return tuple(keys)


@dataclass(frozen=True)
class Festival:
    """A festival: machine name, Chinese name, and its date in a given solar year."""

    code: str
    name: str
    in_year: Callable[[int], date]


def _solar(month: int, day: int) -> Callable[[int], date]:
    return lambda year: date(year, month, day)


def _lunar(month: int, day: int, shift: int = 0) -> Callable[[int], date]:
    return lambda year: solar_of(year, month, day) + timedelta(days=shift)


FESTIVALS = (
    Festival("new_year", "元旦", _solar(1, 1)),
    Festival("new_years_eve", "除夕", _lunar(1, 1, shift=-1)),
    Festival("spring_festival", "春节", _lunar(1, 1)),
    Festival("lantern", "元宵节", _lunar(1, 15)),
    Festival("labour_day", "劳动节", _solar(5, 1)),
    Festival("dragon_boat", "端午节", _lunar(5, 5)),
    Festival("mid_autumn", "中秋节", _lunar(8, 15)),
    Festival("national_day", "国庆节", _solar(10, 1)),
    Festival("double_ninth", "重阳节", _lunar(9, 9)),
)


def festivals_on(day: date) -> tuple[Festival, ...]:
    """The festivals that fall on `day`."""
    return tuple(festival for festival in FESTIVALS if festival.in_year(day.year) == day)


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
