"""An agent reads the own figures, beside what half of the colleagues reach, and of no colleague anything."""

import pytest

from services.analytics.domain.agent_kpis import agent_kpis
from services.analytics.domain.agents import AgentFigures, peer_medians
from services.analytics.domain.kpis import Options
from shared.auth import Role, issue_token
from shared.testing import Served
from tests.analytics.builders import Followup, day

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


def call(name: str, agent: str, team: str = "hotline", branch: str = "B1", connected: bool = True) -> Followup:
    followup = Followup(name, f"C{name}", day(1), branch=branch)
    followup.visit |= {"agent": agent, "team": team}
    return followup


async def work(served: Served, *calls: tuple[str, str, bool]) -> None:
    """(agent, team, connected) of each call."""
    for number, (agent, team, connected) in enumerate(calls):
        one = call(f"{agent}-{number}", agent, team)
        await served.deliver(one.attempted(connected), *([one.outcome(at=day(1))] if connected else []))


async def mine(served: Served, role: str = "agent", **params: object) -> dict:
    async with served.client(role) as client:
        answer = await client.get("/api/v1/agents/me", params=MARCH | params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_agent_reads_the_own_row_and_the_colleagues_median(analytics: Served) -> None:
    await work(
        analytics,
        ("key:test-agent", "hotline", True), ("key:test-agent", "hotline", False),
        *[("anna", "hotline", True)], *[("bo", "hotline", c) for c in (True, False, False)],
        *[("chen", "hotline", c) for c in (True, False)], ("dana", "other", True),
    )  # fmt: skip
    told = await mine(analytics)
    (row,) = told["teams"]
    assert (row["agent"], row["team"], row["calls"], row["connected"], row["effective"]) == (
        "key:test-agent", "hotline", 2, 1, 1,
    )  # fmt: skip
    assert told["peers"] == {
        "peers": 3, "calls_per_day": 2, "contact_rate": 0.5, "effective_rate": 1, "handling_seconds": pytest.approx(90),
    }  # fmt: skip
    assert not {"anna", "bo", "chen", "dana"} & set(str(told).replace("'", " ").split())


async def test_of_two_colleagues_nothing_is_told(analytics: Served) -> None:
    await work(analytics, ("key:test-agent", "hotline", True), ("anna", "hotline", True), ("bo", "hotline", True))
    peers = (await mine(analytics))["peers"]
    assert peers.pop("peers") == 2
    assert set(peers.values()) == {None}


async def test_who_has_not_worked_yet_reads_an_empty_sheet(analytics: Served) -> None:
    await work(analytics, ("anna", "hotline", True))
    told = await mine(analytics)
    assert (told["teams"], told["peers"]["peers"]) == ([], 0)


async def test_nothing_chooses_somebody_elses_figures(analytics: Served) -> None:
    await work(analytics, ("anna", "hotline", True))
    assert (await mine(analytics, agent="anna"))["teams"] == []
    async with analytics.client("agent") as client:
        for path in ("agents", "kpis", "funnel", "kpis.xlsx"):
            assert (await client.get(f"/api/v1/{path}", params=MARCH)).status_code == 403, path
    async with analytics.client("auditor") as client:
        assert (await client.get("/api/v1/agents/me")).status_code == 403


async def test_an_agent_of_one_branch_reads_what_was_done_there(analytics: Served) -> None:
    await analytics.deliver(call("1", "ann", branch="B1").attempted(), call("2", "ann", branch="B2").attempted())
    secret = analytics.runtime.settings.jwt_secret.get_secret_value()
    token = issue_token(secret, "ann", Role.AGENT, 4102444800, units=["B2"])
    async with analytics.client(None, Authorization=f"Bearer {token}") as client:
        (row,) = (await client.get("/api/v1/agents/me", params=MARCH)).json()["teams"]
        assert row["calls"] == 1
        assert (await client.get("/api/v1/agents/me", params=MARCH | {"branch": "B1"})).status_code == 403


def test_who_worked_in_two_teams_is_one_colleague() -> None:
    rows = [
        AgentFigures(name, team, {"calls": calls, "connected": calls, "days": 1})
        for name, team, calls in [("a", "x", 10), ("a", "y", 20), ("b", "x", 40), ("c", "y", 50), ("me", "x", 1)]
    ]
    medians = peer_medians(rows, "me", {"x", "y"}, agent_kpis(Options(), 50).values())
    assert (medians.peers, medians.values["calls_per_day"]) == (3, 40)
