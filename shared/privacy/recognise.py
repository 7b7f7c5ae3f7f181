"""Finds the numbers of people in any text: mobile numbers, landlines, foreign numbers, identity numbers, in every spelling.

One pass over the groups of digits, each looked at with the few that follow it: the time grows with the length of the text
and with nothing else. Measures, dates, document numbers, trace ids and tokens are left alone.
"""

import re
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

from shared.privacy.writing import BETWEEN, GAP, plain

LEAST_DIGITS = 11
_MOST_DIGITS = 20
# nearly all texts fail at the first, which costs a tenth of the second: a number begins with a 1, a 0, an 86 or a plus,
# an identity number has 15 digits
_LONG_ENOUGH = re.compile(rf"[\d+＋{BETWEEN}]{{{LEAST_DIGITS},}}")
_NEXT = r"(?:[\s\-.()\[\]]{0,4}\d)"
_MAY_HOLD = re.compile(
    rf"[018](?<!\d\d){_NEXT}{{10}}|\d(?<!\d\d){_NEXT}{{14}}|\+[ (]{{0,2}}\d{_NEXT}{{8}}|\\u[0-9a-fA-F]{{4}}{_NEXT}{{11}}",
    re.ASCII,
)
_GROUP = re.compile(r"\d+")
# what is no number though it looks like one: an escape of JSON, a sealed value, a UUID, an id or a hash in hex digits
_NO_NUMBER = re.compile(
    r"\\u(?!1[3-9]\d{9}(?!\d))[0-9a-f]{4}|sealed:v1:[\w-]+"
    r"|(?<![0-9a-z])(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?=\d*[a-f])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}|[0-9a-f]{16}))(?![0-9a-z])",
    re.IGNORECASE | re.ASCII,
)
_MOBILE = re.compile(r"((?:00)?86|0)?(1[3-9]\d{9})")
# the ways people part the eleven digits of a mobile number
_MOBILE_PARTS = {
    (11,), (3, 4, 4), (3, 8), (7, 4), (5, 6), (6, 5), (4, 3, 4), (4, 4, 3), (3, 3, 5), (3, 5, 3), (5, 3, 3), (4, 7), (8, 3),
    (3, 4, 2, 2), (3, 2, 2, 4), (3, 2, 2, 2, 2), (3, 2, 3, 3), (3, 3, 3, 2), (2, 3, 3, 3), (1, 10), (2, 9), (1,) * 11,
}  # fmt: skip
_USUAL_PARTS = ((3, 4, 4), (3, 8), (7, 4))
_DOTTED_PARTS = (3, 4, 4)
_LANDLINE = re.compile(r"((?:00)?860?|0)((?:10|2[0-57-9])[2-9]\d{7}|[3-9]\d\d[2-9]\d{6,7})")
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91)"
# up to 2019: from then on area and date are the beginning of a document's number
_IDENTITY = re.compile(_PROVINCE + r"\d{4}(?:1[89]\d\d|20[01]\d)(?:0[1-9]|1[0-2])[0-3]\d{4}[\dX]")
# issued until 1999, to people born in this century's thirties at the earliest
_OLD_IDENTITY = re.compile(_PROVINCE + r"\d{4}[3-9]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}")
_OLD_IDENTITY_PARTS = {(15,), (6, 6, 3), (6, 2, 2, 2, 3), (5, 5, 5), (3, 3, 3, 3, 3), (6, 9), (8, 7), (4, 4, 4, 3)}
_DATE = re.compile(r"20[0-4]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_UNIT = re.compile(
    r"\s{0,2}(?:元|块|万|亿|米|公里|厘米|毫米|吨|公?斤|千?克|升|度|方|立方|平方|㎡|m³|天|小时|分钟|秒|户|件|台|套|个|份|条|页|[%％℃°]"
    r"|(?:mm|cm|km|kg|kWh|kW|MPa|kPa|Pa|Hz|ml|[mgtLVAW])(?![A-Za-z]))"
)
_MASK = "****"
_WORD = re.compile(r"[A-Za-z]")
_CODE = re.compile(r"[A-Za-z0-9_-]")


class Kind(StrEnum):
    MOBILE = "mobile"
    LANDLINE = "landline"
    FOREIGN = "foreign"
    IDENTITY = "identity"


class Found(NamedTuple):
    """A number at `[start, end)` of a text, and what is shown in its place. `value`: E.164 or the identity number.

    `in_word`: a letter touches it. `bare`: digits alone say that it is one, without a mark of any kind between them.
    """

    start: int
    end: int
    kind: Kind
    value: str
    shown: str
    in_word: bool
    bare: bool


class _Groups(NamedTuple):
    """Groups of digits that may be one number: their digits, lengths, where they lie; the whole text, plain and written."""

    digits: str
    lengths: tuple[int, ...]
    start: int
    end: int
    text: str
    written: str
    has_plus: bool


def may_hold(text: str) -> bool:
    """Whether there are digits enough for any number: False for nearly all texts, at once."""
    return _LONG_ENOUGH.search(text) is not None and _MAY_HOLD.search(plain(text)) is not None


def find(text: str) -> list[Found]:
    """The numbers of people in a text, in its order."""
    if not may_hold(text):
        return []
    written, text = text, _NO_NUMBER.sub(lambda found: "\0" * len(found[0]), plain(text))
    spans = [found.span() for found in _GROUP.finditer(text)]
    found: list[Found] = []
    at = 0
    while at < len(spans):
        one, at = _longest_at(text, written, spans, at)
        if one is not None:
            found.append(one)
    return found


