"""A principal limited to units sees and changes only what is theirs: every route of every service.

Each route is named in a table with how it is to be asked. Somebody of a unit, of one beside, of the one above, of the top,
and of the whole organisation ask it about the things of all of them and of nobody known, in every role. A route that the
table does not know fails.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import true

from shared.clock import ManualClock
from shared.principal import Role
from shared.scope import Scope
from shared.testing import event, serve
from shared.testing.databases import Databases
from shared.testing.events import NOON
from shared.units import UnitTree
from tests.architecture.conftest import assets
from tests.architecture.parts import SERVICES, SETTINGS, create_app, settings_class
from tests.architecture.unit_checks import Asks, BulkAssigns, Counts, Lists, Makes, One, Open, Whole, World
from tests.architecture.unit_worlds import ALL, TREE, WORLDS, fact, name


@pytest_asyncio.fixture(scope="module", params=SERVICES)
async def world(
    request: pytest.FixtureRequest, postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    databases = Databases(postgres_server)
    service = request.param
    settings = {"page_assets": assets(tmp_path_factory.mktemp("assets")), **SETTINGS.get(service, {})}
    dsn, clock = await databases.clone(service), ManualClock(NOON)
    async with serve(create_app(service), settings_class(service), dsn, clock=clock, **settings) as served:
        await served.deliver(event(TREE))
        if served.runtime.live is not None:
            served.runtime.live.life = (0.0, 0.0)  # a stream would go on for minutes
        yield World(service, served, await WORLDS[service](served))
    await databases.drop_all()


def event_of(unit: str) -> dict[str, Any]:
    told = fact(unit)
    return {"id": told.id, "source": told.source, "type": "repair.closed", "time": NOON.isoformat(), "data": told.data}


def order_of(unit: str) -> str:
    return name(unit, "order")


def branch_of(unit: str) -> str:
    """As figures name it: by its code."""
    return f'"{unit}"' if unit else ""


PAGES = {"GET /", "GET /favicon.ico", "GET /static", "GET /static/own", "GET /static/vendor", "GET /openapi.json",
         "GET /livez", "GET /readyz", "GET /metrics", "GET /login", "POST /login", "POST /logout", "GET /static/swagger",
         "GET /docs", "GET /overview"}  # fmt: skip
COMMON: dict[str, Any] = {page: Open() for page in PAGES} | {
    "GET /api/v1/audit-log": Whole(),
    "GET /api/v1/audit-log/chain": Whole(),
    "GET /api/v1/audit-log/export": Whole(),
    "GET /audit": Whole(),
    "GET /ops": Whole(),
    "GET /fragments/ops": Whole(),
    "GET /fragments/ops/letters": Whole(),
    "GET /fragments/erasures": Whole(),
    "GET /api/v1/erasures/progress": Whole(),
    "GET /fragments/audit": Whole(),
    "GET /fragments/audit/chain": Whole(),
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
        "GET /agent": Lists(),
        "GET /agent/queue": Lists(),
        "GET /agent/live": Open(),
        "GET /agent/due-callbacks": Open(),  # the number of those that may be the caller's, by the rules of claims
        "GET /agent/visits/{visit_id}": One(),
        "GET /agent/visits/{visit_id}/aside": One(),
        "GET /agent/visits/{visit_id}/notices": One(),
        "GET /agent/visits/{visit_id}/record": One(),
        "GET /agent/callback-times": Open(),
        "GET /on-site": Lists(lambda unit: name(unit, "site")),
        "GET /on-site/list": Lists(lambda unit: name(unit, "site")),
        "GET /fragments/presence": Lists(),
        "GET /fragments/reviews": Open(),  # of the caller's own visits: tests/visits/test_reviews_received.py
        "GET /materials": Open(),
        "GET /materials/pictures": Lists(lambda unit: name(unit, "site")),
        "GET /materials/recordings": Lists(lambda unit: name(unit, "site")),
        "GET /materials/replies": Lists(),
        "GET /work-rules": Open(),
        "GET /work-rules/edit": Whole(),
        "POST /work-rules/edit": Whole(),
        "GET /api/v1/stray-replies": Lists(),
        "POST /api/v1/stray-replies/{reply_id}/settle": One({"remark": "不作回答"}),
        "GET /q": Open(),  # the customers' page: a code of their own, and no principal
        "POST /q": Open(),
        "GET /q/thanks": Open(),
        "POST /api/v1/practice": Open(),  # makes something of the caller's own
        "GET /api/v1/presence": Lists(),
        "POST /api/v1/presence": Open(),
        "GET /api/v1/presence/mine": Open(),
        "GET /api/v1/questionnaires": Open(),
        "POST /api/v1/questionnaires": Whole(),
        "GET /api/v1/questionnaires/{questionnaire_id}": Open(),
        "GET /api/v1/questionnaires/{questionnaire_id}/versions": Open(),
        "GET /api/v1/questionnaires/{questionnaire_id}/versions/{version}": Open(),
        "GET /api/v1/result-codes": Open(),
        "GET /on-site/result-codes": Open(),
        "GET /api/v1/work-rules": Open(),
        "PUT /api/v1/work-rules": Whole(),
        "POST /api/v1/work-rules/plan": Whole(),
        "GET /api/v1/work-rules/versions": Open(),
        "GET /api/v1/work-rules/versions/{version}": Open(),
        "GET /api/v1/stats": Counts(lambda answer: answer["by_state"]),
        "GET /api/v1/visits": Lists(),
        "GET /api/v1/visits/{visit_id}": One(),
        "POST /api/v1/visits/claim": Lists(body={"limit": 20}, taken=True),
        "PUT /api/v1/visits/{visit_id}/answers": One({"answers": {}}),
        "POST /api/v1/visits/{visit_id}/attempts": One({"result": "no_answer"}),
        "POST /api/v1/visits/{visit_id}/claim": One({}),
        "GET /api/v1/visits/{visit_id}/claimable": One(),
        "POST /api/v1/visits/{visit_id}/correct": One({"answers": {}, "reason": "选错了"}),
        "POST /api/v1/visits/{visit_id}/correct-result": One({"result": "busy", "reason": "选错了"}),
        "POST /api/v1/visits/{visit_id}/dial": One(),
        "POST /api/v1/visits/{visit_id}/line-calls": One(),
        "GET /api/v1/visits/{visit_id}/line-call": One(),
        "POST /api/v1/visits/{visit_id}/line-calls/hang-up": One(),
        "POST /api/v1/visits/{visit_id}/attempts/{attempt_id}/recording": One(lacks="recording-not-found"),
        "POST /api/v1/visits/{visit_id}/arrive": One(),
        "POST /api/v1/visits/{visit_id}/confirm-appointment": One(),
        "GET /api/v1/visits/{visit_id}/attachments": One(),
        "POST /api/v1/visits/{visit_id}/attachments": One(),
        "GET /api/v1/visits/{visit_id}/attachments/{attachment_id}": One(lacks="attachment-not-found"),
        "DELETE /api/v1/visits/{visit_id}/attachments/{attachment_id}": One(lacks="attachment-not-found"),
        "POST /ingress/v1/line/events": Open(),  # signed by the line, and no principal
        "POST /api/v1/visits/{visit_id}/hang-up": One(),
        "POST /api/v1/visits/{visit_id}/reassign": One({"team": "other"}),
        "POST /api/v1/visits/{visit_id}/refresh-lease": One(),
        "POST /api/v1/visits/{visit_id}/release": One(),
        "POST /api/v1/visits/{visit_id}/reveal-phone": One({"reason": "dial"}),
        "POST /api/v1/visits/{visit_id}/review": One({"remark": "好"}),
    },
    "complaints": {
        "GET /fragments/cases": Asks(lambda unit: {"customer_id": name(unit)}, name),
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
        "GET /api/v1/keys": Whole(),
        "POST /api/v1/keys": Whole(),
        "GET /api/v1/keys/{key_id}": Whole(),
        "POST /api/v1/keys/{key_id}/expire": Whole(),
        "POST /api/v1/keys/{key_id}/revoke": Whole(),
        "POST /api/v1/keys/{key_id}/rotate": Whole(),
        "GET /api/v1/messages": Whole(),
        "GET /api/v1/messages/{message_id}": Whole(),
        "POST /api/v1/messages/{message_id}/replay": Whole(),
        "GET /api/v1/erasures": Whole(),
        "POST /api/v1/erasures": Whole(),
        "GET /api/v1/people": Lists(),
        "POST /api/v1/people": Whole(),
        "POST /api/v1/people/import": Whole(),
        "GET /api/v1/people/template": Open(),
        "GET /api/v1/people/{login}": One(),
        "PATCH /api/v1/people/{login}": One({"teams": ["hotline"]}),
        "POST /api/v1/people/{login}/disable": Whole(),
        "POST /api/v1/people/{login}/enable": Whole(),
        "POST /api/v1/people/{login}/reset-password": Whole(),
        "GET /erasures": Whole(),
        "POST /erasures": Whole(),
        "GET /people": Lists(),
        "POST /people": Whole(),
        "GET /people/new": Whole(),
        "GET /people/import": Whole(),
        "POST /people/import": Whole(),
        "GET /people/{login}": One(),
        "POST /people/{login}": One(),
        "POST /people/{login}/disable": Whole(),
        "POST /people/{login}/enable": Whole(),
        "POST /people/{login}/reset": Whole(),
        "POST /people/{login}/source": Whole(),
        "GET /login/oidc": Open(),  # of whoever is not signed in yet
        "GET /login/oidc/back": Open(),
        "GET /login/oidc/out": Open(),
        "GET /login/password": Open(),
        "POST /login/password": Open(),
        "POST /api/v1/sources": Whole(),
        "GET /api/v1/sources": Open(),
        "PATCH /api/v1/sources/{name}": Whole(),
        "GET /api/v1/sources/{name}": Open(),
        "POST /api/v1/sources/{name}/rotate": Whole(),
        "POST /ingress/v1/{source}/{token}": Open(),  # has a secret of its own, and no principal
    },
    "notifications": {
        "GET /fragments/messages": Asks(lambda unit: {"customer_id": name(unit)}, name),
        "GET /fragments/doubtful-replies": Lists(),
        "POST /api/v1/consents": Makes(lambda unit: {"customer_id": name(unit), "how": "written", "text": "好"}, 404),
        "GET /api/v1/consents": Asks(lambda unit: {"customer_id": name(unit)}, lambda unit: name(unit, "consent")),
        "GET /api/v1/doubtful-replies": Lists(),
        "POST /api/v1/doubtful-replies/{reply_id}/decision": One({"refuses": False, "remark": "不是"}),
        "GET /api/v1/festivals": Open(),
        "GET /api/v1/opt-outs": Lists(),
        "POST /api/v1/opt-outs": Makes(lambda unit: {"customer_id": name(unit), "scope": "all", "note": "来电"}, 404),
        "DELETE /api/v1/opt-outs/{opt_out_id}": One(ends=True),
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
        "GET /api/v1/timeline": Asks(lambda unit: {"order": order_of(unit)}, order_of),
        "GET /kpi": Lists(branch_of),
        "GET /kpi/live": Open(),
        "GET /timeline": Asks(lambda unit: {"order": order_of(unit)}, lambda unit: f"单号 {order_of(unit)}"),
        "GET /performance": Open(),  # of the caller's own work
    },
}


def unknown(world: World) -> list[str]:
    """Routes that the table does not know."""
    table = COMMON | TABLES[world.name]
    return [route for route in world.routes if route not in table]


async def faults(world: World, shows: bool) -> dict[str, list[str]]:
    """Route → what its check says, for those that fail."""
    table, wrong = COMMON | TABLES[world.name], {}
    for route in sorted(world.routes, key=lambda one: ("GET" not in one, "claim" not in one, one)):
        if not shows and getattr(table[route], "taken", False):
            continue  # asked once, by who is shown it: it would not be there for the next one
        try:
            await table[route].hides(world, *route.split())
            if shows:
                await table[route].shows(world, *route.split())
        except AssertionError as error:
            wrong[route] = str(error).strip().splitlines()[:2]
    return wrong


async def test_the_table_knows_every_route(world: World) -> None:
    assert unknown(world) == [], "say in the table how these are to be asked"
    assert [route for route in TABLES[world.name] if route not in world.routes] == []


async def test_no_role_of_a_unit_is_shown_or_changes_what_is_not_below_it(world: World) -> None:
    wrong = {role: await faults(replace(world, role=role), shows=False) for role in Role if role is not Role.ADMIN}
    assert not any(wrong.values()), wrong


async def test_the_walk_finds_a_tree_that_gives_people_more_than_is_below_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UnitTree, "all_below", lambda _tree, _units: ALL[:-1])
    world.served.runtime.units.forget()
    monkeypatch.setattr(world.served.runtime.units, "_reach", {})
    tables = [
        (route, check) for route, check in TABLES[world.name].items() if isinstance(check, Lists) and not check.taken
    ]
    for route, check in tables:
        with pytest.raises(AssertionError):
            await check.hides(world, *route.split())
    monkeypatch.setattr(world.served.runtime.units, "_reach", {})


async def test_every_route_shows_and_changes_what_is_the_callers_and_nothing_else(world: World) -> None:
    assert await faults(world, shows=True) == {}


# what each protection is for: with it taken out, the route's check must fail
PROTECTIONS = {
    "whole": property(lambda _scope: True),
    "limit": property(lambda _scope: None),
    "sees": lambda _scope, *_units: True,
    "where": lambda _scope, *_columns: true(),
}
GUARDED = [
    ("scheduler", "GET /api/v1/draws", "whole"),
    ("scheduler", "GET /api/v1/tasks", "limit"),
    ("scheduler", "GET /api/v1/tasks/{task_id}", "limit"),
    ("scheduler", "POST /api/v1/tasks/{task_id}/cancel", "limit"),
    ("scheduler", "GET /api/v1/decisions", "limit"),
    ("scheduler", "GET /api/v1/decisions/stats", "limit"),
    ("scheduler", "GET /api/v1/explain", "limit"),
    ("scheduler", "GET /api/v1/facts", "sees"),
    ("scheduler", "POST /api/v1/policies/try", "sees"),
    ("visits", "GET /api/v1/visits", "where"),
    ("visits", "GET /api/v1/visits/{visit_id}", "where"),
    ("complaints", "GET /api/v1/cases", "where"),
    ("complaints", "GET /api/v1/cases/{case_id}", "sees"),
    ("complaints", "POST /api/v1/cases", "sees"),
    ("gateway", "POST /api/v1/sources", "whole"),
    ("gateway", "POST /api/v1/events", "sees"),
    ("gateway", "GET /api/v1/people", "whole"),
    ("gateway", "PATCH /api/v1/people/{login}", "sees"),
    ("notifications", "GET /api/v1/opt-outs", "limit"),
    ("notifications", "DELETE /api/v1/opt-outs/{opt_out_id}", "limit"),
    ("notifications", "GET /api/v1/consents", "limit"),
    ("notifications", "POST /api/v1/consents", "sees"),
    ("notifications", "POST /api/v1/rules", "whole"),
    ("analytics", "GET /api/v1/kpis", "limit"),
    ("analytics", "GET /api/v1/dead-letters", "whole"),
]


async def test_without_a_protection_the_walk_finds_what_it_guarded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service, route, protection in GUARDED:
        if service == world.name:
            with monkeypatch.context() as taken_out:
                taken_out.setattr(Scope, protection, PROTECTIONS[protection])
                with pytest.raises(AssertionError):
                    await (COMMON | TABLES[service])[route].hides(world, *route.split())


async def test_a_route_that_nobody_thought_about_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    route = next(iter(TABLES[world.name]))
    monkeypatch.delitem(TABLES[world.name], route)
    assert unknown(world) == [route]
