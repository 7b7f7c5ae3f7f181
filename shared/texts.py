"""What a text may hold, and how bytes become one: the same at every door of every service.

PostgreSQL can't store U+0000, and no UTF-8 has an unpaired surrogate: both are refused wherever they come in, named by
their field. Names (ids, sources, file names) are on one line besides: they hold no control characters (C0, DEL, C1).
What people write may have line breaks; full-width spaces, new Han characters and emoji are fine everywhere, whatever a
library's tables say of them (`str.isprintable` refuses them).
"""

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

import re2

NUL = "含有空字符（\\u0000）"
SURROGATE = "含有不成对的代理字符（\\ud800–\\udfff），不是完整的文字"
_CONTROL = re2.compile(r"[\x00-\x1f\x7f-\x{9f}]")
_ESCAPED = re2.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CHINESE = ("gbk", "gb2312", "gb18030", "x-gbk", "cp936", "936", "ms936", "windows-936", "hz-gb-2312", "euc-cn")
_UNLIKELY = frozenset({"Cc", "Cn", "Co", "Cs"})  # controls, unassigned, private use: no Chinese text has them
_DEEPEST = 200


class Undecodable(ValueError):
    """Bytes that are no text in any encoding known here; says why, in Chinese."""


def storage_fault(text: str) -> str:
    """Why this text can't be kept at all; "" when it can."""
    if "\0" in text:
        return NUL
    return "" if text.isascii() or _is_whole(text) else SURROGATE


def text_fault(text: str) -> str:
    """Why this can't be a name, on one line and printable; "" when it can."""
    if text.isprintable():  # nearly all names; it refuses more than is wrong, and nothing that is wrong gets by
        return ""
    if fault := storage_fault(text):
        return fault
    found = _CONTROL.search(text)
    return f"含有控制字符（U+{ord(found.group()):04X}）" if found else ""


def printable(text: str) -> str:
    """The text without what a name may not hold."""
    return "".join(letter for letter in text if not text_fault(letter))


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def faults_in(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """What can't be kept in a value of JSON or YAML, at any depth: (dotted path, reason); in names of members, too."""
    stack: list[tuple[str, Any, int]] = [(path, value, 0)]
    while stack:
        where, item, depth = stack.pop()
        if isinstance(item, str):
            if fault := storage_fault(item):
                yield where, fault
        elif isinstance(item, dict) and depth < _DEEPEST:
            for name, part in item.items():
                if not isinstance(name, str):  # YAML's keys may be numbers, days, truths and nothing
                    yield where, f"键应写成文字，请加引号，现在是 {_shown(str(name))}"
                    continue
                if fault := storage_fault(name):
                    yield where, f"字段名{fault}"
                stack.append((f"{where}.{_shown(name)}".strip("."), part, depth + 1))
        elif isinstance(item, list) and depth < _DEEPEST:
            stack += [(f"{where}.{index}".strip("."), part, depth + 1) for index, part in enumerate(item)]


def faults_in_json(body: bytes, path: str = "") -> Iterator[tuple[str, str]]:
    """What can't be kept in a JSON text: (dotted path, reason). Nothing where no escape may be such, or it is no JSON."""
    if body and _ESCAPED.search(body):
        try:
            value: Any = json.loads(body)
        except (ValueError, RecursionError):
            return  # whoever reads it says so
        yield from faults_in(value, path)


def _shown(name: str) -> str:
    return printable(name)[:100]


def decode(body: bytes, declared: str = "") -> str:
    """The text of these bytes: as a byte order mark says, else UTF-8 where they are that, else as declared or as GBK
    (GB18030) where that gives Chinese text. A declared `charset` that the bytes contradict is not believed. Raises Undecodable.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return _decoded(body, encoding) or ""
    named = _known(declared)
    text = _decoded_or_none(body, "utf-8")
    if text is not None and (named in ("", "utf-8") or text.isascii() or (max(text) >= "\u0800" and _is_likely(text))):
        return text  # bytes of another encoding that happen to be UTF-8 give letters below U+0800, or rare characters of GBK
    if text is None and _has_surrogates(body):
        raise Undecodable(SURROGATE)
    for encoding in dict.fromkeys((named or "gb18030", "gb18030")):
        other = _decoded_or_none(body, encoding)
        if other is not None and (encoding != "gb18030" or _is_likely(other)):
            return other
    if text is not None:
        return text
    raise Undecodable(_why_not(body))


def charset_of(content_type: str) -> str:
    """The `charset` parameter of a Content-Type header; "" without one."""
    for parameter in content_type.lower().split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return value.strip().strip("\"'")
    return ""


def utf8(body: bytes, content_type: str = "") -> bytes:
    """The same text in UTF-8 without a mark. Raises Undecodable."""
    return body if body.isascii() else decode(body, charset_of(content_type)).encode()


def json_fault(text: str) -> tuple[str, str]:
    """Why a JSON text was refused: (dotted path or "", reason). For texts that a strict parser didn't take."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return "", f"不是有效的 JSON（第 {error.lineno} 行第 {error.colno} 个字符附近）"
    except (RecursionError, ValueError):
        return "", "不是有效的 JSON（嵌套过深或数值过大）"
    return next(faults_in(value), ("", "不是有效的 JSON（数值超出范围）"))


def _known(charset: str) -> str:
    """A declared encoding as Python's codec; "" for none and for names nobody knows."""
    if charset in _CHINESE:
        return "gb18030"
    return {"utf8": "utf-8", "utf-8": "utf-8", "us-ascii": "", "big5": "big5", "iso-8859-1": "latin-1"}.get(charset, "")


def _decoded(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        raise Undecodable(f"开头标明是 {encoding.removesuffix('-sig').upper()}，内容却不是") from error


def _decoded_or_none(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_likely(text: str) -> bool:
    """Whether this may be Chinese text; line breaks and tabs are."""
    odd = {letter for letter in set(text) if unicodedata.category(letter) in _UNLIKELY}
    return not odd - {"\t", "\n", "\r"}


def _why_not(body: bytes) -> str:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"第 {error.start + 1} 个字节起不是 UTF-8，也不是 GBK，请用 UTF-8 编码"
    return "无法识别的编码，请用 UTF-8"


def _has_surrogates(body: bytes) -> bool:
    """Whether somebody encoded half a character, as no UTF-8 may."""
    try:
        body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True
