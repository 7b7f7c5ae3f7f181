"""What a text may hold, and how bytes become one."""

import sys
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from shared import texts
from shared.texts import (
    NUL,
    SURROGATE,
    Undecodable,
    charset_of,
    decode,
    faults_in,
    printable,
    storage_fault,
    text_fault,
    utf8,
)


@pytest.mark.parametrize("text", ["张三　维修", "𰻞面", "👩‍🔧到了", "\u2028", "‏", "é", "a b", "\ue000", "ꀀ"])
def test_whatever_a_library_thinks_of_them_these_are_text(text: str) -> None:
    assert text_fault(text) == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\0", NUL),
        ("\ud83d", SURROGATE),
        ("a\n", "U+000A"),
        ("\x7f", "U+007F"),
        ("\x85", "U+0085"),
        ("\x1b[0m", "U+001B"),
    ],
)
def test_controls_and_half_characters_are_refused_by_name(text: str, told: str) -> None:
    assert told in text_fault(text)
    assert text_fault(printable(text)) == ""


def test_prose_may_have_lines() -> None:
    assert storage_fault("一\n二\t三") == ""


def test_every_fault_of_a_value_is_named_by_its_place() -> None:
    value = {"a": [{"b": "x\0"}], "c\0": 1, "d": "\ud800", "e": "好"}
    found = list(faults_in(value, "body"))
    assert sorted(path for path, _ in found) == ["body", "body.a.0.b", "body.d"]


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"))), st.sampled_from(["", "utf-8", "nonsense"]))
def test_utf8_is_read_as_it_is(text: str, charset: str) -> None:
    body = text.encode()
    if not body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        assert decode(body, charset) == text
        assert utf8(body) == body


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2))
@example("顎丏")  # as UTF-8 this is a character for private use and a D
def test_chinese_in_gbk_is_read_when_it_says_so(text: str) -> None:
    body = text.encode("gbk")
    with suppress(UnicodeDecodeError):
        assume(
            any(unicodedata.category(letter) == "Co" for letter in body.decode())
        )  # UTF-8 that says it is GBK is as frequent
    assert decode(body, "gbk") == text


@given(st.binary(max_size=200), st.sampled_from(["", "utf-8", "gbk", "big5", "utf-16"]))
def test_any_bytes_are_read_or_refused_with_a_reason(body: bytes, charset: str) -> None:
    with suppress(Undecodable):
        assert storage_fault(decode(body, charset).replace("\0", "")) == ""


def test_a_charset_is_found_among_parameters() -> None:
    assert charset_of('application/json; boundary=x; Charset="GBK"') == "gbk"
    assert charset_of("application/json") == ""


def test_of_all_characters_the_controls_and_halves_alone_are_no_name() -> None:
    refused = {code for code in range(sys.maxunicode + 1) if text_fault(chr(code))}
    assert refused == {*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)}


def test_a_name_that_nearly_all_names_are_like_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_CONTROL", None)
    assert text_fault("SO-2026/城东 1") == ""