def _longest_at(text: str, written: str, spans: list[tuple[int, int]], first: int) -> tuple[Found | None, int]:
    """The number that begins with a group, and the group behind it."""
    start = spans[first][0]
    if text.endswith(_MASK, 0, start):
        return None, first + 1
    has_plus = text[max(0, start - 3) : start].rstrip(" (").endswith("+")
    digits, lengths = "", tuple[int, ...]()
    phone, following = None, first + 1
    for at in range(first, len(spans)):
        begin, end = spans[at]
        if at > first and not GAP.fullmatch(text, spans[at - 1][1], begin):
            break
        if len(digits) + end - begin > _MOST_DIGITS:
            break
        digits, lengths = digits + text[begin:end], (*lengths, end - begin)
        if len(digits) < LEAST_DIGITS - 2 or text.startswith(_MASK, end):
            continue
        groups = _Groups(digits, lengths, start, end, text, written, has_plus)
        if (identity := _identity(groups)) is not None:
            return identity, at + 1
        if (found := _phone(groups)) is not None and (phone is None or found.kind is Kind.FOREIGN):
            phone, following = found, at + 1
    return phone, following


def _phone(groups: _Groups) -> Found | None:
    return _mobile(groups) or _landline(groups) or _foreign(groups)


def _mobile(groups: _Groups) -> Found | None:
    found = _MOBILE.fullmatch(groups.digits)
    if found is None:
        return None
    parts = _behind(groups.lengths, len(found[1] or ""))
    if parts not in _MOBILE_PARTS or (len(parts) > 1 and _is_measure(groups, found[2], parts)):
        return None
    return _found(groups, Kind.MOBILE, "+86" + found[2], f"{found[2][:3]}****{found[2][-4:]}")


def _is_measure(groups: _Groups, number: str, parts: tuple[int, ...]) -> bool:
    """`131.12345678`, `150-20260302`, `15000-180000元`."""
    between = groups.text[groups.start : groups.end]
    if "." in between and not (parts == _DOTTED_PARTS and between.count(".") > 1):
        return True
    if parts[-1] == 8 and _DATE.fullmatch(number[-8:]) and "-" in between:
        return True
    return parts not in _USUAL_PARTS and not groups.has_plus and _UNIT.match(groups.text, groups.end) is not None


def _landline(groups: _Groups) -> Found | None:
    found = _LANDLINE.fullmatch(groups.digits)
    if found is None:
        return None
    area = 2 if found[2][0] in "12" else 3
    code_ends = len(found[1]) + area
    bare = len(groups.lengths) == 1 and not groups.has_plus
    ends = set(accumulate(groups.lengths))
    if not (bare or code_ends in ends or (len(groups.lengths) <= 2 and len(found[1]) in ends) or groups.has_plus):
        return None
    if (bare and _in_code(groups)) or _DATE.fullmatch(found[2][area:]):
        return None
    area_as_written = groups.written[_begin(groups) : _place_of_digit(groups, code_ends)]
    return _found(groups, Kind.LANDLINE, "+86" + found[2], f"{area_as_written}****{found[2][-3:]}", bare)


def _foreign(groups: _Groups) -> Found | None:
    if not groups.has_plus or groups.digits.startswith(("86", "0")) or len(groups.digits) > 15:
        return None
    return _found(groups, Kind.FOREIGN, "+" + groups.digits, f"+{groups.digits[:2]}****{groups.digits[-3:]}")


def _identity(groups: _Groups) -> Found | None:
    digits, end, text = groups.digits, groups.end, groups.text
    if len(digits) == 17 and text[end : end + 1] in ("X", "x") and not _CODE.match(text, end + 1):
        digits, end = digits + "X", end + 1
    if _IDENTITY.fullmatch(digits):
        return _found(groups._replace(end=end), Kind.IDENTITY, digits, f"{digits[:6]}********{digits[-1]}")
    if groups.lengths in _OLD_IDENTITY_PARTS and _OLD_IDENTITY.fullmatch(digits) and not _in_code(groups):
        return _found(groups, Kind.IDENTITY, digits, f"{digits[:6]}********{digits[-1]}", bare=True)
    return None


def _in_code(groups: _Groups) -> bool:
    """Whether the digits are a part of a longer code."""
    start, text = groups.start, groups.text
    before = text[start - 1 : start] if start else ""
    return _CODE.match(before) is not None or before == "." or _CODE.match(text, groups.end) is not None


def _behind(lengths: tuple[int, ...], prefix: int) -> tuple[int, ...]:
    """The lengths of the groups without the first digits."""
    for at, length in enumerate(lengths):
        if prefix < length:
            return (length - prefix, *lengths[at + 1 :])
        prefix -= length
    return ()


def _place_of_digit(groups: _Groups, count: int) -> int:
    """Where in the text so many of the digits have been passed, and what parts them from the next one."""
    place = groups.start
    while True:
        if groups.text[place] in "0123456789":
            if count == 0:
                return place
            count -= 1
        place += 1


def _begin(groups: _Groups) -> int:
    """Where the number begins, its plus and the bracket around its first digits included."""
    start, text = groups.start, groups.text
    if groups.has_plus:
        start = text.rindex("+", 0, start)
    inside = text[start : groups.end]
    return start - 1 if inside.count(")") > inside.count("(") and text[start - 1 : start] == "(" else start


def _found(groups: _Groups, kind: Kind, value: str, shown: str, bare: bool = False) -> Found:
    start, end, text = _begin(groups), groups.end, groups.text
    in_word = (start > 0 and _WORD.match(text, start - 1) is not None) or _WORD.match(text, end) is not None
    return Found(start, end, kind, value, shown, in_word, bare)
