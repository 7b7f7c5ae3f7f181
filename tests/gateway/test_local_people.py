"""The people whom a platform on one machine makes for whoever tries it."""

import asyncio
import json
from pathlib import Path
from typing import Any

from deploy.demo.people import people
from deploy.local.people import ONE_PER_ROLE, Account, ensure_people
from shared.auth import Role
from shared.testing import Served
from tests.gateway.test_signing_in import browser, enter

ANN = Account("ann", "安", ("agent",), ("N1",))


def run_of(address: str) -> dict[str, Any]:
    return {"services": {"gateway": address}, "keys": {"admin": "test-admin"}}


async def ensure(address: str, file: Path, *accounts: Account) -> dict[str, str]:
    return await asyncio.to_thread(ensure_people, run_of(address), accounts, file)


async def test_there_is_one_of_each_role_who_can_sign_in_at_once(gateway: Served, address: str, tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    made = await ensure(address, file, *ONE_PER_ROLE)
    assert set(made) == set(map(str, Role))
    assert len(set(made.values())) == len(Role)
    assert file.stat().st_mode & 0o077 == 0
    async with browser(gateway) as client:
        assert (await enter(client, made["supervisor"], "supervisor")).headers["location"] == "/"
        session = gateway.runtime.signer.read(client.cookies["huifang_session"], gateway.runtime.clock.machine())
    assert (session.principal.roles, session.principal.units) == ((Role.SUPERVISOR,), ())


async def test_a_later_start_makes_nobody_again_and_only_who_is_new(
    gateway: Served, address: str, tmp_path: Path
) -> None:
    file = tmp_path / "people.json"
    first = await ensure(address, file, ANN)
    assert await ensure(address, file, ANN) == {}
    second = await ensure(address, file, ANN, Account("bob", "鲍", ("agent",)))
    assert json.loads(file.read_text()) == first | second
    assert list(second) == ["bob"]


async def test_who_was_left_half_made_gets_a_password(gateway: Served, address: str, tmp_path: Path) -> None:
    async with gateway.client("admin") as client:
        await client.post("/api/v1/people", json={"login": "ann", "name": "安", "roles": ["agent"]})
    made = await ensure(address, tmp_path / "people.json", ANN)
    async with browser(gateway) as client:
        assert (await enter(client, made["ann"])).status_code == 303


def test_each_branch_of_the_demo_has_its_people() -> None:
    roles: dict[str, set[str]] = {}
    for person in people():
        roles.setdefault(person.units[0], set()).update(person.roles)
    assert len(roles) == 3
    assert all(found == {"agent", "supervisor", "policy_owner"} for found in roles.values())
