"""Finds the numbers of people in any text: mobile numbers, landlines, foreign numbers, identity numbers, in every spelling.

Groups of digits with little between them are a run; at each group of a run a number may begin, whose length its first digits
tell. So the time grows with the length of the text and with nothing else.
Measures, dates, document numbers, trace ids and tokens are left alone.
"""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate, islice
from string import ascii_letters
from typing import NamedTuple

from shared.privacy.writing import BETWEEN, GAP, plain

LEAST_DIGITS = 11
# nearly all texts fail at the first, which costs a tenth of the second: a number begins with a 1, a 0, an 86 or a plus,
# an identity number has 15 digits
_LONG_ENOUGH = re.compile(rf"[\d+＋{BETWEEN}]{{{LEAST_DIGITS},}}")
_NEXT = r"(?:[\s\-.()\[\]]{0,4}\d)"
_MAY_HOLD = re.compile(
    rf"[018](?<!\d\d){_NEXT}{{10}}|\d(?<!\d\d){_NEXT}{{14}}|\+[ (]{{0,2}}\d{_NEXT}{{8}}|\\u[0-9a-fA-F]{{4}}{_NEXT}{{11}}",
    re.ASCII,
)
_GROUP = re.compile(r"\d+")
_RUN = re.compile(rf"\d++(?:{GAP}\d++)*+", re.ASCII)
_SHORTEST_RUN = 9  # the fewest digits of a foreign number
_DIGITS_ONLY = {code: None for code in range(128) if not chr(code).isdigit()}
# what is no number though it looks like one: an escape of JSON, a sealed value, a UUID, an id or a hash in hex digits. Of
# these one in millions has a mobile number with the country's prefix in it, so that is taken for a number
_NO_NUMBER = re.compile(
    r"\\u(?!1[3-9]\d{9}(?!\d))[0-9a-f]{4}|sealed:v1:[\w-]+"
    r"|(?<![0-9a-z])(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?=\d*[a-f])(?![0-9a-f]{0,51}(?<!\d)(?:00)?861[3-9]\d{9}(?!\d))"
    r"(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}|[0-9a-f]{16}))(?![0-9a-z])",
    re.IGNORECASE | re.ASCII,
)
_MOBILE = r"(?:(?:00)?86|0)?1[3-9]\d{9}"
# the ways people part the eleven digits of a mobile number
_MOBILE_PARTS = {
    (11,), (3, 4, 4), (3, 8), (7, 4), (5, 6), (6, 5), (4, 3, 4), (4, 4, 3), (3, 3, 5), (3, 5, 3), (5, 3, 3), (4, 7), (8, 3),
    (3, 4, 2, 2), (3, 2, 2, 4), (3, 2, 2, 2, 2), (3, 2, 3, 3), (3, 3, 3, 2), (2, 3, 3, 3), (1, 10), (2, 9), (1,) * 11,
}  # fmt: skip
_USUAL_PARTS = ((3, 4, 4), (3, 8), (7, 4))
_DOTTED_PARTS = (3, 4, 4)
_LANDLINE = re.compile(r"(?P<trunk>(?:00)?860?|0)((?:10|2[0-57-9])[2-9]\d{7}|[3-9]\d\d[2-9]\d{6,7})")
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91)"
# up to 2019: from then on area and date are the beginning of a document's number
_IDENTITY = _PROVINCE + r"\d{4}(?:1[89]\d\d|20[01]\d)(?:0[1-9]|1[0-2])[0-3]\d{4}"  # and one more digit, or X
# issued until 1999, to people born in this century's thirties at the earliest
_OLD_IDENTITY = _PROVINCE + r"\d{4}[3-9]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}"
_OLD_IDENTITY_PARTS = {(15,), (6, 6, 3), (6, 2, 2, 2, 3), (5, 5, 5), (3, 3, 3, 3, 3), (6, 9), (8, 7), (4, 4, 4, 3)}
_BEGINS = re.compile(f"{_IDENTITY}|{_MOBILE}|{_LANDLINE.pattern}|{_OLD_IDENTITY}", re.ASCII)
_KINDS = re.compile(
    f"(?=(?P<identity>{_IDENTITY})?)(?=(?P<mobile>{_MOBILE})?)(?=(?P<landline>{_LANDLINE.pattern})?)"
    f"(?=(?P<old>{_OLD_IDENTITY})?)",
    re.ASCII,
)
_DATE = re.compile(r"20[0-4]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_UNIT = re.compile(
    r"\s{0,2}(?:元|块|万|亿|米|公里|厘米|毫米|吨|公?斤|千?克|升|度|方|立方|平方|㎡|m³|天|小时|分钟|秒|户|件|台|套|个|份|条|页|[%％℃°]"
    r"|(?:mm|cm|km|kg|kWh|kW|MPa|kPa|Pa|Hz|ml|[mgtLVAW])(?![A-Za-z]))"
)
_MASK = "****"
_LETTERS = frozenset(ascii_letters)
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


