"""The unit tree: who is of a unit sees what is its own and below it, as packs tell, in whatever order they are heard."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.complaints.app import create_app
from services.complaints.settings import ComplaintsSettings
from shared.auth import Principal, Role, issue_token
from shared.clock import ManualClock
from shared.contracts.organisation import KindEntry, OrganisationPublished, TeamEntry, UnitEntry
from shared.testing import Served, event, serve
from shared.testing.figures import figure
from shared.units import list_organisations, tree_of

CASES = "/api/v1/cases"


def told(
    pack: str = "gas", version: int = 1, /, teams: dict[str, str] | None = None, **parents: str
) -> OrganisationPublished:
    """Unit → the one above it, as a pack says it."""
    return OrganisationPublished(
        pack=pack,
        version=version,
        units=tuple(UnitEntry(code=code, parent=parent) for code, parent in parents.items()),
        teams=tuple(TeamEntry(code=code, unit=unit) for code, unit in (teams or {}).items()),
    )


GAS = told(HQ="", EAST="HQ", WEST="HQ", E1="EAST", teams={"e1-visits": "E1", "hotline": "HQ"})


def test_below_a_unit_are_its_units_and_teams_at_any_depth() -> None:
    tree = tree_of([GAS])
    assert tree.all_below(["HQ"]) == ("E1", "EAST", "WEST", "e1-visits", "hotline")
    assert tree.all_below(["EAST"]) == ("E1", "e1-visits")
    assert tree.all_below(["WEST", "E1"]) == ("e1-visits",)
    assert tree.all_below(["e1-visits"]) == ()
    assert tree.all_below(["nobody knows it"]) == ()


def test_packs_make_one_tree_together() -> None:
    tree = tree_of([GAS, told("water", E1="", E11="E1")])
    assert tree.all_below(["EAST"]) == ("E1", "E11", "e1-visits")


def test_what_packs_put_in_different_places_is_in_neither() -> None:
    tree = tree_of([GAS, told("water", WEST="", E1="WEST", E11="E1")])
    assert tree.disputed == {"E1"}
    assert tree.all_below(["EAST"]) == tree.all_below(["WEST"]) == ()
    assert tree.all_below(["E1"]) == ("E11", "e1-visits")


CODES = st.sampled_from("ABCDEF")
ORGANISATIONS = st.lists(st.dictionaries(CODES, CODES), max_size=4)


@given(ORGANISATIONS, CODES)
def test_whatever_packs_say_the_walk_ends_and_each_step_of_it_was_said(packs: list[dict[str, str]], unit: str) -> None:
    tree = tree_of([told(str(number), number + 1, **parents) for number, parents in enumerate(packs)])
    said = {(code, parent) for parents in packs for code, parent in parents.items()}
    for code in tree.all_below([unit]):
        path = code
        for _ in range(len("ABCDEF")):
            if path == unit:
                break
            (path,) = {parent for below, parent in said if below == path and parent != below}
        assert path == unit


@pytest.fixture
async def served(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Served]:
    async with serve(create_app, ComplaintsSettings, await service_dsn("complaints"), clock=clock) as running:
        for unit in ("HQ", "EAST", "E1", "WEST"):
            async with running.client() as admin:
                case: dict[str, Any] = {"customer": {"id": f"C-{unit}"}, "description": "态度差", "branch": unit}
                assert (await admin.post(CASES, json=case)).status_code == 201
        yield running


async def branches(served: Served, *units: str) -> set[str]:
    secret = served.runtime.settings.jwt_secret
    assert secret is not None
    token = issue_token(secret.get_secret_value(), "boss", Role.SUPERVISOR, 4_000_000_000, units=list(units))
    served.runtime.units.forget()
    async with served.client(None, Authorization=f"Bearer {token}") as client:
        return {case["branch"] for case in (await client.get(CASES)).json()["items"]}


async def test_before_a_pack_was_told_of_a_unit_is_by_itself(served: Served) -> None:
    assert await branches(served, "EAST") == {"EAST"}
    assert await branches(served, "HQ") == {"HQ"}


async def test_who_is_of_a_unit_sees_what_is_below_and_nothing_beside_or_above(served: Served) -> None:
    await served.deliver(event(GAS))
    assert await branches(served, "HQ") == {"HQ", "EAST", "E1", "WEST"}
    assert await branches(served, "EAST") == {"EAST", "E1"}
    assert await branches(served, "E1") == {"E1"}
    assert await branches(served, "WEST") == {"WEST"}
    assert await branches(served, "WEST", "E1") == {"WEST", "E1"}


async def test_the_newest_that_a_pack_said_counts_however_often_and_late_it_is_heard(served: Served) -> None:
    moved = told("gas", 2, HQ="", EAST="HQ", WEST="HQ", E1="WEST")
    await served.deliver(event(moved))
    await served.deliver(event(GAS), event(moved))
    assert await branches(served, "EAST") == {"EAST"}
    assert await branches(served, "WEST") == {"WEST", "E1"}
    await served.deliver(event(told("gas", 3)))
    assert await branches(served, "HQ") == {"HQ"}


async def test_a_service_of_the_version_before_tells_less_and_takes_nothing_back(served: Served) -> None:
    """Packs did not tell their kinds of events then: of the same words the longer are kept, in whatever order they come."""
    longer = GAS.model_copy(update={"kinds": (KindEntry(event="meter.sealed", title="表具铅封"),)})
    shorter = event(GAS)
    del shorter.data["kinds"]
    for heard in ((shorter, event(longer)), (event(longer), shorter)):
        await served.deliver(*heard)
        async with served.runtime.db.read() as session:
            assert await list_organisations(session) == [longer]


async def test_units_that_packs_put_in_different_places_are_counted(served: Served) -> None:
    for heard, disputed in (((GAS, told("water", 1, WEST="", E1="WEST")), 1), ((told("water", 2),), 0)):
        await served.deliver(*map(event, heard))
        await branches(served, "HQ")
        assert figure("huifang_units_disputed") == disputed


async def test_who_is_limited_to_no_unit_costs_no_look_at_the_tree(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.runtime.units, "tree", None)
    monkeypatch.setattr(served.runtime.units, "forget", lambda: None)
    assert await branches(served) == {"HQ", "EAST", "E1", "WEST"}


async def test_the_tree_is_looked_up_once_in_a_while_not_with_every_request(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    tree = served.runtime.units.tree
    look = tree._look
    monkeypatch.setattr("shared.lookups.LOOK_AGAIN_SECONDS", 3600)
    monkeypatch.setattr(tree, "_look", lambda: looks.append(1) or look())
    tree.forget()
    boss = Principal("boss", (Role.SUPERVISOR,), units=("HQ",))
    await asyncio.gather(*(served.runtime.units.placed(boss) for _ in range(5)))
    assert len(looks) == 1
