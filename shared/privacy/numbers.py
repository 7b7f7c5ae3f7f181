"""What a phone number is. Every door asks here, and so does every form in which people type one.

A number is kept in E.164 form (ITU-T E.164), one with an extension as RFC 3966 writes it: `+8657188886666;ext=801`. The
extension belongs to the identity: behind one switchboard, and behind one number of a privacy service, are many people.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import phonenumbers
from pydantic import AfterValidator, Field

from shared.privacy.writing import joins, plain

EXTENSION = ";ext="
LONGEST_FIELD = 200
MOST_GROUPS = 24
MOST_NUMBERS = 20
_MOST_DIGITS = 20
_SHORTEST_NUMBER = 7
_LEFT_OVER = 5
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_CHINESE_MOBILE = re.compile(r"(?:(?:\+|00)?86)?(1[3-9]\d{9})", re.ASCII)
# an area and seven or eight digits more, or a service with 400, 800
_LANDLINE = re.compile(r"(?:10|2\d)[2-9]\d{7}|[3-9]\d\d\d{7,8}", re.ASCII)
_SEPARATORS = re.compile(r"[-.\s]")
_FILLER = re.compile(r"(\d)\1*")
# with no code of a country or an area before it: a number of the writer's own town
_LOCAL = re.compile(r"[2-9]\d{6,7}")
_NEIGHBOURS = ("852", "853", "886")
_DIGITS = re.compile(r"\d+")
_HIDDEN = "*_?"
_EXTENDS = re.compile(r"[\s,(]*(?:转|轉|转分机|轉分機|分机|分機|内线|;?\s*ext\.?\s*=?|x|#)[\s:.]*", re.IGNORECASE)
_EXTENDS_AT_END = re.compile(r"\s*[-,]\s*")
_LONGEST_EXTENSION = 6


class Unread(StrEnum):
    """Why something in a field for numbers is none; the value is what its sender is told."""

    NOTHING = "没有填写号码"
    HIDDEN = "号码被打码，无法拨打"
    FILLER = "是占位号码，无法拨打"
    LOCAL = "固定电话缺少区号，无法拨打"
    OTHER = "无法识别为可拨打的号码"
    TOO_MANY = "号码过多，其余未读"


@dataclass(frozen=True, slots=True)
class Reading:
    """The numbers in a field, in its order and each once; `unread` tells why something in it is no number."""

    numbers: tuple[str, ...] = ()
    unread: Unread | None = None


def read_numbers(value: Any) -> Reading:
    """The numbers that a field for them holds: a text with one or several, with remarks; a JSON number; a list of these."""
    if isinstance(value, list | tuple):
        return _together(map(read_numbers, value[:MOST_NUMBERS]), len(value) > MOST_NUMBERS)
    if value is None or value is False or (isinstance(value, str) and not value.strip()):
        return Reading()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = plain(str(value))
    if mobile := _CHINESE_MOBILE.fullmatch(_SEPARATORS.sub("", text)):  # nearly all
        return Reading(("+86" + mobile[1],))
    if "\n" in text and len(text) <= LONGEST_FIELD:
        return _together(map(read_numbers, text.splitlines()))
    field = _Field(text[: LONGEST_FIELD + 1])
    return (
        field.read() if len(text) <= LONGEST_FIELD and len(field.groups) <= MOST_GROUPS else Reading((), Unread.OTHER)
    )


def e164(raw: Any) -> str | None:
    """The one number a text holds; None when it holds none, several, or something beside it that may have been one."""
    found = read_numbers(raw)
    return found.numbers[0] if len(found.numbers) == 1 and found.unread is None else None


def as_dialled(number: str) -> str:
    """A kept number as people read it: `+8657188886666转801`."""
    return number.replace(EXTENSION, "转")


def extension_of(number: str) -> tuple[str, str]:
    """A kept number as what is dialled first and what is dialled then ("" for none)."""
    main, _, extension = number.partition(EXTENSION)
    return main, extension


def is_mobile(number: str) -> bool:
    """Whether an E.164 number can take an SMS: not when people are reached behind it by an extension."""
    if EXTENSION in number:
        return False
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number, "CN"))
    except phonenumbers.NumberParseException:
        return False
    return kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


def _together(readings: Iterable[Reading], too_many: bool = False) -> Reading:
    read = list(readings)
    numbers = dict.fromkeys(number for one in read for number in one.numbers)
    unread = next((one.unread for one in read if one.unread), None)
    return Reading(tuple(numbers), unread or (Unread.TOO_MANY if too_many else None))


class _Field:
    """The text of a field as its groups of digits and what stands between them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.groups = [found.span() for found in _DIGITS.finditer(text)]

    def read(self) -> Reading:
        if not any(self.text[start:end].strip("0") for start, end in self.groups) and len(self.text) < _SHORTEST_NUMBER:
            return Reading((), Unread.NOTHING)
        numbers: list[str] = []
        rest: list[int] = []
        at = 0
        while at < len(self.groups):
            number, following = self._number_at(at)
            if number:
                numbers.append(number)
                at = following
            else:
                rest.append(at)
                at += 1
        return Reading(tuple(dict.fromkeys(numbers)), self._why_left(rest, bool(numbers)))

    def _number_at(self, first: int) -> tuple[str, int]:
        """The longest number that begins with a group, and the group behind it and its extension."""
        last = self._reach(first)
        for end in range(last, first - 1, -1):
            if self._hidden(first, end):
                continue
            digits = self._digits(first, end)
            number = _number_of(digits, self._has_plus(first))
            if number:
                extension, following = self._extension(end)
                return (number + EXTENSION + extension if extension else number), following
        return "", first

    def _reach(self, first: int) -> int:
        """The last group that may belong to the same number."""
        last, length = first, self.groups[first][1] - self.groups[first][0]
        while self._joins(last):
            length += self.groups[last + 1][1] - self.groups[last + 1][0]
            if length > _MOST_DIGITS:
                break
            last += 1
        return last

    def _joins(self, at: int) -> bool:
        """Whether a group and the next one may be of one number."""
        if at + 1 >= len(self.groups):
            return False
        return joins(self.text, self.groups[at][1], self.groups[at + 1][0])

    def _gap(self, at: int) -> str:
        return self.text[self.groups[at][1] : self.groups[at + 1][0]]

    def _digits(self, first: int, last: int) -> str:
        return "".join(self.text[start:end] for start, end in self.groups[first : last + 1])

    def _has_plus(self, at: int) -> bool:
        return self.text[: self.groups[at][0]].rstrip(" (").endswith("+")

    def _hidden(self, first: int, last: int) -> bool:
        """Whether digits beside these groups were made illegible."""
        before = self.text[: self.groups[first][0]]
        after = self.text[self.groups[last][1] :]
        return before.endswith(tuple(_HIDDEN)) or after.startswith(tuple(_HIDDEN)) or _crossed_out(before, after)

    def _extension(self, last: int) -> tuple[str, int]:
        """The extension behind a number whose last group is `last`, and the group behind that."""
        following = last + 1
        if following >= len(self.groups):
            return "", following
        start, end = self.groups[following]
        gap, at_end = self._gap(last), not self._joins(following)
        if end - start > _LONGEST_EXTENSION or self._hidden(following, following):
            return "", following
        if _EXTENDS.fullmatch(gap) or (at_end and _EXTENDS_AT_END.fullmatch(gap)):
            return self.text[start:end], following + 1
        return "", following

    def _why_left(self, rest: list[int], read: bool) -> Unread | None:
        if read and sum(self.groups[at][1] - self.groups[at][0] for at in rest) < _LEFT_OVER:
            return None
        digits = "".join(self._digits(at, at) for at in rest)
        if any(self._hidden(at, at) for at in rest):
            return Unread.HIDDEN
        if _FILLER.fullmatch(digits):
            return Unread.FILLER if len(digits) >= _SHORTEST_NUMBER else Unread.NOTHING
        return Unread.LOCAL if _LOCAL.fullmatch(digits) else Unread.OTHER


