"""What a creating route accepted can be read, listed, changed and ended again by every route that shows it.

Both the creating routes and those that show what they made come from the API description of each service. Bodies are the
described examples, made strange in one or two places; HUIFANG_FUZZ_EXAMPLES is how many a creating route is sent. The service
is a process of its own: it takes a fifth more memory at most than after its first WARM_UP bodies, however many follow.
"""

import copy
import json
import os
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml

from shared.testing.events import NOON
from tests.architecture.parts import ID, SERVICES, Described, operations
from tests.hostile.own_process import OwnProcess, running
from tests.hostile.unharmed import unharmed_process
from tests.patience import PATIENCE

EXAMPLES = int(os.environ.get("HUIFANG_FUZZ_EXAMPLES", "100"))
WARM_UP = 20  # bodies to each route
DEEP: Any = json.loads("[" * 150 + "]" * 150)
STRANGE: tuple[Any, ...] = (
    *(
        "",
        " ",
        "\0",
        "\ud800",
        "9" * 400,
        "x" * 65,
        "长" * 5_000,
        "é\u202e\u200b",
        "../..",
        "sealed:v1:AAAA",
        "{{ 1/0 }}",
        "[[[[",
    ),
    *("13800138000", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "9999-12-31", "P9999999D", "24:00"),
    *(0, -1, 1, 2**31, 2**63, 10**400, 0.1, 1e300, True, None, [], {}, [None], {"": ""}, {"a" * 300: 1}, DEEP),
)


@pytest_asyncio.fixture(params=SERVICES)
async def own(
    request: pytest.FixtureRequest, service_dsn: Callable[[str], Awaitable[str]], tmp_path: Path
) -> AsyncIterator[OwnProcess]:
    """One service after the other as a process of its own, on a Monday in March, nothing done by time."""
    settings = {"clock": f"{NOON.isoformat()}@1", "jobs_enabled": False, "body_seconds": PATIENCE}
    async with running(request.param, await service_dsn(request.param), tmp_path, PATIENCE, **settings) as process:
        yield process


async def test_what_was_accepted_can_be_read_listed_changed_and_ended(own: OwnProcess) -> None:
    document = own.app.openapi()
    routes = list(creating(own))
    async with own.client() as client:
        for path, operation in routes * 2:  # what one needs, another makes
            await ask(client, "POST", path, example_of(operation, document))
        for path, operation in routes:  # what is only loaded, compiled or kept once does not count as growth
            await send(own, client, path, operation, WARM_UP)
        async with unharmed_process(own):
            for path, operation in routes:
                accepted = await send(own, client, path, operation, EXAMPLES)
                assert accepted >= 2, f"POST {path} accepted {accepted} of {EXAMPLES}: that tells nothing"