class _Stretch(NamedTuple):
    """Groups of digits that may be one number or several: where they lie in the text, their digits in a row, their lengths, and
    which group begins (or what ends) at which of these digits. `text` is plain, `written` as it came. A plus can only stand
    before the first group.
    """

    text: str
    written: str
    spans: list[tuple[int, int]]
    digits: str
    lengths: list[int]
    group_at: dict[int, int]
    has_plus: bool


class _Number(NamedTuple):
    """Groups `[first, last]` of a run, taken for a number: their digits and lengths, and where they lie."""

    digits: str
    lengths: tuple[int, ...]
    start: int
    end: int
    text: str
    written: str
    has_plus: bool


_Reader = Callable[[_Number], Found | None]


def may_hold(text: str) -> bool:
    """Whether there are digits enough for any number: False for nearly all texts, at once."""
    return _LONG_ENOUGH.search(text) is not None and _MAY_HOLD.search(plain(text)) is not None


def find(text: str) -> list[Found]:
    """The numbers of people in a text, in its order."""
    return [found for run in _runs(text) for found in _numbers_of(run)] if may_hold(text) else []


def _runs(written: str) -> Iterator[_Stretch]:
    """The runs in which a number may begin; the others, most of what a long text has, cost hardly anything."""
    text = _NO_NUMBER.sub(lambda found: "\0" * len(found[0]), plain(written))
    any_plus = "+" in text
    for found in _RUN.finditer(text):
        start, end = found.span()
        if end - start < _SHORTEST_RUN:
            continue
        digits = found[0] if found[0].isdigit() else found[0].translate(_DIGITS_ONLY)
        has_plus = any_plus and text[max(0, start - 3) : start].rstrip(" (").endswith("+")
        if has_plus or _BEGINS.search(digits):
            yield _run(text, written, start, end, digits, has_plus)


def _run(text: str, written: str, start: int, end: int, digits: str, has_plus: bool) -> _Stretch:
    length = end - start
    if len(digits) == length:
        return _Stretch(text, written, [(start, end)], digits, [length], {0: 0, length: 1}, has_plus)
    spans = [group.span() for group in _GROUP.finditer(text, start, end)]
    lengths = [end - start for start, end in spans]
    group_at = {at: group for group, at in enumerate(accumulate(lengths, initial=0))}
    return _Stretch(text, written, spans, digits, lengths, group_at, has_plus)


def _numbers_of(run: _Stretch) -> Iterator[Found]:
    read = 0  # so many of the digits
    for at, first in run.group_at.items():
        if at < read:
            continue
        kinds = _KINDS.match(run.digits, at)
        has_plus = run.has_plus and first == 0
        if kinds and (has_plus or kinds.lastindex):
            for reader, end in _readers(run, first, at, kinds, has_plus):
                number = _number(run, first, at, end, has_plus)
                if number and (found := reader(number)):
                    yield found
                    read = end
                    break


def _readers(run: _Stretch, first: int, at: int, kinds: re.Match[str], has_plus: bool) -> Iterator[tuple[_Reader, int]]:
    """Who may read the digits from `at` on, and up to which digit: it ends with a group, and is parted as its kind may be."""
    if kinds["identity"]:
        yield from ((_identity, end) for end in (at + 18, at + 17) if end in run.group_at)
    if kinds["mobile"] and (end := kinds.end("mobile")) in run.group_at:
        behind = run.group_at[end]
        parts = _parts(tuple(run.lengths[first:behind]), end - at - 11)
        many = len(parts) > len(_DOTTED_PARTS)  # no dots are between them; told here, as it would take long there
        if parts in _MOBILE_PARTS and not (many and "." in run.text[run.spans[first][0] : run.spans[behind - 1][1]]):
            yield _mobile, end
    if kinds["landline"]:
        for end in (kinds.end("landline"), kinds.end("landline") - 1):  # seven digits in the place of eight
            if end in run.group_at and (has_plus or _is_parted_landline(run, first, end, kinds.end("trunk"))):
                yield _landline, end
    if kinds["old"] and at + 15 in run.group_at:
        yield _identity, at + 15
    if has_plus and not run.digits.startswith(("86", "0")):
        lengths = range(15, 8, -1)  # ITU-T E.164: at most 15
        yield from ((_foreign, length) for length in lengths if length in run.group_at)


