"""A pack's organisation is told to the other services: when it changes, and again for who came later."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg

from shared.auth import Principal, Role
from shared.clock import ManualClock
from shared.contracts.organisation import OrganisationPublished
from shared.migrations import upgrade
from shared.testing import Served
from tests.scheduler.builders import as_yaml, contents
from tests.scheduler.conftest import apply

BEFORE = "0020"  # the migration before
TREE = {"code": "HQ", "title": "总部", "children": [{"code": "CD", "title": "城东", "tier": "branch"}]}
TEAMS = [{"code": "cd-visits", "title": "城东回访班", "unit": "CD"}]


def files(tree: object = TREE, teams: object = TEAMS, name: str = "test") -> dict[str, str]:
    organisation = as_yaml({"organisation": tree, "teams": teams})
    pack = contents({"id": f"{name}-1"}) | {"organisation.yaml": organisation}
    return pack | {"pack.yaml": pack["pack.yaml"].replace("name: test", f"name: {name}")}


async def told(served: Served) -> list[OrganisationPublished]:
    await served.run_job("tell_organisations")
    return [sent.read(OrganisationPublished) for sent in await served.published("organisation.published")]


async def test_a_pack_that_is_applied_tells_its_organisation(empty: Served) -> None:
    await apply(empty, files())
    (first,) = await told(empty)
    assert (first.pack, first.version) == ("test", 1)
    assert [(unit.code, unit.parent, unit.title) for unit in first.units] == [("HQ", "", "总部"), ("CD", "HQ", "城东")]
    assert [(team.code, team.unit) for team in first.teams] == [("cd-visits", "CD")]


async def test_only_what_changed_is_told_and_versions_rise_over_all_packs(empty: Served) -> None:
    await apply(empty, files())
    await apply(empty, files(name="other"), "other")
    await apply(empty, files())  # says the same again
    assert [(one.pack, one.version) for one in await told(empty)] == [("test", 1), ("other", 2)]
    await apply(empty, files(TREE | {"children": []}, []))
    assert [(one.pack, one.version, len(one.units)) for one in (await told(empty))[2:]] == [("test", 3, 1)]


async def test_a_pack_that_drops_its_organisation_says_so_and_one_without_says_nothing(empty: Served) -> None:
    await apply(empty, contents({"id": "test-1"}))
    assert await told(empty) == []
    await apply(empty, files())
    await apply(empty, contents({"id": "test-1"}))
    assert [(one.version, len(one.units)) for one in await told(empty)] == [(2, 0)]


KINDS = {"kinds": [{"event": "meter.sealed", "title": "表具铅封", "schema": {"type": "object"}}]}


async def test_a_pack_tells_what_its_own_kinds_of_events_are_called(empty: Served) -> None:
    await apply(empty, contents({"id": "test-1"}) | {"kinds/own.yaml": as_yaml(KINDS)})
    assert [[(kind.event, kind.title) for kind in one.kinds] for one in await told(empty)] == [
        [("meter.sealed", "表具铅封")]
    ]
    await apply(empty, contents({"id": "test-1"}))
    assert [(one.version, one.kinds) for one in (await told(empty))[1:]] == [(2, ())]


async def test_it_is_told_again_after_a_day_for_who_came_later(empty: Served, clock: ManualClock) -> None:
    await apply(empty, files())
    await told(empty)
    clock.advance(timedelta(hours=23))
    assert len(await told(empty)) == 1
    clock.advance(timedelta(hours=2))
    assert [one.version for one in await told(empty)] == [1, 1]


async def test_the_scheduler_goes_by_it_at_once(empty: Served) -> None:
    await apply(empty, files())
    placed = await empty.runtime.units.placed(Principal("boss", (Role.SUPERVISOR,), units=("HQ",)))
    assert placed.scope.sees("cd-visits")
    assert placed.units == ("HQ",)


async def test_packs_applied_before_the_upgrade_are_told_as_far_as_their_policies_recorded(
    service_dsn: Callable[[str], Awaitable[str]],
) -> None:
    dsn = await service_dsn("")
    await asyncio.to_thread(upgrade, "scheduler", dsn, BEFORE)
    recorded = {"units": {"HQ": ["", "head"], "CD": ["HQ", "branch"]}, "teams": {"cd": ["CD", "service"]}}
    connection = await asyncpg.connect(dsn)
    try:
        for pack, content in (("gas", {"organisation": recorded}), ("plain", {})):
            await connection.execute(
                "INSERT INTO pack (name, title, loaded_at, loaded_by) VALUES ($1, '', now(), '')", pack
            )
            await connection.execute(
                "INSERT INTO policy_version (policy_id, version, content, hash, loaded_at, loaded_by) "
                "VALUES ($1, 1, $2::jsonb, '', now(), '')", pack, json.dumps(content)
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO policy (id, pack, version, enabled, revision, changed_at, changed_by) "
                "VALUES ($1, $1, 1, true, 1, now(), '')", pack
            )  # fmt: skip
        await asyncio.to_thread(upgrade, "scheduler", dsn)
        rows = await connection.fetch("SELECT pack, version, told, told_at FROM organisation")
    finally:
        await connection.close()
    (row,) = rows
    assert (row["pack"], row["version"], row["told_at"]) == ("gas", 1, None)
    kept = OrganisationPublished.model_validate_json(row["told"])
    assert {(unit.code, unit.parent, unit.tier) for unit in kept.units} == {("HQ", "", "head"), ("CD", "HQ", "branch")}
    assert [(team.code, team.unit, team.role) for team in kept.teams] == [("cd", "CD", "service")]


async def test_packs_applied_before_the_upgrade_tell_their_kinds_of_events(
    service_dsn: Callable[[str], Awaitable[str]],
) -> None:
    dsn = await service_dsn("")
    await asyncio.to_thread(upgrade, "scheduler", dsn, "0025")
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "INSERT INTO event_kind (pack, event, title, schema) VALUES ('gas', 'meter.sealed', '表具铅封', '{}'), "
            "('gas', 'meter.moved', '表具移位', '{}'), ('heat', 'valve.turned', '阀门启闭', '{}')"
        )
        await connection.execute(
            "INSERT INTO organisation (pack, version, told, told_at) VALUES "
            """('gas', 7, '{"pack": "gas", "version": 7, "units": [{"code": "HQ"}], "teams": []}', now()), """
            """('plain', 8, '{"pack": "plain", "version": 8, "units": [{"code": "P"}], "teams": []}', now())"""
        )
        await asyncio.to_thread(upgrade, "scheduler", dsn)
        rows = await connection.fetch("SELECT told, told_at IS NULL AS due FROM organisation ORDER BY pack")
    finally:
        await connection.close()
    kept = [(OrganisationPublished.model_validate_json(row["told"]), row["due"]) for row in rows]
    assert [(one.pack, one.version, due) for one, due in kept] == [
        ("gas", 9, True),
        ("heat", 10, True),
        ("plain", 8, False),
    ]
    assert [unit.code for unit in kept[0][0].units] == ["HQ"]
    assert [[(kind.event, kind.title) for kind in one.kinds] for one, _ in kept] == [
        [("meter.moved", "表具移位"), ("meter.sealed", "表具铅封")],
        [("valve.turned", "阀门启闭")],
        [],
    ]
