"""What a panel says to a fact is what its rules say one by one, whatever it remembers."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain import panel as panels
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.decide import decide
from services.scheduler.domain.detail import Unmet
from services.scheduler.domain.panel import ask
from services.scheduler.store.decisions import details_json
from tests.scheduler.builders import book, fact

FIELDS = st.sampled_from(["note", "flag", "product.category", "customer.level"])
VALUES = st.sampled_from(["A", "B", True, False, 0, 1, 1.0, None, ["A"], {"a": 1}, "long" * 100])
LEAVES = st.one_of(
    st.fixed_dictionaries(
        {"field": FIELDS, "op": st.sampled_from(["eq", "ne"]), "value": st.sampled_from(["A", True])}
    ),
    st.fixed_dictionaries({"field": FIELDS, "op": st.sampled_from(["in", "not_in"]), "value": st.just(["A", "B"])}),
    st.fixed_dictionaries({"field": FIELDS, "op": st.sampled_from(["eq", "ge"]), "value": st.sampled_from([0, 1])}),
    st.just({"cel": "has(data.note) && data.note == 'A'"}),
)
TREES = st.one_of(
    LEAVES,
    st.fixed_dictionaries({"all": st.lists(LEAVES, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"any": st.lists(LEAVES, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"not": LEAVES}),
)
FACTS = st.fixed_dictionaries({"note": VALUES, "flag": VALUES, "product": st.fixed_dictionaries({"category": VALUES})})


@given(st.lists(TREES, min_size=1, max_size=4), st.lists(st.tuples(FACTS, VALUES), max_size=12))
def test_what_is_remembered_changes_no_answer(trees: list[Any], told: list[tuple[dict[str, Any], Any]]) -> None:
    rules = book(*({"id": f"p{number}", "condition": tree, "rate": 50} for number, tree in enumerate(trees)))
    panel = rules.panel_for(fact().type)
    for number, (data, level) in enumerate(told):
        about, customer = fact(data=data, id=f"e{number % 3}"), Customer("C1", {"level": level})
        said, afresh = panel.ask(about, customer), ask(panel.rules, about, customer)
        assert sorted(map(repr, said.unmet)) == sorted(map(repr, afresh.unmet))
        assert {one.policy.id: one.draw for one in said.matches} == {one.policy.id: one.draw for one in afresh.matches}


def test_facts_with_the_same_texts_share_the_record_of_what_did_not_hold() -> None:
    panel = book({"condition": {"field": "note", "op": "eq", "value": "A"}}).panel_for(fact().type)
    first, same, other = (panel.ask(fact(data={"note": note}), Customer("C1")).unmet for note in "BBC")
    assert first is same
    assert [one["failed"]["actual"] for one in (*first, *other)] == ["B", "C"]


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    panel = book({"condition": {"field": "note", "op": "eq", "value": "A"}}).panel_for(fact().type)
    for number in range(panels.MOST_REMEMBERED + 10):
        panel.ask(fact(data={"note": f"n{number}"}), Customer("C1"))
    assert 0 < len(panel._remembered) <= panels.MOST_REMEMBERED
    panel.ask(fact(data={"note": "x" * (panels.LONGEST_REMEMBERED + 1)}), Customer("C1"))
    assert not any("xxx" in texts[0] for texts in panel._remembered)


def test_a_shared_record_is_stored_as_any_other() -> None:
    record = {"policy": "p1", "result": "condition", "failed": {"value": "甲", "actual": None}}
    assert orjson.loads(details_json([Unmet(record), {"result": "planned"}])) == [record, {"result": "planned"}]


def test_facts_that_no_condition_holds_for_share_one_encoded_record() -> None:
    panel = book(
        {"id": "p1", "condition": {"field": "note", "op": "eq", "value": "A"}},
        {"id": "p2", "condition": {"field": "note", "op": "eq", "value": "C"}},
    ).panel_for(fact().type)
    facts, customer = [fact(id=number, data={"note": "乙"}) for number in ("e1", "e2")], Customer("C1")
    first, second = (decide(one, panel.ask(one, customer), customer)[0] for one in facts)
    assert first.outcome == second.outcome == "no_policy_matches"
    assert details_json(first.details) is details_json(second.details)
    assert details_json(first.details) == orjson.dumps(list(first.details))
