"""A principal limited to units sees and changes only what is theirs: every route of every service.

Each route is named in a table with how it is to be asked. Somebody of one unit (below), somebody of another (beside) and
somebody of the whole organisation (above) ask it about the things of two units and of nobody known. A route that the table
does not know fails.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import httpx
import pytest
import pytest_asyncio
from python_calamine import CalamineWorkbook

from shared.clock import ManualClock
from shared.testing import Served, serve
from shared.testing.databases import Databases
from shared.testing.events import NOON
from tests.architecture.conftest import assets
from tests.architecture.parts import SERVICES, SETTINGS, create_app, filled, routes, settings_class
from tests.architecture.unit_worlds import ALL, NOBODYS, OURS, THEIRS, WORLDS, Ids, credential, fact, name

LIMITED = ((OURS, THEIRS), (THEIRS, OURS))  # (who asks, whose things are foreign)
WHOLE_ONLY = "urn:huifang:problem:whole-organisation-only"
Body = Callable[[str], Any]


@dataclass(frozen=True)
class World:
    """A service with things of two units in it."""

    name: str
    served: Served
    ids: Ids

    async def ask(self, units: tuple[str, ...], method: str, path: str, **options: Any) -> httpx.Response:
        headers = credential(self.served, *units) | {"If-Match": '"1"'}
        async with self.served.client(None, **headers) as client:
            return await client.request(method, path, **options)

    def path(self, path: str, unit: str) -> str:
        """With the id of a unit's thing."""
        for parameter, ids in self.ids.items():
            path = path.replace(f"{{{parameter}}}", ids[unit])
        return path