async def send(own: OwnProcess, client: httpx.AsyncClient, path: str, operation: dict[str, Any], count: int) -> int:
    """So many bodies to the route; what was accepted is looked at again. Returns how many were."""
    example, accepted = example_of(operation, own.app.openapi()), 0
    for body in bodies(example, fields_of(operation, own.app.openapi()), path, count):
        answer = await ask(client, "POST", path, body)
        if answer.is_success:
            accepted += 1
            await show_again(own, client, path, answer)
            if accepted % max(20, count // 25) == 1:
                await list_again(own, client, body)
    await list_again(own, client, example)
    return accepted


def creating(served: Described) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, operation) of every route that makes something of a body of its own."""
    for method, path, operation in operations(served.app):
        content = operation.get("requestBody", {}).get("content", {})
        if method == "POST" and "application/json" in content and "{" not in path and not path.endswith(NOT_KEPT):
            yield path, operation


NOT_STORED = ("/facts",)  # asked of Kafka, which this test goes without
# nothing is made by them; the line's events are believed by their signature alone
NOT_KEPT = ("/plan", "/try", "/assign", "/claim", "/line/events")


def example_of(operation: dict[str, Any], document: dict[str, Any]) -> Any:
    """The example of the body that the description gives, else a plain body of the described fields."""
    content = operation["requestBody"]["content"]["application/json"]
    return content["example"] if "example" in content else plain(content["schema"], document["components"]["schemas"])


def fields_of(operation: dict[str, Any], document: dict[str, Any]) -> list[str]:
    """What the body may hold besides."""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return sorted(schema.get("properties", ()))


def plain(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """A value of the schema: its example where there is one."""
    if "$ref" in schema:
        return plain(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for key in ("example", "const", "default"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if key in schema:
            return schema[key][0]
    if "anyOf" in schema:
        return plain(schema["anyOf"][0], schemas)
    if schema.get("type") == "object":
        needed = schema.get("required", ())
        return {name: plain(field, schemas) for name, field in schema.get("properties", {}).items() if name in needed}
    if schema.get("format") == "date-time":
        return "2026-03-03T09:00:00+08:00"
    return {"array": [], "integer": 1, "number": 1, "boolean": True}.get(schema.get("type", ""), "已向客户说明")


def bodies(example: Any, fields: list[str], seed: str, count: int) -> Iterator[Any]:
    """The example as it is, then with strange values in it, each under a name of its own."""
    chance = random.Random(seed)
    yield example
    for number in range(1, count):
        body = copy.deepcopy(example)
        for key in ("name", "id", "login"):
            if isinstance(body.get(key), str) and chance.random() < 0.7:
                body[key] = f"{body[key]}-{number}"
        for _ in range(chance.choice((1, 1, 2))):
            make_strange(body, fields, chance)
        yield body


def make_strange(body: dict[str, Any], fields: list[str], chance: random.Random) -> None:
    """One value anywhere in the body is replaced or left out, or a field that may be there is."""
    holder, key = chance.choice([*places(body), *((body, field) for field in fields)] or [(body, "extra")])
    written = _document_in(holder, key)
    if written and chance.random() < 0.8:  # a file of a pack: what stands in it becomes strange, its form stays sound
        make_strange(written, [], chance)
        holder[key] = yaml.safe_dump(written, allow_unicode=True, sort_keys=False)
    elif isinstance(holder, dict) and chance.randrange(8) == 0:
        holder.pop(key, None)
    else:
        holder[key] = copy.deepcopy(chance.choice(STRANGE))


def _document_in(holder: Any, key: Any) -> dict[str, Any]:
    """The YAML document that a text of several lines is; empty for what is none."""
    text = holder.get(key) if isinstance(holder, dict) else holder[key]
    if not isinstance(text, str) or "\n" not in text:
        return {}
    try:
        read = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Everywhere a value stands: what holds it, and its key there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from places(inner)


async def ask(client: httpx.AsyncClient, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
    """The answer, which is never a fault of ours."""
    if body is not None:
        options["content"] = json.dumps(body)
        options["headers"] = {"Content-Type": "application/json", **options.get("headers", {})}
    answer = await client.request(method, path, **options)
    assert answer.status_code < 500, (method, path, json.dumps(body)[:2_000], answer.text)
    return answer


async def show_again(served: Described, client: httpx.AsyncClient, path: str, made: httpx.Response) -> None:
    """Every route below the one that made it reads it, then changes it, then ends it."""
    document, told = served.app.openapi(), made.json()
    own = told.get("id") or told.get("login") or told.get("name")
    version = made.headers.get("ETag", "")
    below = [each for each in operations(served.app) if re.fullmatch(re.escape(path) + r"/{\w+}(/[\w-]+)?", each[1])]
    for method, template, operation in sorted(below, key=lambda each: (each[0] != "GET", each[0] == "DELETE")):
        address = re.sub(r"{\w+}", str(own), template)
        if method == "GET":
            read = await ask(client, method, address)
            assert read.status_code == (409 if template.endswith("/result") else 200), (address, made.text, read.text)
            version = read.headers.get("ETag", version)
            continue
        body = example_of(operation, document) if "requestBody" in operation else None
        changed = await ask(client, method, address, body, headers={"If-Match": version})
        assert changed.status_code != 404, (method, address, made.text)
        version = changed.headers.get("ETag", version)


async def list_again(served: Described, client: httpx.AsyncClient, body: Any) -> None:
    """Every list of the service to its end, and every figure."""
    for method, path, operation in operations(served.app):
        if method != "GET" or "{" in path or path.endswith(NOT_STORED):
            continue
        names = [item["name"] for item in operation.get("parameters", ()) if item["in"] == "query"]
        params: dict[str, Any] = {"limit": 200} if "limit" in names else {}
        if "customer_id" in names and isinstance(body, dict):
            params["customer_id"] = body.get("customer_id") or ID
        while True:
            answer = await ask(client, method, path, params=params)
            following = answer.json().get("next_cursor") if "cursor" in names and answer.is_success else None
            if not following:
                break
            params["cursor"] = following
