"""YAML made to end, fill or freeze its reader, sent to every route that takes YAML, by itself and within a pack."""

import json
from collections.abc import Iterator

from shared.testing import Served
from tests.architecture.conftest import served
from tests.architecture.parts import filled, operations
from tests.hostile.unharmed import unharmed

__all__ = ["served"]
SIZE = 60_000
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


async def test_no_yaml_ends_fills_or_freezes_its_reader(served: Served) -> None:
    async with served.client() as client, unharmed(served):
        for method, path, operation in operations(served.app):
            if "application/yaml" not in operation.get("requestBody", {}).get("content", {}):
                continue
            for name, media, body in sent(path):
                headers = {"Content-Type": media, "If-Match": '"1"'}
                answer = await client.request(method, filled(path), content=body, headers=headers)
                assert 400 <= answer.status_code < 500, (path, name, answer.status_code, answer.text[:300])
