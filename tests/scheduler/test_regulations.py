"""Every clause is carried out and proven, and docs/regulations.md says where."""

from pathlib import Path

import pytest

from deploy import regulations
from deploy.docs import stale
from deploy.regulations import Clause, Evidence, Place, Regulation, find_evidence, read_regulations, unproven


def test_every_clause_is_carried_out_and_those_about_scheduling_have_a_test() -> None:
    assert list(unproven(read_regulations(), find_evidence())) == []


def test_the_table_of_clauses_is_up_to_date() -> None:
    assert stale(regulations.DOCUMENT, regulations.document()) == [], "run `python -m deploy.docs`"


def test_the_table_knows_the_clauses_of_all_thirteen_regulations_and_those_across() -> None:
    counts = [(regulation.id, len(regulation.clauses)) for regulation in read_regulations()]
    amounts = [10, 7, 8, 5, 3, 5, 6, 5, 5, 3, 4, 4, 3]
    assert counts == [*((f"R{number:02}", amount) for number, amount in enumerate(amounts, 1)), ("X", 5)]


HERE = Path(__file__).relative_to(regulations.ROOT).as_posix()
AT = [Place(HERE, 1)]


@pytest.mark.parametrize(
    ("clause", "policies", "tests", "why"),
    [
        (Clause("Z1", "", scheduling=True), {("Z1", "z")}, {("Z1", "z")}, []),
        (Clause("Z1", "", scheduling=True), {("Z1", "z")}, set(), ["Z1: no test of z is named after it"]),
        (Clause("Z1", "", scheduling=True), {("Z1", "y")}, {("Z1", "z")}, ["Z1: no policy of z cites it"]),
        (Clause("Z1", "", scheduling=True, built_in=HERE), set(), {("Z1", "z")}, []),
        (Clause("Z1", "", by={"visits": HERE}), set(), set(), []),
        (Clause("Z1", "", by={"visits": "nowhere.py"}), set(), set(), ["Z1: nowhere.py is not there"]),
        (Clause("Z1", ""), set(), set(), ["Z1: nobody carries it out"]),
        (Clause("Z1", "", by={"visits": HERE}), {("Z2", "z")}, set(), ["Z2: cited by a pack, but no such clause"]),
    ],
)
def test_what_is_not_carried_out_or_not_proven_is_named(
    clause: Clause, policies: set[tuple[str, str]], tests: set[tuple[str, str]], why: list[str]
) -> None:
    evidence = Evidence(dict.fromkeys(policies, AT), dict.fromkeys(tests, AT))
    assert list(unproven([Regulation("Z", "", (clause,), "z")], evidence)) == why
