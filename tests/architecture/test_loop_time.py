"""No body holds the event loop of any service: every route that takes one gets the worst of each kind and size."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from shared.testing import Served
from tests.architecture.parts import filled, operations
from tests.architecture.test_read_again import example_of, fields_of
from tests.hostile.loop_time import LONGEST, LoopTime, loop_time

__all__ = ["loop_time"]
MIB = 1 << 20
PLAIN: dict[str, bytes] = {
    "numbers": b"[" + b"1," * (MIB // 2 - 8) + b"1]",
    "unknown members": json.dumps({f"k{number}": 1 for number in range(70_000)}).encode(),
    "brackets": b"[" * MIB,
    "objects": b'{"a":' * (MIB // 5),
    "quotes": b'["' + b'\\"' * (MIB // 2 - 8),
}
PROSE = ("1 ", "0571-", "2026-03-02 10:00:00 ", "x", "{{", "- ", "a@b.cn ")


def strange(example: dict[str, Any], fields: list[str]) -> Iterator[tuple[str, bytes]]:
    """The example with a field as large as each limit lets through."""
    for field in sorted({*example, *fields}):
        for size in (1_900, 30_000, 60_000, 1_000_000):
            text = PROSE[(len(field) + size // 100) % len(PROSE)]
            yield f"{field}: {size} of {text}", _sent(example | {field: text * (size // len(text))})
        yield f"{field}: members", _sent(example | {field: {f"k{number}": "1 1 1" for number in range(1_500)}})
        yield f"{field}: objects", _sent(example | {field: [{"a": 1}] * 80_000})


def _sent(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()[:MIB]


async def test_no_body_of_any_route_holds_the_loop(served: Served, loop_time: LoopTime) -> None:
    document = served.app.openapi()
    # what the bodies weigh is asked where a service is a process of its own: this one holds them and the log, too
    async with served.client() as client:
        for method, path, operation in operations(served.app):
            content = operation.get("requestBody", {}).get("content", {})
            kinds = [kind for kind in content if "json" in kind]
            if not kinds:
                continue
            described = "application/json" in content
            example = example_of(operation, document) if described else {}
            fields = fields_of(operation, document) if described else []
            headers = {"Content-Type": kinds[0], "If-Match": '"1"'}
            await client.request(method, filled(path), content=b"{", headers=headers)  # makes the route ready
            for name, body in (*PLAIN.items(), *strange(example if isinstance(example, dict) else {}, fields)):
                loop_time.forget()
                answer = await client.request(method, filled(path), content=body, headers=headers)
                assert answer.status_code < 500, (path, name, answer.text)
                assert loop_time.most < LONGEST, (method, path, name, loop_time.most, loop_time.what)


async def test_the_description_of_the_api_is_made_beside_the_loop(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first time it takes a quarter of a second; how long the first time took nobody knows any more here."""
    made, threads = served.app.openapi, set()

    def openapi() -> dict[str, Any]:
        threads.add(threading.get_ident())
        return made()

    monkeypatch.setattr(served.app, "openapi", openapi)
    async with served.client() as client:
        assert (await client.get("/openapi.json")).json()["paths"]
    assert threads
    assert threading.get_ident() not in threads