def _crossed_out(before: str, after: str) -> bool:
    """`138xxxx8000`; one x alone is where an extension begins."""
    return before[-2:].lower() == "xx" or after[:2].lower() == "xx" or after.lower() == "x"


def _number_of(digits: str, has_plus: bool) -> str | None:
    """These digits as a number in E.164 form."""
    if digits.startswith("00"):
        digits, has_plus = digits[2:], True
    if digits.startswith("86") and (number := _chinese(digits[2:].removeprefix("0"))):
        return number
    if has_plus:
        return None if digits.startswith("86") or _FILLER.fullmatch(digits) else _of_library(digits, told_country=True)
    if number := _chinese(digits.removeprefix("0")):
        return number
    return _of_library(digits) if digits.startswith(_NEIGHBOURS) else None


def _chinese(national: str) -> str | None:
    if _MOBILE.fullmatch(national):
        return "+86" + national
    if not _LANDLINE.fullmatch(national) or _FILLER.fullmatch(national):
        return None
    return _of_library("86" + national)


def _of_library(digits: str, told_country: bool = False) -> str | None:
    """By the library's tables; where the writer names the country, its lengths alone: tables of prefixes lag behind."""
    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return None
    if told_country:
        possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    else:
        possible = phonenumbers.is_valid_number(number)
    if not possible:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def one_number(text: str) -> str:
    """The number in its one form; "" for nothing. Raises ValueError with what to do about it, in Chinese."""
    if not text.strip():
        return ""
    found = read_numbers(text)
    if found.unread is not None:
        raise ValueError(f"{found.unread}，请填写一个可以拨打的号码")
    if len(found.numbers) != 1:
        raise ValueError("请只填一个号码")
    return found.numbers[0]


TypedNumber = Annotated[str, Field(max_length=100), AfterValidator(one_number)]