@pytest_asyncio.fixture(scope="module", params=SERVICES)
async def world(
    request: pytest.FixtureRequest, postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    databases = Databases(postgres_server)
    service = request.param
    settings = {"page_assets": assets(tmp_path_factory.mktemp("assets")), **SETTINGS.get(service, {})}
    dsn, clock = await databases.clone(service), ManualClock(NOON)
    async with serve(create_app(service), settings_class(service), dsn, clock=clock, **settings) as served:
        yield World(service, served, await WORLDS[service](served))
    await databases.drop_all()


@dataclass(frozen=True)
class Open:
    """Shows nothing of any unit, or asks for no principal: everybody gets the same answer."""

    async def check(self, world: World, method: str, path: str) -> None:
        asked = [await world.ask(units, method, filled(path)) for units in ((OURS,), (THEIRS,), ())]
        assert len({answer.status_code for answer in asked}) == 1
        assert not any(name(unit) in answer.text for unit in ALL for answer in asked)


@dataclass(frozen=True)
class Whole:
    """Belongs to the organisation as a whole: refused to whoever is limited to units."""

    async def check(self, world: World, method: str, path: str) -> None:
        for units in ((OURS,), (THEIRS,)):
            answer = await world.ask(units, method, filled(path), json={})
            assert answer.status_code == 403
            assert answer.json()["type"] == WHOLE_ONLY
        assert (await world.ask((), method, filled(path), json={})).status_code not in (401, 403)


@dataclass(frozen=True)
class Lists:
    """Shows things of every unit; everybody sees theirs."""

    marker: Callable[[str], str] = name
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    above: bool = True

    async def check(self, world: World, method: str, path: str) -> None:
        async def seen(*units: str) -> str:
            answer = await world.ask(units, method, path, params=self.query, json=self.body)
            assert answer.status_code == 200, answer.text
            return _text(answer)

        for own, foreign in LIMITED:
            shown = await seen(own)
            assert self.marker(own) in shown
            assert self.marker(foreign) not in shown
            assert self.marker(NOBODYS) not in shown or not self.marker(NOBODYS)
        if self.above:
            whole = await seen()
            assert all(self.marker(unit) in whole for unit in ALL)


@dataclass(frozen=True)
class Counts:
    """Adds up things of every unit; the whole is more than its parts, since some things are nobody's."""

    part: Callable[[Any], Any] = lambda answer: answer

    async def check(self, world: World, method: str, path: str) -> None:
        async def total(*units: str) -> float:
            return _total(self.part((await world.ask(units, method, path)).json()))

        ours, theirs, whole = await total(OURS), await total(THEIRS), await total()
        assert ours > 0
        assert theirs > 0
        assert ours + theirs < whole


@dataclass(frozen=True)
class Asks:
    """Asks by a query about one unit's thing; to others it is as if there were none."""

    query: Callable[[str], dict[str, str]]
    marker: Callable[[str], str]

    async def check(self, world: World, method: str, path: str) -> None:
        for own, foreign in LIMITED:
            for unit in (foreign, NOBODYS):
                answer = await world.ask((own,), method, path, params=self.query(unit))
                assert answer.status_code == 200, answer.text
                assert self.marker(unit) not in answer.text
        for units, unit in (((OURS,), OURS), ((), THEIRS), ((), NOBODYS)):
            assert self.marker(unit) in (await world.ask(units, method, path, params=self.query(unit))).text


@dataclass(frozen=True)
class One:
    """A thing of one unit, by its id: to others there is none."""

    body: Any = None

    async def check(self, world: World, method: str, path: str) -> None:
        for own, foreign in LIMITED:
            for unit in (foreign, NOBODYS):
                answer = await world.ask((own,), method, world.path(path, unit), json=self.body)
                assert answer.status_code == 404, answer.text
        for units, unit in (((OURS,), OURS), ((), THEIRS), ((), NOBODYS)):
            answer = await world.ask(units, method, world.path(path, unit), json=self.body)
            assert answer.status_code not in (401, 404, 422), answer.text


@dataclass(frozen=True)
class Makes:
    """Makes something of the unit or customer that the body names."""

    body: Body
    refused: int

    async def check(self, world: World, method: str, path: str) -> None:
        for own, foreign in LIMITED:
            for unit in (foreign, NOBODYS):
                answer = await world.ask((own,), method, path, json=self.body(unit))
                assert answer.status_code == self.refused, answer.text
        for units, unit in (((OURS,), OURS), ((), THEIRS)):
            answer = await world.ask(units, method, path, json=self.body(unit))
            assert answer.is_success, answer.text


@dataclass(frozen=True)
class BulkAssigns:
    """Assigns many cases: those of others are not found."""

    async def check(self, world: World, method: str, path: str) -> None:
        body = {"ids": [world.ids["case_id"][unit] for unit in ALL], "unit": "CZ"}
        for own, foreign in LIMITED:
            told = {one["id"]: one for one in (await world.ask((own,), method, path, json=body)).json()["items"]}
            for unit in (foreign, NOBODYS):
                other = told[world.ids["case_id"][unit]]
                assert (other["assigned"], other["problem"]) == (False, "没有这个投诉")


def _text(answer: httpx.Response) -> str:
    if "spreadsheet" in answer.headers["content-type"]:
        sheet = CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_index(0)
        return str(sheet.to_python())
    return answer.text


def _total(value: Any) -> float:
    """The sum of all numbers in it."""
    if isinstance(value, dict | list):
        return sum(_total(each) for each in (value.values() if isinstance(value, dict) else value))
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0


def event_of(unit: str) -> dict[str, Any]:
    told = fact(unit)
    return {"id": told.id, "source": told.source, "type": "repair.closed", "time": NOON.isoformat(), "data": told.data}


def order_of(unit: str) -> str:
    return name(unit, "order")


def branch_of(unit: str) -> str:
    """As figures name it: by its code."""
    return f'"{unit}"' if unit else ""


PAGES = {"GET /", "GET /favicon.ico", "GET /static", "GET /static/own", "GET /static/vendor/{name}", "GET /openapi.json",
         "GET /livez", "GET /readyz", "GET /metrics", "GET /login", "POST /login", "POST /logout", "GET /assets/swagger",
         "GET /docs"}  # fmt: skip
COMMON: dict[str, Any] = {page: Open() for page in PAGES} | {
    "GET /api/v1/audit-log": Whole(),
    "GET /api/v1/dead-letters": Whole(),
    "POST /api/v1/dead-letters/{letter_id}/replay": Whole(),
    "POST /api/v1/dead-letters/{letter_id}/discard": Whole(),
}
TABLES: dict[str, dict[str, Any]] = {
    "scheduler": {
        "GET /api/v1/calendars/official": Open(),
        "GET /api/v1/calendars/official/{year}": Open(),
        "PUT /api/v1/calendars/official/{year}": Whole(),
        "GET /api/v1/decisions": Asks(lambda unit: {"customer_id": name(unit)}, name),
        "GET /api/v1/decisions/stats": Counts(),
        "POST /api/v1/drafts": Whole(),
        "GET /api/v1/drafts": Open(),
        "GET /api/v1/drafts/{draft_id}": Open(),
        "POST /api/v1/drafts/{draft_id}/discard": Whole(),
        "POST /api/v1/drafts/{draft_id}/publish": Whole(),
        "GET /api/v1/draws": Whole(),
        "GET /api/v1/draws/{draw_id}": Whole(),
        "GET /api/v1/draws/{draw_id}/population": Whole(),
        "POST /api/v1/draws/{draw_id}/retry": Whole(),
        "GET /api/v1/event-kinds": Open(),
        "GET /api/v1/explain": Asks(lambda unit: {"customer_id": name(unit), "order": order_of(unit)}, order_of),
        "GET /api/v1/facts": Lists(query={"to": "2026-03-03T00:00:00+08:00"}),
        "GET /api/v1/limits": Whole(),
        "POST /api/v1/packs": Whole(),
        "POST /api/v1/packs/plan": Whole(),
        "GET /api/v1/policies": Open(),
        "POST /api/v1/policies/try": Makes(event_of, 404),
        "GET /api/v1/policies/{policy_id}": Open(),
        "GET /api/v1/policies/{policy_id}/diff": Open(),
        "POST /api/v1/policies/{policy_id}/disable": Whole(),
        "POST /api/v1/policies/{policy_id}/enable": Whole(),
        "POST /api/v1/policies/{policy_id}/retire": Whole(),
        "GET /api/v1/policies/{policy_id}/versions/{version}": Open(),
        "GET /api/v1/tasks": Lists(),
        "GET /api/v1/tasks/{task_id}": One(),
        "POST /api/v1/tasks/{task_id}/cancel": One({"reason": "客户来电"}),
        "POST /api/v1/trials": Whole(),
        "GET /api/v1/trials": Whole(),
        "POST /api/v1/trials/upload": Whole(),
        "GET /api/v1/trials/{trial_id}": Whole(),
        "POST /api/v1/trials/{trial_id}/cancel": Whole(),
    },
    "visits": {
        "GET /api/v1/questionnaires": Open(),
        "POST /api/v1/questionnaires": Whole(),
        "GET /api/v1/questionnaires/{questionnaire_id}": Open(),
        "GET /api/v1/questionnaires/{questionnaire_id}/versions": Open(),
        "GET /api/v1/questionnaires/{questionnaire_id}/versions/{version}": Open(),
        "GET /api/v1/result-codes": Open(),
        "GET /api/v1/stats": Counts(lambda answer: answer["by_state"]),
        "GET /api/v1/visits": Lists(),
        "GET /api/v1/visits/{visit_id}": One(),
        "POST /api/v1/visits/claim": Lists(body={"limit": 20}, above=False),
        "PUT /api/v1/visits/{visit_id}/answers": One({"answers": {}}),
        "POST /api/v1/visits/{visit_id}/attempts": One({"result": "no_answer"}),
        "POST /api/v1/visits/{visit_id}/reassign": One({"team": "other"}),
        "POST /api/v1/visits/{visit_id}/refresh-lease": One(),
        "POST /api/v1/visits/{visit_id}/release": One(),
        "POST /api/v1/visits/{visit_id}/reveal-phone": One({"reason": "dial"}),
        "POST /api/v1/visits/{visit_id}/review": One({"remark": "好"}),
    },
    "complaints": {
        "POST /api/v1/cases": Makes(
            lambda unit: {"customer": {"id": name(unit)}, "description": "态度差", "branch": unit}, 403
        ),
        "GET /api/v1/cases": Lists(),
        "POST /api/v1/cases/assign": BulkAssigns(),
        "GET /api/v1/cases/{case_id}": One(),
        "POST /api/v1/cases/{case_id}/assign": One({"unit": "CZ"}),
        "POST /api/v1/cases/{case_id}/close": One({"reason": "好"}),
        "POST /api/v1/cases/{case_id}/escalate": One({}),
        "POST /api/v1/cases/{case_id}/promise": One({"next_reply_at": NOON.isoformat()}),
        "POST /api/v1/cases/{case_id}/reject": One({"reason": "好"}),
        "POST /api/v1/cases/{case_id}/remarks": One({"text": "好"}),
        "POST /api/v1/cases/{case_id}/reopen": One({"reason": "好"}),
        "POST /api/v1/cases/{case_id}/resolve": One({"measures": "好"}),
        "GET /api/v1/stats": Counts(lambda answer: answer["open"]),
    },
    "gateway": {
        "GET /api/v1/deliveries": Whole(),
        "GET /api/v1/deliveries/{delivery_id}": Whole(),
        "POST /api/v1/deliveries/{delivery_id}/resend": Whole(),
        "POST /api/v1/endpoints": Whole(),
        "GET /api/v1/endpoints": Open(),
        "PATCH /api/v1/endpoints/{endpoint_id}": Whole(),
        "GET /api/v1/endpoints/{endpoint_id}": Open(),
        "POST /api/v1/events": Makes(lambda unit: event_of(unit) | {"specversion": "1.0"}, 422),
        "GET /api/v1/imports": Whole(),
        "POST /api/v1/imports": Whole(),
        "GET /api/v1/imports/template": Open(),
        "GET /api/v1/imports/{import_id}": Whole(),
        "GET /api/v1/imports/{import_id}/result": Whole(),
        "POST /api/v1/imports/{import_id}/retry": Whole(),
        "GET /api/v1/messages": Whole(),
        "GET /api/v1/messages/{message_id}": Whole(),
        "POST /api/v1/messages/{message_id}/replay": Whole(),
        "POST /api/v1/sources": Whole(),
        "GET /api/v1/sources": Open(),
        "PATCH /api/v1/sources/{name}": Whole(),
        "GET /api/v1/sources/{name}": Open(),
        "POST /api/v1/sources/{name}/rotate": Whole(),
        "POST /ingress/v1/{source}/{token}": Open(),  # has a secret of its own, and no principal
    },
    "notifications": {
        "POST /api/v1/consents": Makes(lambda unit: {"customer_id": name(unit), "how": "written", "text": "好"}, 404),
        "GET /api/v1/consents": Asks(lambda unit: {"customer_id": name(unit)}, lambda unit: name(unit, "consent")),
        "GET /api/v1/doubtful-replies": Lists(),
        "POST /api/v1/doubtful-replies/{reply_id}/decision": One({"refuses": False, "remark": "不是"}),
        "GET /api/v1/festivals": Open(),
        "GET /api/v1/opt-outs": Lists(),
        "POST /api/v1/opt-outs": Makes(lambda unit: {"customer_id": name(unit), "scope": "all", "note": "来电"}, 404),
        "DELETE /api/v1/opt-outs/{opt_out_id}": One(),
        "GET /api/v1/providers": Open(),
        "GET /api/v1/replies": Asks(lambda unit: {"customer_id": name(unit)}, lambda unit: name(unit, "answer")),
        "POST /api/v1/rules": Whole(),
        "GET /api/v1/rules": Open(),
        "GET /api/v1/sends": Lists(),
        "POST /api/v1/sends": Makes(
            lambda unit: {
                "template": "note",
                "customer_id": name(unit),
                "phone": "13800138000",
                "data": {"name": "客户"},
            },
            404,
        ),
        "GET /api/v1/sends/{send_id}": One(),
        "POST /api/v1/sends/{send_id}/resend": One(),
        "POST /api/v1/templates": Whole(),
        "GET /api/v1/templates": Open(),
        "GET /api/v1/unreadable-rows": Whole(),
        "POST /ingress/v1/sms/aliyun/{token}/receipts": Open(),  # have a secret of their own, and no principal
        "POST /ingress/v1/sms/aliyun/{token}/replies": Open(),
    },
    "analytics": {
        "GET /api/v1/agents": Lists(lambda unit: name(unit, "agent")),
        "GET /api/v1/agents/me": Open(),
        "GET /api/v1/funnel": Counts(lambda answer: answer["stages"]),
        "GET /api/v1/kpis": Lists(branch_of, {"by": "branch"}),
        "GET /api/v1/kpis.xlsx": Lists(lambda unit: f"'{unit}'" if unit else "", {"by": "branch"}),
        "GET /api/v1/kpis/definitions": Open(),
        "GET /kpi": Lists(branch_of),
    },
}


async def test_every_route_shows_and_changes_only_what_is_the_callers(world: World) -> None:
    table = COMMON | TABLES[world.name]
    found = [f"{method} {path}" for method, path in routes(world.served.app)]
    assert [route for route in found if route not in table] == [], "say in the table how these are to be asked"
    assert [route for route in TABLES[world.name] if route not in found] == []
    wrong = {}
    for route in sorted(found, key=lambda one: ("GET" not in one, "claim" not in one, one)):
        method, path = route.split()
        try:
            await table[route].check(world, method, path)
        except AssertionError as error:
            wrong[route] = str(error).strip().splitlines()[:2]
    assert wrong == {}