def _is_parted_landline(run: _Stretch, first: int, end: int, trunk: int) -> bool:
    """Whether it is one group, or a group ends with the area code, or the second of two begins behind the trunk prefix."""
    groups = run.group_at[end] - first
    code = trunk + (2 if run.digits[trunk] in "12" else 3)
    return groups == 1 or code in run.group_at or (groups == 2 and trunk in run.group_at)


def _number(run: _Stretch, first: int, at: int, end: int, has_plus: bool) -> _Number | None:
    """The groups from `first` on that have the digits `[at, end)`, unless digits beside them are masked."""
    behind = run.group_at[end]
    start, stop = run.spans[first][0], run.spans[behind - 1][1]
    if run.text.endswith(_MASK, 0, start) or run.text.startswith(_MASK, stop):
        return None
    return _Number(run.digits[at:end], tuple(run.lengths[first:behind]), start, stop, run.text, run.written, has_plus)


def _mobile(number: _Number) -> Found | None:
    digits = number.digits[-11:]
    parts = _parts(number.lengths, len(number.digits) - 11)
    if len(parts) > 1 and _is_measure(number, digits, parts):
        return None
    return _found(number, Kind.MOBILE, "+86" + digits, f"{digits[:3]}****{digits[-4:]}")


def _is_measure(number: _Number, digits: str, parts: tuple[int, ...]) -> bool:
    """`131.12345678`, `150-20260302`, `15000-180000元`."""
    between = number.text[number.start : number.end]
    if "." in between and not (parts == _DOTTED_PARTS and between.count(".") > 1):
        return True
    if parts[-1] == 8 and _DATE.fullmatch(digits[-8:]) and "-" in between:
        return True
    return parts not in _USUAL_PARTS and not number.has_plus and _UNIT.match(number.text, number.end) is not None


def _landline(number: _Number) -> Found | None:
    found = _LANDLINE.fullmatch(number.digits)
    if found is None:
        return None
    trunk, national = found.groups()
    area = 2 if national[0] in "12" else 3
    code_ends = len(trunk) + area
    bare = len(number.lengths) == 1 and not number.has_plus
    if (bare and _in_code(number)) or _DATE.fullmatch(national, area):
        return None
    area_as_written = number.written[_begin(number) : _place_of_digit(number, code_ends)]
    return _found(number, Kind.LANDLINE, "+86" + national, f"{area_as_written}****{national[-3:]}", bare)


def _foreign(number: _Number) -> Found | None:
    return _found(number, Kind.FOREIGN, "+" + number.digits, f"+{number.digits[:2]}****{number.digits[-3:]}")


def _identity(number: _Number) -> Found | None:
    digits, end, text = number.digits, number.end, number.text
    if len(digits) == 17:
        if text[end : end + 1] not in ("X", "x") or _CODE.match(text, end + 1):
            return None
        digits, end = digits + "X", end + 1
    old = len(digits) == 15
    if old and (number.lengths not in _OLD_IDENTITY_PARTS or _in_code(number)):
        return None
    return _found(number._replace(end=end), Kind.IDENTITY, digits, f"{digits[:6]}********{digits[-1]}", bare=old)


def _in_code(number: _Number) -> bool:
    """Whether the digits are a part of a longer code; what is behind a `\\n` of quoted text is none."""
    start, text = number.start, number.text
    before = text[start - 1 : start] if start else ""
    escape = start > 1 and text[start - 2] == "\\"
    in_front = not escape and (_CODE.match(before) is not None or before == ".")
    return in_front or _CODE.match(text, number.end) is not None


@lru_cache(1024)
def _parts(lengths: tuple[int, ...], prefix: int) -> tuple[int, ...]:
    """The lengths of the groups without the first digits."""
    for at, length in enumerate(lengths):
        if prefix < length:
            return (length - prefix, *lengths[at + 1 :])
        prefix -= length
    return ()


def _place_of_digit(number: _Number, count: int) -> int:
    """Where in the text so many of the digits have been passed, and what parts them from the next one."""
    places = (at for at in range(number.start, number.end) if number.text[at] in "0123456789")
    return next(islice(places, count, None))


def _begin(number: _Number) -> int:
    """Where the number begins, its plus and the bracket around its first digits included."""
    start, text = number.start, number.text
    if number.has_plus:
        start = text.rindex("+", 0, start)
    if text[start - 1 : start] != "(":
        return start
    inside = text[start : number.end]
    return start - 1 if inside.count(")") > inside.count("(") else start


def _found(number: _Number, kind: Kind, value: str, shown: str, bare: bool = False) -> Found:
    start, end, text = _begin(number), number.end, number.text
    in_word = text[start - 1 : start] in _LETTERS or text[end : end + 1] in _LETTERS
    return Found(start, end, kind, value, shown, in_word, bare)
