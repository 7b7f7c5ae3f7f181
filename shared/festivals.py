"""Festivals by name, whose days the calendars give: the public holidays' own days, and others on which people are greeted.

Which days are off around one is another question: the official calendar tells that (`shared.calendar`), of published years.
Only those that the law gives every year (`days_off`) are known beforehand; weekends and days that are swapped come beside them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from shared.lunar import qingming_of, solar_of

Code = Literal[
    "new_year",
    "new_years_eve",
    "spring_festival",
    "lantern",
    "qingming",
    "labour_day",
    "dragon_boat",
    "mid_autumn",
    "national_day",
    "double_ninth",
]


@dataclass(frozen=True)
class Festival:
    """A festival: machine name, Chinese name, and its date in a given solar year.

    `days_off` is how many days from that date on nobody works, in every year since 2008 (全国年节及纪念日放假办法).
    """

    code: Code
    name: str
    in_year: Callable[[int], date]
    days_off: int = 0


def _solar(month: int, day: int) -> Callable[[int], date]:
    return lambda year: date(year, month, day)


def _lunar(month: int, day: int, shift: int = 0) -> Callable[[int], date]:
    return lru_cache(lambda year: solar_of(year, month, day) + timedelta(days=shift))


FESTIVALS = (
    Festival("new_year", "元旦", _solar(1, 1), 1),
    Festival("new_years_eve", "除夕", _lunar(1, 1, shift=-1)),
    Festival("spring_festival", "春节", _lunar(1, 1), 3),
    Festival("lantern", "元宵节", _lunar(1, 15)),
    Festival("qingming", "清明节", lru_cache(qingming_of), 1),
    Festival("labour_day", "劳动节", _solar(5, 1), 1),
    Festival("dragon_boat", "端午节", _lunar(5, 5), 1),
    Festival("mid_autumn", "中秋节", _lunar(8, 15), 1),
    Festival("national_day", "国庆节", _solar(10, 1), 3),
    Festival("double_ninth", "重阳节", _lunar(9, 9)),
)
BY_CODE: Mapping[str, Festival] = {festival.code: festival for festival in FESTIVALS}


def festivals_on(day: date) -> tuple[Festival, ...]:
    """The festivals that fall on `day`."""
    return tuple(festival for festival in FESTIVALS if festival.in_year(day.year) == day)


def public_holidays(year: int) -> Mapping[date, Festival]:
    """The days that the law has off in every year since 2008, in order, with the festival each is of."""
    days = {one.in_year(year) + timedelta(days=off): one for one in FESTIVALS for off in range(one.days_off)}
    return dict(sorted(days.items()))
