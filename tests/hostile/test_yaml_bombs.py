"""YAML made to end, fill or freeze its reader, sent to every route that takes YAML, by itself and within a pack: nothing of it
is read in the event loop, and what is made of it there takes no 50 ms either.
"""

import json
from collections.abc import Iterator

from shared.testing import Served
from tests.architecture.conftest import served
from tests.architecture.parts import filled, operations
from tests.hostile.loop_time import LoopTime, loop_time
from tests.hostile.unharmed import unharmed

__all__ = ["loop_time", "served"]
SIZE = 60_000
MOST = 0.05  # seconds that a step of the loop may take
TRIES = 3  # a step that a collection of the whole process's garbage falls into is no fault of the body
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
BOMBS = {
    "brackets": "[" * SIZE,
    "braces": "{a: " * (SIZE // 4),
    "dashes": "- " * (SIZE // 2),
    "questions": "? " * (SIZE // 2),
    "indents": "".join(" " * depth + "a:\n" for depth in range(340)),
    "laughs": LAUGHS,
    "itself": "a: &a [*a, *a]\n",
    "anchors": "".join(f"&a{n} " for n in range(SIZE // 8)),
    "merges": "a: &a {b: 1}\n" + "c:\n  <<: *a\n" * (SIZE // 14),
    "tags": "a: !!python/object/apply:os.abort []\n",
    "many values": "a: [" + "1," * (SIZE // 2) + "]",
    "one key": "a: 1\n" * (SIZE // 5),
    "long key": "a" * SIZE + ": 1",
    "long number": "a: " + "9" * SIZE,
    "exponent": "a: 1e999999999",
    "sixties": "a: " + ":".join(["59"] * (SIZE // 3)),
    "open quote": 'a: "' + "\\x" * (SIZE // 2),
    "open block": "a: |\n" + " \n" * (SIZE // 2),
    "escapes": 'a: "' + "\\U0010FFFF" * (SIZE // 10),
    "documents": "---\n" * (SIZE // 4),
    "directives": "%YAML 1.1\n" * (SIZE // 10),
    "tabs": "a:\n" + "\t- b\n" * (SIZE // 5),
}  # fmt: skip


def sent(path: str) -> Iterator[tuple[str, str, bytes]]:
    """(which bomb, media type, body) for a route."""
    for name, bomb in BOMBS.items():
        yield name, "application/yaml", bomb.encode()
        if path.endswith("/packs"):
            for file in ("pack.yaml", "policies/a.yaml", "kinds/a.yaml", "organisation.yaml", "questionnaires/a.yaml"):
                files = {"pack.yaml": "format: 1\nname: test\ntitle: t\n", file: bomb}
                yield f"{name} in {file}", "application/json", json.dumps({"name": "test", "files": files}).encode()


def long(size: int) -> dict[str, str]:
    """Much of what is read in Python, not in C: mistakes that are explained, lines, keys, values, characters beyond ASCII."""
    keys = "".join(f"k{number}: 1\n" for number in range(size // 9))
    return {
        "values without end": "a: [" + "1," * (size // 2 - 8),
        "values": "a: [" + "1," * (size // 2 - 8) + "]",
        "keys": keys,
        "keys with a slip at the end": f"{keys}\t[",
        "keys of numbers": "{" + ",".join(f"{number}: 1" for number in range(size // 9)) + "}",
        "keys with NUL": "{" + ",".join(f'"\\0{number}":1' for number in range(size // 9)) + "}",
        "the same key": "a: 1\n" * (size // 5),
        "a slip a value": "[" + "\u200b," * (size // 4 - 2) + "]",
        "days": "a: [" + "2026-01-02," * (size // 11 - 2) + "]",
        "escapes of JSON": '{"a":"\\ud840\\udc00","b":[' + "1," * (size // 2 - 20) + "1]}",
        "documents": "---\n" * (size // 4),
        "a pack's files": '{"name": "test", "files": {' + ",".join(f'"k{n}":1' for n in range(size // 10)) + '"k":1}}',
        "questions": '{"id": "q", "title": "t", "questions": [' + "{}," * (size // 3 - 20) + "{}]}",
    }


def yaml_routes(served: Served) -> list[tuple[str, str]]:
    """(METHOD, path) of every route that reads YAML."""
    return [
        (method, path)
        for method, path, operation in operations(served.app)
        if "application/yaml" in operation.get("requestBody", {}).get("content", {})
    ]


async def test_no_document_is_read_in_the_event_loop(served: Served, loop_time: LoopTime) -> None:
    routes = yaml_routes(served)
    async with served.client() as client, unharmed(served):
        for method, path in routes:
            for size in (4_000, 8_000, 16_000, 65_000):
                for name, text in long(size).items():
                    held = []
                    for _ in range(TRIES):
                        loop_time.forget()
                        headers = {"Content-Type": "application/yaml", "If-Match": '"1"'}
                        answer = await client.request(method, filled(path), content=text, headers=headers)
                        assert answer.status_code < 500, (path, name, answer.text[:300])
                        held.append(loop_time.most)
                        if held[-1] < MOST:
                            break
                    assert min(held) < MOST, (path, name, size, held, loop_time.what)


async def test_no_yaml_ends_fills_or_freezes_its_reader(served: Served) -> None:
    routes = yaml_routes(served)
    async with served.client() as client, unharmed(served):
        for method, path in routes:
            for name, media, body in sent(path):
                headers = {"Content-Type": media, "If-Match": '"1"'}
                answer = await client.request(method, filled(path), content=body, headers=headers)
                assert 400 <= answer.status_code < 500, (path, name, answer.status_code, answer.text[:300])
