"""What issue 3 asks of every service: keys, problems, health, metrics, API description, idempotency, versions, pages."""

import inspect
import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared.clock import ManualClock
from shared.pagination import encode_cursor
from shared.testing import Served, serve
from tests.architecture.parts import (
    CHINESE,
    ID,
    SERVICES,
    create_app,
    filled,
    operations,
    readers,
    routes,
    settings_class,
)

OPEN_TO_ALL = {
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    # assets and login show no data
    ("GET", "/static/swagger"),
    ("GET", "/static"),
    ("GET", "/static/own"),
    ("GET", "/static/vendor"),
    ("GET", "/overview"),
    ("GET", "/"),  # tells a browser where things are, a program that nothing is here
    ("GET", "/favicon.ico"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
    # a code from a message opens one questionnaire, once
    ("GET", "/q"),
    ("POST", "/q"),
    ("GET", "/q/thanks"),
    ("GET", "/login/oidc"),  # and back from there: the provider says who it is
    ("GET", "/login/oidc/back"),
    ("GET", "/login/oidc/out"),
}
WRONG_KEYS = (
    {},
    {"Authorization": "Bearer hf_wrong"},
    {"X-API-Key": "hf_wrong"},
    {"Cookie": "huifang_session=aaaa.bbbb.cccc"},
    {"Authorization": "Bearer aaaa.bbbb.cccc"},
    {"Authorization": "Basic dGVzdC1hZG1pbjo="},
)


def assert_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, (answer.request.method, answer.request.url, answer.text)
    assert answer.headers["content-type"] == "application/problem+json", answer.request.url
    body: dict[str, Any] = answer.json()
    assert CHINESE.search(body["title"])
    assert body["status"] == status
    assert body["type"].startswith("urn:huifang:problem:")
    return body


async def test_no_route_answers_without_a_key_that_is_known(served: Served) -> None:
    guarded = [route for route in routes(served.app) if route not in OPEN_TO_ALL]
    assert len(guarded) > 5
    async with served.client(None) as client:
        for method, path in guarded:
            for headers in WRONG_KEYS:
                assert_problem(await client.request(method, filled(path), headers=headers), 401)


async def test_errors_are_problems_in_chinese(served: Served) -> None:
    async with served.client() as client:
        assert_problem(await client.get("/no/such/page"), 404)
        assert_problem(await client.patch("/api/v1/dead-letters"), 405)
        assert_problem(await client.post(f"/api/v1/dead-letters/{ID}/replay", json={}), 404)
        invalid = assert_problem(await client.get("/api/v1/dead-letters", params={"limit": "13800138000"}), 422)
        assert invalid["errors"] == [{"field": "query.limit", "message": "应不大于 200"}]
        assert_problem(await client.post(f"/api/v1/dead-letters/{ID}/discard", content=b'{"note": '), 422)


async def test_an_unexpected_error_tells_nothing_about_itself(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_credential: str) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(served.runtime.authenticator, "principal", fail)
    async with served.client() as client:
        answer = await client.get("/api/v1/dead-letters")
    assert_problem(answer, 500)
    assert "secret" not in answer.text


async def test_a_body_that_is_too_large_is_refused_while_it_arrives(served: Served) -> None:
    async with served.client() as client:
        answer = await client.post(
            f"/api/v1/dead-letters/{ID}/discard",
            content=b'{"note": "' + b"x" * (1 << 20) + b'"}',
            headers={"Content-Type": "application/json"},
        )
    assert_problem(answer, 413)


async def test_every_operation_is_described_in_chinese(served: Served) -> None:
    for method, path, operation in operations(served.app):
        where = f"{method} {path}"
        assert CHINESE.search(operation.get("summary", "")), where
        for parameter in operation.get("parameters", ()):
            if parameter["in"] != "path":
                assert CHINESE.search(parameter.get("description", "")), (where, parameter["name"])
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            missing = undescribed(content, served.app.openapi()["components"]["schemas"])
            assert not missing, (where, media, missing)


def undescribed(content: dict[str, Any], schemas: dict[str, Any]) -> list[str]:
    """What of a body schema is explained neither by an example nor by a Chinese description of each field."""
    schema = resolved(content["schema"], schemas)
    if {"example", "examples"} & (content.keys() | schema.keys()):
        return []
    fields = {name: resolved(field, schemas) | field for name, field in schema.get("properties", {}).items()}
    return [name for name, field in fields.items() if not CHINESE.search(field.get("description", ""))] or (
        [] if fields else ["no example and no fields"]
    )


def resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in schema:
        return resolved(next(part for part in schema["anyOf"] if part.get("type") != "null"), schemas) | schema
    return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


async def test_every_field_of_every_answer_is_described_in_chinese(served: Served) -> None:
    schemas = served.app.openapi()["components"]["schemas"]
    fields = {
        f"{name}.{key}": field for name, one in schemas.items() for key, field in one.get("properties", {}).items()
    }
    assert len(fields) > 20
    assert [name for name, field in fields.items() if not CHINESE.search(field.get("description", ""))] == []


async def test_descriptions_shown_to_users_are_chinese(served: Served) -> None:
    description = served.app.openapi()
    shown = {name: schema.get("description", "") for name, schema in description["components"]["schemas"].items()}
    shown |= {
        f"{method} {path}": operation.get("description", "") for method, path, operation in operations(served.app)
    }
    assert [name for name, text in shown.items() if text and not CHINESE.search(text)] == []


async def test_the_api_description_tells_every_problem_by_its_status_and_type(served: Served) -> None:
    document = served.app.openapi()
    schemas = document["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    for method, path, operation in operations(served.app):
        told = {status: answer for status, answer in operation["responses"].items() if status >= "4"}
        assert needed_statuses(method, path, operation) <= told.keys(), (method, path)
        for status, answer in told.items():
            assert status.isdigit(), (method, path, status)
            assert CHINESE.search(answer["description"]), (method, path, status)
            problem = resolved(answer["content"]["application/problem+json"]["schema"], schemas)
            assert problem["properties"]["status"] == {"const": int(status), "description": "HTTP 状态码"}
            types = problem["properties"]["type"]["enum"]
            assert types
            assert all(each.startswith("urn:huifang:problem:") for each in types), types


def needed_statuses(method: str, path: str, operation: dict[str, Any]) -> set[str]:
    """What a route of this kind answers with besides success, by RFC 9110 and RFC 6585."""
    headers = {item["name"] for item in operation.get("parameters", ()) if item["in"] == "header"}
    needed = {"401", "422", "500", "503"}
    if operation.get("security"):
        needed |= {"403", "429"}
    if "{" in path:
        needed.add("404")
    if "requestBody" in operation:
        needed |= {"400", "408", "413"}
    if method != "GET":
        needed.add("409")
    if "If-Match" in headers:
        needed |= {"412", "428"}
    return needed


async def test_a_service_tells_no_problem_of_another(served: Served) -> None:
    types = str(served.app.openapi()["components"]["schemas"])
    assert ("problem:case-is-final" in types) == (served.runtime.service.name == "complaints")
    assert ("problem:visit-finished" in types) == (served.runtime.service.name == "visits")


ODD = ("\0", "9" * 30, "9999-12-31T23:59:59-23:59", "%")


async def test_odd_values_in_addresses_are_the_callers_fault(served: Served) -> None:
    async with served.client() as client:
        for method, path, operation in operations(served.app):
            if method != "GET":
                continue
            for odd in ODD:
                names = [item["name"] for item in operation.get("parameters", ()) if item["in"] == "query"]
                for params in ({name: odd} for name in names):
                    answer = await client.get(filled(path), params=needed(operation) | params)
                    assert answer.status_code < 500, (path, params, answer.text)
                answer = await client.get(re.sub(r"{\w+}", quote(odd, safe=""), path))
                assert answer.status_code < 500, (path, odd, answer.text)


# --- health and metrics


@pytest.mark.parametrize("service", SERVICES)
async def test_without_a_database_a_service_lives_and_says_why_it_is_not_ready(
    service: str, clock: ManualClock
) -> None:
    nowhere = "postgresql://nobody:nothing@127.0.0.1:1/nowhere"
    async with (
        serve(create_app(service), settings_class(service), nowhere, clock=clock) as served,
        served.client() as client,
    ):
        assert (await client.get("/livez")).json() == {"status": "ok"}
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert "postgres" in ready.json()["reasons"]
        assert "nothing" not in ready.text
        assert (await client.get("/metrics")).status_code == 200
        assert_problem(await client.get("/api/v1/dead-letters"), 503)


async def test_a_service_with_its_database_is_ready(served: Served) -> None:
    async with served.client(None) as client:
        told = (await client.get("/readyz")).json()
        assert (told["status"], told["reasons"]) == ("ready", {})


COMMON = {
    "huifang_http_request_seconds",
    "huifang_consumer_lag_messages",
    "huifang_consumer_age_seconds",
    "huifang_outbox_rows",
    "huifang_outbox_age_seconds",
    "huifang_dead_letters_open",
}
OWN = {
    "gateway": {"huifang_gateway_events": ("source_kind", "outcome")},
    "scheduler": {"huifang_scheduler_decisions": ("outcome",), "huifang_scheduler_tasks": ("state",)},
    "visits": {"huifang_visits_visits": ("state",), "huifang_visits_attempts": ("result",)},
    "complaints": {"huifang_complaints_cases": ("state", "grade")},
    "notifications": {"huifang_notifications_sends": ("outcome", "provider")},
    "analytics": {"huifang_analytics_kpi_ratio": ("kpi",)},
}


async def test_metrics_have_the_platforms_names_and_the_services_own(served: Served) -> None:
    async with served.client("admin") as client:
        await client.get("/api/v1/dead-letters")
        text = (await client.get("/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    name = served.runtime.service.name
    assert COMMON | OWN[name].keys() <= families.keys()
    requests = families["huifang_http_request_seconds"].samples
    assert any(
        (sample.labels["service"], sample.labels["route"]) == (name, "/api/v1/dead-letters") for sample in requests
    )
    for family in ("huifang_outbox_rows", "huifang_outbox_age_seconds"):
        assert any(sample.labels["service"] == name for sample in families[family].samples), family
    consumers = {runner.consumer.id for runner in served.runtime.consumers}
    assert consumers <= {sample.labels["consumer"] for sample in families["huifang_dead_letters_open"].samples}


async def test_paths_that_are_no_route_make_no_metrics_of_their_own(served: Served) -> None:
    async with served.client(None) as client:
        await client.get("/guess/13800138000")
        assert "/guess" not in (await client.get("/metrics")).text


# --- idempotent creation, versions, pages

NATURALLY_ONCE = {
    # what is sent identifies itself: the same again is told apart and answered as such
    "/api/v1/imports": "the file's content",
    "/api/v1/questionnaires": "an unchanged definition makes no new version",
    "/api/v1/events": "source and id",
    "/api/v1/visits/{visit_id}/attachments": "the file's content",
}


async def test_every_creating_post_takes_an_idempotency_key(served: Served) -> None:
    for method, path, operation in operations(served.app):
        if method != "POST" or "201" not in operation["responses"] or path in NATURALLY_ONCE:
            continue
        assert "Idempotency-Key" in [item["name"] for item in operation.get("parameters", ())], path


NO_VERSION = {
    # the holder's lease is the lock: nobody else may change the visit meanwhile
    "/api/v1/visits/{visit_id}/attempts",
    "/api/v1/visits/{visit_id}/arrive",
    "/api/v1/visits/{visit_id}/confirm-appointment",
    "/api/v1/visits/{visit_id}/dial",
    "/api/v1/visits/{visit_id}/hang-up",
    "/api/v1/visits/{visit_id}/line-calls",
    "/api/v1/visits/{visit_id}/line-calls/hang-up",
    "/api/v1/visits/{visit_id}/release",
    "/api/v1/visits/{visit_id}/refresh-lease",
    "/api/v1/visits/{visit_id}/reveal-phone",
    # to claim it is to take it as it is
    "/api/v1/visits/{visit_id}/claim",
    # changes nothing: says what setting them would do
    "/api/v1/work-rules/plan",
    # changes nothing: a look that is recorded
    "/api/v1/visits/{visit_id}/attempts/{attempt_id}/recording",
    # only adds
    "/api/v1/visits/{visit_id}/review",
    # the agent's own, beside the visit; it is there or it is not
    "/api/v1/visits/{visit_id}/attachments",
    "/api/v1/visits/{visit_id}/attachments/{attachment_id}",
}


async def test_every_change_of_something_with_an_etag_asks_for_if_match(served: Served) -> None:
    versioned = [path for path, endpoint in readers(served.app) if "etag(" in inspect.getsource(endpoint)]
    assert bool(versioned) == (served.runtime.service.name not in ("analytics", "notifications"))
    for method, path, operation in operations(served.app):
        of = [resource for resource in versioned if path == resource or path.startswith(resource + "/")]
        if method == "GET" or not of or path in NO_VERSION:
            continue
        assert "If-Match" in [item["name"] for item in operation.get("parameters", ())], (method, path)
        async with served.client() as client:
            assert_problem(await client.request(method, filled(path), json={}), 428)


SHORT = {
    # constants, figures and years, of which there are never many
    "/api/v1/result-codes",
    "/api/v1/calendars/official",
    "/api/v1/festivals",
    "/api/v1/kpis",
    "/api/v1/kpis/definitions",
    "/api/v1/agents",
    "/api/v1/funnel",
    "/api/v1/stats",
    "/api/v1/providers",
}


def is_list(operation: dict[str, Any], schemas: dict[str, Any]) -> bool:
    schema = operation["responses"]["200"].get("content", {}).get("application/json", {}).get("schema", {})
    schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return schema.get("type") == "array" or "items" in schema.get("properties", {})


async def test_every_list_is_paged_by_key(served: Served) -> None:
    schemas = served.app.openapi()["components"]["schemas"]
    for method, path, operation in operations(served.app):
        if method != "GET" or path in SHORT or not is_list(operation, schemas):
            continue
        assert {"limit", "cursor"} <= {item["name"] for item in operation.get("parameters", ())}, path
        async with served.client() as client:
            for cursor in ("?", "bm90aGluZw", encode_cursor("x", "y"), encode_cursor(1), encode_cursor(None, None)):
                answer = await client.get(filled(path), params={"cursor": cursor, **needed(operation)})
                if answer.status_code != 200:
                    assert_problem(answer, 422)
            page = (await client.get(filled(path), params=needed(operation))).json()
            assert page.get("next_cursor", "") is None or page["status"] == 404, path


def needed(operation: dict[str, Any]) -> dict[str, str]:
    """Filters a list is not given without."""
    names = [item["name"] for item in operation.get("parameters", ())]
    return {"customer_id": "C1"} if "customer_id" in names else {}


# what others send in forms of their own: CloudEvents may have extensions, providers add to their callbacks
SENT_BY_OTHERS = {
    ("POST", "/api/v1/events"),
    ("POST", "/ingress/v1/{source}/{token}"),
    ("POST", "/ingress/v1/sms/aliyun/{token}/receipts"),
    ("POST", "/ingress/v1/sms/aliyun/{token}/replies"),
    ("POST", "/ingress/v1/line/events"),
}


def bodies(app: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """(METHOD, path, schema) of every JSON body that the platform itself defines."""
    found = []
    for method, path, operation in operations(app):
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content and (method, path) not in SENT_BY_OTHERS:
            found.append((method, path, content["application/json"]["schema"]))
    return found


def lenient(schema: Any, schemas: dict[str, Any], path: str) -> list[str]:
    """Where a schema of an object with declared members takes others, too."""
    if isinstance(schema, list):
        return [each for one in schema for each in lenient(one, schemas, path)]
    if not isinstance(schema, dict):
        return []
    if "$ref" in schema:
        return lenient(schemas[schema["$ref"].rpartition("/")[2]], schemas, path)
    properties = schema.get("properties", {})
    found = [path] if properties and schema.get("additionalProperties") is not False else []
    inner = [(name, part) for name, part in properties.items()]
    inner += [
        (key, schema[key]) for key in ("anyOf", "oneOf", "allOf", "items", "additionalProperties") if key in schema
    ]
    return found + [each for name, part in inner for each in lenient(part, schemas, f"{path}.{name}")]


async def test_no_body_takes_members_that_nobody_knows(served: Served) -> None:
    schemas = served.app.openapi()["components"]["schemas"]
    known = bodies(served.app)
    assert known  # each service has at least the dead letters' routes
    found = [each for method, path, schema in known for each in lenient(schema, schemas, f"{method} {path}")]
    assert found == []


async def test_an_unknown_member_is_refused_by_its_name(served: Served) -> None:
    async with served.client() as client:
        for method, path, _ in bodies(served.app):
            headers = {"If-Match": '"1"'}
            answer = await client.request(method, filled(path), json={"surprise": 1}, headers=headers)
            problem = assert_problem(answer, 422)
            assert "surprise" in answer.text, (method, path, problem)


async def test_what_no_field_may_hold_is_refused_by_its_field_at_every_body(served: Served) -> None:
    async with served.client() as client:
        for method, path, _ in bodies(served.app):
            for escape in ("\\u0000", "\\ud800"):
                answer = await client.request(
                    method,
                    filled(path),
                    content=f'{{"note": {{"deep": "a{escape}b"}}}}',
                    headers={"If-Match": '"1"', "Content-Type": "application/json"},
                )
                told = assert_problem(answer, 422)["errors"]
                assert told[0]["field"] == "body.note.deep", (method, path, told)
