"""Documents that people write and send: YAML, of which JSON is a part."""

from typing import Any

import yaml

from shared.errors import BadRequest, PayloadTooLarge

LARGEST_BYTES = 64 << 10


def read_document(body: bytes, largest: int = LARGEST_BYTES) -> Any:
    """The value in a YAML or JSON text of at most `largest` bytes. Raises PayloadTooLarge, BadRequest.

    Aliases are refused: a few lines of them can make a tree of billions of nodes.
    """
    if len(body) > largest:
        raise PayloadTooLarge(f"内容不能超过 {largest >> 10} KiB")
    try:
        text = body.decode()
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.CSafeLoader)):
            raise BadRequest("YAML 中不允许使用别名（*）")
        return yaml.load(text, yaml.CSafeLoader)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise BadRequest(f"不是有效的 YAML 或 JSON：{str(error)[:200]}") from error
