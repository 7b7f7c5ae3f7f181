"""What Aliyun SMS calls back with (Dysmsapi SmsReport and SmsUp): arrays, each row of which stands for itself."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import orjson

from services.notifications.domain.answers import Receipt, Reply, Unreadable
from shared.errors import BadRequest, PayloadTooLarge
from shared.privacy import e164, mask_text
from shared.zone import ORG_ZONE

LONGEST_REPLY = 2_000  # of a reply; longer than any SMS
LONGEST_NAME = 200  # of a number or word by which the provider tells things apart
LONGEST_KEPT = 2_000
MOST_ROWS = 2_000
YES = frozenset({"true", "1", "yes", "success", "ok"})
NO = frozenset({"false", "0", "no", "fail", "failed"})
T = TypeVar("T")


class _BrokenRow(Exception):
    """Says why, in Chinese."""


def parse_receipts(body: bytes) -> tuple[list[Receipt], list[Unreadable]]:
    """An SmsReport push: its receipts, and the rows that are none. Raises BadRequest when it is no array."""
    return _each(body, _receipt)


def parse_replies(body: bytes) -> tuple[list[Reply], list[Unreadable]]:
    """An SmsUp push: its replies, and the rows that are none. Raises BadRequest when it is no array."""
    return _each(body, _reply)


def _receipt(row: dict[str, Any]) -> Receipt:
    return Receipt(
        out_id=_name(row, "out_id"),
        ref=_name(row, "biz_id"),
        phone=_short("phone_number", _required(row, "phone_number")),
        success=_success(_required(row, "success")),
        code=mask_text(_name(row, "err_code")),
        reported_at=_local_time(row.get("report_time")),
    )


def _success(answer: str) -> bool:
    """Words and numbers stand for a truth value, too."""
    word = answer.strip().lower()
    if word not in YES | NO:
        raise _BrokenRow("success 不是真假值")
    return word in YES


def _reply(row: dict[str, Any]) -> Reply:
    phone, content = _required(row, "phone_number"), _required(row, "content", empty=True)
    if e164(phone) is None:
        raise _BrokenRow("phone_number 不是可识别的号码")
    if len(content) > LONGEST_REPLY:
        raise _BrokenRow(f"content 超过 {LONGEST_REPLY} 个字")
    sequence = _name(row, "sequence_id") or _digest(f"{_text(row.get('send_time'))}/{content}")
    return Reply(sequence, phone, mask_text(content))


def _each(body: bytes, read: Callable[[dict[str, Any]], T]) -> tuple[list[T], list[Unreadable]]:
    taken: list[T] = []
    broken = []
    for row in _rows(body):
        try:
            if not isinstance(row, dict):
                raise _BrokenRow("不是 JSON 对象")
            taken.append(read(row))
        except _BrokenRow as error:
            broken.append(Unreadable(str(error), _kept(_clean(json.dumps(row, ensure_ascii=False)))))
    return taken, broken


def _kept(text: str) -> str:
    """As much of a row as people look at, which says where it goes on."""
    if len(text) <= LONGEST_KEPT:
        return mask_text(text)
    return f"{mask_text(text[:LONGEST_KEPT])}…（原文共 {len(text)} 个字，这里是前 {LONGEST_KEPT} 个）"


def _rows(body: bytes) -> list[Any]:
    try:
        rows = _json(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("请求体不是 JSON") from error
    if not isinstance(rows, list):
        raise BadRequest("请求体应为 JSON 数组")
    if len(rows) > MOST_ROWS:
        raise PayloadTooLarge(f"一次最多 {MOST_ROWS} 条，收到 {len(rows)} 条")
    return rows


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # a broken character in one text must not cost the other rows: it is read as the mark for such
        return json.loads(body.decode("utf-8-sig", "replace"))


def _required(row: dict[str, Any], name: str, empty: bool = False) -> str:
    value = row.get(name)
    if value is None or isinstance(value, dict | list) or (value == "" and not empty):
        raise _BrokenRow(f"缺少 {name}")
    return _text(value)


def _name(row: dict[str, Any], name: str) -> str:
    return _short(name, _text(row.get(name)))


def _short(name: str, text: str) -> str:
    """Databases find things by it, so that it has an end."""
    if len(text) > LONGEST_NAME:
        raise _BrokenRow(f"{name} 超过 {LONGEST_NAME} 个字")
    return text


def _text(value: Any) -> str:
    return "" if value is None else _clean(str(value))


def _clean(text: str) -> str:
    """Without what a database can't keep."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _local_time(value: Any) -> datetime | None:
    """`2026-03-02 10:00:00` without a zone is local time; None for what is no time."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=ORG_ZONE)
