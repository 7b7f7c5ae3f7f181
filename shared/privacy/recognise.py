"""Finds the numbers of people in any text: mobile numbers, landlines, foreign numbers, identity numbers, in every spelling.

Groups of digits with little between them are a run; at each group of a run a number may begin, whose length its first digits
tell. So the time grows with the length of the text and with nothing else.
Measures, dates, document numbers, trace ids and tokens are left alone.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import accumulate, islice
from typing import NamedTuple

from shared.privacy.writing import BETWEEN, joins, plain

LEAST_DIGITS = 11
_MOST_DIGITS = 18
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
_BEGINS = re.compile("|".join(one.pattern for one in (_IDENTITY, _MOBILE, _LANDLINE, _OLD_IDENTITY)), re.ASCII)
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


class _Run(NamedTuple):
    """Groups of digits that may be one number or several: where they lie in the text, their digits in a row, and which group
    begins (or what ends) at which of these digits. `text` is plain, `written` as it came.
    """

    text: str
    written: str
    spans: list[tuple[int, int]]
    digits: str
    starts: list[int]
    group_at: dict[int, int]


class _Number(NamedTuple):
    """Groups `[first, last]` of a run, taken for a number: their digits and lengths, and where they lie."""

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
    return [found for run in _runs(text) for found in _numbers_of(run)] if may_hold(text) else []


def _runs(written: str) -> Iterator[_Run]:
    text = _NO_NUMBER.sub(lambda found: "\0" * len(found[0]), plain(written))
    spans: list[tuple[int, int]] = []
    for group in _GROUP.finditer(text):
        if spans and not joins(text, spans[-1][1], *group.span()):
            yield _run(text, written, spans)
            spans = []
        spans.append(group.span())
    if spans:
        yield _run(text, written, spans)


def _run(text: str, written: str, spans: list[tuple[int, int]]) -> _Run:
    ends = list(accumulate((end - start for start, end in spans), initial=0))
    digits = "".join(text[start:end] for start, end in spans)
    return _Run(text, written, spans, digits, ends[:-1], {end: at for at, end in enumerate(ends)})


def _numbers_of(run: _Run) -> Iterator[Found]:
    at = 0
    while at < len(run.spans):
        found = None if run.text.endswith(_MASK, 0, run.spans[at][0]) else _number_at(run, at)
        if found is None:
            at += 1
        else:
            yield found[0]
            at = found[1]


def _number_at(run: _Run, first: int) -> tuple[Found, int] | None:
    """The number that begins with a group, and the group behind it."""
    ahead = run.digits[run.starts[first] : run.starts[first] + _MOST_DIGITS]
    if not (_BEGINS.match(ahead) or _BEGINS.match(ahead[:17] + "X") or _has_plus(run, first)):
        return None
    for kind, length in _lengths(ahead, run, first):
        behind = run.group_at.get(run.starts[first] + length)
        if behind is None or run.text.startswith(_MASK, run.spans[behind - 1][1]):
            continue
        spans = run.spans[first:behind]
        number = _Number(
            ahead[:length],
            tuple(end - start for start, end in spans),
            spans[0][0],
            spans[-1][1],
            run.text,
            run.written,
            _has_plus(run, first),
        )
        if (found := _READERS[kind](number)) is not None:
            return found, behind
    return None


def _lengths(ahead: str, run: _Run, first: int) -> Iterator[tuple[Kind, int]]:
    """What the digits that follow may be, and with how many of them."""
    if _IDENTITY.match(ahead):
        yield Kind.IDENTITY, 18
    if _IDENTITY.match(ahead[:17] + "X"):
        yield Kind.IDENTITY, 17
    if found := _MOBILE.match(ahead):
        yield Kind.MOBILE, found.end()
    if found := _LANDLINE.match(ahead):
        yield Kind.LANDLINE, found.end()
        yield Kind.LANDLINE, found.end() - 1  # seven digits in the place of eight
    if _OLD_IDENTITY.match(ahead):
        yield Kind.IDENTITY, 15
    if _has_plus(run, first) and not ahead.startswith(("86", "0")):
        yield from ((Kind.FOREIGN, length) for length in range(15, 8, -1))  # ITU-T E.164: at most 15


def _has_plus(run: _Run, at: int) -> bool:
    start = run.spans[at][0]
    return run.text[max(0, start - 3) : start].rstrip(" (").endswith("+")


def _mobile(number: _Number) -> Found | None:
    found = _MOBILE.fullmatch(number.digits)
    if found is None:
        return None
    parts = _behind(number.lengths, len(found[1] or ""))
    if parts not in _MOBILE_PARTS or (len(parts) > 1 and _is_measure(number, found[2], parts)):
        return None
    return _found(number, Kind.MOBILE, "+86" + found[2], f"{found[2][:3]}****{found[2][-4:]}")


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
    area = 2 if found[2][0] in "12" else 3
    code_ends = len(found[1]) + area
    bare = len(number.lengths) == 1 and not number.has_plus
    ends = set(accumulate(number.lengths))
    if not (bare or number.has_plus or code_ends in ends or (len(number.lengths) <= 2 and len(found[1]) in ends)):
        return None
    if (bare and _in_code(number)) or _DATE.fullmatch(found[2][area:]):
        return None
    area_as_written = number.written[_begin(number) : _place_of_digit(number, code_ends)]
    return _found(number, Kind.LANDLINE, "+86" + found[2], f"{area_as_written}****{found[2][-3:]}", bare)


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


_READERS = {Kind.MOBILE: _mobile, Kind.LANDLINE: _landline, Kind.FOREIGN: _foreign, Kind.IDENTITY: _identity}


def _in_code(number: _Number) -> bool:
    """Whether the digits are a part of a longer code; what is behind a `\\n` of quoted text is none."""
    start, text = number.start, number.text
    before = text[start - 1 : start] if start else ""
    escape = start > 1 and text[start - 2] == "\\"
    in_front = not escape and (_CODE.match(before) is not None or before == ".")
    return in_front or _CODE.match(text, number.end) is not None


def _behind(lengths: tuple[int, ...], prefix: int) -> tuple[int, ...]:
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
    inside = text[start : number.end]
    return start - 1 if inside.count(")") > inside.count("(") and text[start - 1 : start] == "(" else start


def _found(number: _Number, kind: Kind, value: str, shown: str, bare: bool = False) -> Found:
    start, end, text = _begin(number), number.end, number.text
    in_word = (start > 0 and _WORD.match(text, start - 1) is not None) or _WORD.match(text, end) is not None
    return Found(start, end, kind, value, shown, in_word, bare)
