"""Reading CloudEvents over HTTP (CloudEvents HTTP protocol binding 1.0: structured, batched and binary content modes)."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from services.gateway.domain.problems import FieldError
from shared.texts import json_fault

MOST_ITEMS = 500
# a string that never ends is a token too: a search that fails at each of its quotes takes the square of its length
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{},]', re.DOTALL)
_BATCH = msgspec.json.Decoder(list[msgspec.Raw])


class Unparseable(ValueError):
    """The body as a whole can't be read; says why, in Chinese."""


class Envelope(msgspec.Struct, frozen=True):
    """The attributes as they came, of whatever type; `data` is still JSON text."""

    specversion: Any = None
    id: Any = None
    source: Any = None
    type: Any = None
    time: Any = None
    subject: Any = None
    partitionkey: Any = None
    datacontenttype: Any = None
    traceparent: Any = None
    practice: Any = None
    data_base64: Any = None
    data: msgspec.Raw = msgspec.Raw(b"")


_ENVELOPE = msgspec.json.Decoder(Envelope)


def read_envelope(raw: bytes) -> Envelope | list[FieldError]:
    """One structured event."""
    try:
        return _ENVELOPE.decode(raw)
    except RecursionError:
        return [FieldError("data", "嵌套层数过多")]
    except msgspec.ValidationError:
        return [FieldError("event", "应为 JSON 对象")]
    except ValueError:
        where, reason = json_fault(raw.decode("utf-8", "replace"))
        return [FieldError(where or "event", reason)]


def split_batch(body: bytes) -> list[bytes]:
    """The items of a JSON array, each as its own text, so that a broken one stands alone. Raises Unparseable."""
    try:
        return [bytes(item) for item in _BATCH.decode(body)]
    except (ValueError, RecursionError):
        return _split_by_brackets(body)


def _split_by_brackets(body: bytes) -> list[bytes]:
    """Split a batch no decoder takes as a whole: only strings and brackets are looked at, without recursion."""
    text = body.strip()
    if not text.startswith(b"["):
        raise Unparseable("批量提交的内容应为 JSON 数组")
    items: list[bytes] = []
    depth, start = 0, 1
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark in (b"[", b"{"):
            depth += 1
        elif mark in (b"]", b"}"):
            depth -= 1
            if depth == 0:
                if text[token.end() :].strip() or mark == b"}":
                    break
                return [item for item in (*items, text[start : token.start()].strip()) if item]
        elif mark == b"," and depth == 1:
            items.append(text[start : token.start()].strip())
            start = token.end()
    raise Unparseable("不是有效的 JSON 数组")


def from_headers(headers: Mapping[str, str], body: bytes) -> bytes:
    """A binary-mode event as structured JSON text. Values are percent-decoded (HTTP binding §3.1.3.2)."""
    attributes = {name.removeprefix("ce-"): unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    head = msgspec.json.encode({name: value for name, value in attributes.items() if name != "data"})
    return head[:-1] + b',"data":' + (body.strip() or b"null") + b"}"
