"""The API description as far as FastAPI does not know it: every problem a route can answer with (RFC 9457).

Nobody lists the problems route by route: a dependency or a route says what it raises (`shared.errors.raises`), a route
has what its dependencies have, and the rest follows from its method, its path and its body.
"""

from collections.abc import Iterator
from threading import Lock
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from shared.errors import (
    BadRequest,
    BodyTooLarge,
    BodyTooLate,
    Conflict,
    ForeignHost,
    HuifangError,
    NotFound,
    Unavailable,
    raised_by,
)

ALWAYS = (ForeignHost, HuifangError, Unavailable)
WITH_BODY = (BadRequest, BodyTooLate, BodyTooLarge)
HEADERS = {"401": ("WWW-Authenticate", "出示密钥的方式"), "429": ("Retry-After", "多少秒后可以再试")}
NOT_FASTAPIS_OWN: dict[int | str, dict[str, Any]] = {422: {}}  # else it adds a schema of its own errors


def complete_description(app: FastAPI, service: str) -> None:
    """Let the app's description name every status above 399 of every route with the problem types it can have.

    A parameter that may be left out is described as what it is when given: an address can't say null.
    """
    begun, making = app.openapi, Lock()

    def openapi() -> dict[str, Any]:
        with making:  # FastAPI shows what it has begun
            if app.openapi_schema is None:
                _complete(begun(), app, service)
            return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: dict[str, Any], app: FastAPI, service: str) -> None:
    responses = _responses(service)
    for method, path, dependant in _routes(app):
        operation = document["paths"][path][method.lower()]
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _without_null(parameter["schema"])
        for status in _statuses(method, path, dependant, "requestBody" in operation):
            operation["responses"][status] = responses[status]
    document.setdefault("components", {}).setdefault("schemas", {}).update(_schemas(service))


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    given = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(given) != 1:
        return schema
    only: dict[str, Any] = given[0]
    return only | {name: value for name, value in schema.items() if name != "anyOf"}


def _routes(app: FastAPI) -> Iterator[tuple[str, str, Dependant]]:
    for route in iter_route_contexts(app.routes):
        if getattr(route, "include_in_schema", False) and isinstance(getattr(route, "dependant", None), Dependant):
            for method in route.methods or ():
                yield method, str(route.path_format), route.dependant


def _statuses(method: str, path: str, dependant: Dependant, has_body: bool) -> list[str]:
    errors: set[type[HuifangError]] = {*ALWAYS, *_raised(dependant)}
    if has_body:
        errors.update(WITH_BODY)
    if "{" in path:
        errors.add(NotFound)
    if method != "GET":
        errors.add(Conflict)
    return sorted({str(error.status) for error in errors})


def _raised(dependant: Dependant) -> Iterator[type[HuifangError]]:
    yield from raised_by(dependant.call)
    for needed in dependant.dependencies:
        yield from _raised(needed)


def _kinds(service: str) -> dict[str, list[type[HuifangError]]]:
    """The errors of the core and of this service by status."""
    kinds: dict[str, list[type[HuifangError]]] = {}
    for kind in _and_below(HuifangError):
        if kind.__module__.startswith(("shared.", f"services.{service}.")):
            kinds.setdefault(str(kind.status), []).append(kind)
    return kinds


def _and_below(kind: type[HuifangError]) -> Iterator[type[HuifangError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _and_below(below)


def _responses(service: str) -> dict[str, dict[str, Any]]:
    responses: dict[str, dict[str, Any]] = {}
    for status, kinds in _kinds(service).items():
        schema = {"$ref": f"#/components/schemas/Problem{status}"}
        responses[status] = {"description": kinds[0].title, "content": {"application/problem+json": {"schema": schema}}}
        if status in HEADERS:
            name, meaning = HEADERS[status]
            responses[status]["headers"] = {name: {"description": meaning, "schema": {"type": "string"}}}
    return responses


def _schemas(service: str) -> dict[str, dict[str, Any]]:
    return {f"Problem{status}": _schema(int(status), kinds) for status, kinds in _kinds(service).items()}


def _schema(status: int, kinds: list[type[HuifangError]]) -> dict[str, Any]:
    titles = {f"urn:huifang:problem:{kind.code}": kind.title for kind in kinds}
    first = next(iter(titles))
    meanings = "；".join(f"{kind.rpartition(':')[2]} {title}" for kind, title in titles.items())
    return {
        "type": "object",
        "description": f"问题文档（RFC 9457）：{kinds[0].title}",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"enum": list(titles), "description": f"问题类型，供程序判断：{meanings}"},
            "title": {"type": "string", "description": "标题"},
            "status": {"const": status, "description": "HTTP 状态码"},
            "detail": {"type": "string", "description": "这一次的具体情况"},
        },
        "example": {"type": first, "title": titles[first], "status": status, "detail": ""},
    }
