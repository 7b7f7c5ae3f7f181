"""The six services as one list, so that what is asked of every service is asked of a new one too."""

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import Any, Protocol

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

import services
import shared

SERVICES = sorted(path.parent.name for path in (Path(__file__).parents[2] / "services").glob("*/app.py"))
SETTINGS = {"notifications": {"sms_callback_token": "a-secret-of-the-callback-address"}}
ID = "0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


class Described(Protocol):
    """A service that says what it can be asked, wherever it runs."""

    @property
    def app(self) -> FastAPI: ...


def modules() -> Iterator[ModuleType]:
    """Every module of the services and of what they share, but for migrations and what only tests use."""
    for root in (services, shared):
        for found in walk_packages(root.__path__, f"{root.__name__}."):
            if ".migrations" not in found.name and ".testing" not in found.name:
                yield import_module(found.name)


def create_app(service: str) -> Any:
    return import_module(f"services.{service}.app").create_app


def settings_class(service: str) -> Any:
    return getattr(import_module(f"services.{service}.settings"), f"{service.title()}Settings")


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """(method, path template) of every route; a mounted app counts as GET of its path."""
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, Mount):
            yield "GET", route.original_route.path
        else:
            for method in sorted(route.methods or ()):
                yield method, str(route.path)


def readers(app: FastAPI) -> Iterator[tuple[str, Callable[..., Any]]]:
    """(path template, function) of every GET."""
    for route in iter_route_contexts(app.routes):
        if "GET" in (route.methods or ()):
            yield str(route.path), route.endpoint  # type: ignore[attr-defined]


def filled(path: str) -> str:
    """The path with plausible values: an id where one is asked for, a 1 for a version, a year, a name elsewhere."""
    return re.sub(r"{(\w+)}", lambda found: _value(found[1]), path)


def _value(name: str) -> str:
    if name in ("policy_id", "questionnaire_id") or not name.endswith(("_id", "version", "year")):
        return "something"
    return {"version": "1", "year": "2026"}.get(name, ID)


def operations(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(METHOD, path, operation) of the API description."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation
