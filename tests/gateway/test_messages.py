"""Bodies of messages in the forms and encodings that real senders give them."""

from urllib.parse import urlencode

import orjson
import pytest

from services.gateway.commands import parse_body

JSON = orjson.dumps({"a": "维修 100%", "b": {"c": 1}})


FORM = urlencode({"a": "维修 100%", "b": "1"}).encode()


@pytest.mark.parametrize(
    "header", ["", "application/json", "application/x-www-form-urlencoded", "text/plain; charset=gbk"]
)
def test_the_body_says_what_it_is_whatever_the_header_says(header: str) -> None:
    assert parse_body(JSON, header) == {"a": "维修 100%", "b": {"c": 1}}
    assert parse_body(b"\xef\xbb\xbf \n" + JSON, header) == {"a": "维修 100%", "b": {"c": 1}}
    assert parse_body(FORM, header) == {"a": "维修 100%", "b": "1"}


@pytest.mark.parametrize("charset", ["", "gbk", "GB2312", "utf-8", "nonsense"])
@pytest.mark.parametrize("written", ["utf-8", "gb18030", "utf-16"])
def test_chinese_is_read_in_the_encoding_it_has(charset: str, written: str) -> None:
    body = '{"name": "张三维修"}'.encode(written)
    assert parse_body(body, f"application/json; charset={charset}") == {"name": "张三维修"}


def test_bytes_that_may_be_either_are_read_as_declared() -> None:
    body = b'{"name": "' + "联通".encode("gbk") + b'"}'
    assert parse_body(body, "application/json; charset=gbk") == {"name": "联通"}


@pytest.mark.parametrize(
    ("body", "field", "told"),
    [
        (b'{"a": {"b": ["x", "\\ud83d"]}}', "a.b.1", "代理字符"),
        (b'{"a": "x\\u0000"}', "data.a", "空字符"),
        (b'{"a\\u0000": 1}', "data", "空字符"),
        (b'{"a": "\xff\xff"}', "body", "第 8 个字节起不是 UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "body", "代理字符"),
        (b'{"a": }', "body", "第 1 行第 7 个字符"),
        (b"[1", "body", "JSON"),
        (b"", "body", "JSON"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(body: bytes, field: str, told: str) -> None:
    errors = parse_body(body, "application/json")
    assert isinstance(errors, list)
    assert errors[0].field == field
    assert told in errors[0].reason
