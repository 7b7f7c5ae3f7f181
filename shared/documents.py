"""Documents that people write and send: YAML, of which JSON is a part."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from shared.errors import BadRequest, PayloadTooLarge, refuse
from shared.texts import faults_in, faults_in_json
from shared.yaml_reader import DEEPEST, read_yaml

if TYPE_CHECKING:
    from fastapi import Request

LARGEST_BYTES = 64 << 10
MOST_SHOWN = 5


async def sent_document(request: "Request", largest: int = LARGEST_BYTES) -> Any:
    """The value in a request's body, as `read_document` has it, read beside the event loop: a mistake at the end of 16 KiB of
    YAML takes 0.15 s of the processor to tell. A service reads no document otherwise.
    """
    import asyncio  # here, so that commands that read documents start without it

    return await asyncio.to_thread(read_document, await request.body(), largest)


def read_document(body: bytes, largest: int = LARGEST_BYTES) -> Any:
    """The value in a YAML or JSON text of at most `largest` bytes. Raises PayloadTooLarge, BadRequest, InvalidInput."""
    if len(body) > largest:
        raise PayloadTooLarge(f"内容不能超过 {largest >> 10} KiB")
    refuse([*faults_in_json(body, "body")])
    try:
        read = read_yaml(_text(body), largest)
    except UnicodeDecodeError as error:
        raise BadRequest("有无法识别的文字，请用 UTF-8 编码") from error
    refuse([*faults_in(read.value, "body")])  # YAML has escapes of its own
    if read.slips:
        said = (f"第 {slip.line} 行第 {slip.column} 列：{slip.message}" for slip in read.slips[:MOST_SHOWN])
        raise BadRequest("；".join(said))
    return read.value


def shallow(value: Any) -> Any:
    """The same JSON value, when it is no deeper than a document may be. Raises ValueError."""
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        inner = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [below for one in inner for below in one]
    if level:
        raise ValueError(f"层次太深，最多 {DEEPEST} 层")
    return value


def _text(body: bytes) -> str:
    """JSON may write a character as a pair of escapes (RFC 8259 §7), which YAML does not know."""
    if b"\\ud" in body.lower():
        with suppress(ValueError, TypeError):
            return orjson.dumps(orjson.loads(body)).decode()
    return body.decode("utf-8-sig")
