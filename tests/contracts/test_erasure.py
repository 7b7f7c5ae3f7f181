"""What is left of an event about a customer who was erased: codes and figures, and it still fulfils its contract."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.common import CustomerCard, Matter
from shared.contracts.registry import all_contracts, by_name
from shared.erasure import scrubbed, scrubbed_as, scrubbed_names, scrubbed_own
from shared.erasure.stays import CODES, PERSONAL, REASONS, WHOLE
from shared.testing import example

NAMES = [contract.name for contract in all_contracts()]
NEEDLE = "周子衿住锦园路"


def texts_of(schema: Mapping[str, Any], defs: Mapping[str, Any], name: str = "") -> Iterator[str]:
    """The names under which a contract has texts that its schema does not bind to a list, a format or a pattern."""
    if "$ref" in schema:
        schema = defs[schema["$ref"].rsplit("/", 1)[1]]
    for branch in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
        yield from texts_of(branch, defs, name)
    if schema.get("title") in WHOLE:
        return
    for member, of in schema.get("properties", {}).items():
        yield from texts_of(of, defs, member)
    if "items" in schema:
        yield from texts_of(schema["items"], defs, name)
    if schema.get("type") == "string" and not {"enum", "const", "format", "pattern"} & schema.keys():
        yield name


@pytest.mark.parametrize("name", NAMES)
def test_every_text_is_said_to_be_a_code_or_personal(name: str) -> None:
    declared = by_name(name)
    assert declared
    schema = declared.model.model_json_schema()
    undecided = {text for text in texts_of(schema, schema.get("$defs", {})) if text not in CODES | REASONS | PERSONAL}
    if declared.topic in ("people-v1", "organisation-v1"):
        return  # about nobody who could be a customer
    assert not undecided, f"say in shared/erasure/stays.py whether these may tell who a customer is: {undecided}"


def test_no_text_is_both() -> None:
    assert not CODES & PERSONAL
    assert not REASONS & (CODES | PERSONAL)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_left_fulfils_the_contract_and_stays_as_it_is(name: str) -> None:
    declared = by_name(name)
    assert declared
    left = scrubbed(declared.type, example(name))
    declared.model.model_validate(left)
    assert scrubbed(declared.type, left) == left


def with_needles(value: Any, name: str = "") -> Any:
    """The needle in every text that is no code."""
    if isinstance(value, dict):
        whole = {"code", "name"} <= value.keys() or "weekdays" in value
        return value if whole else {member: with_needles(item, member) for member, item in value.items()}
    if isinstance(value, list):
        return [with_needles(item, name) for item in value]
    return NEEDLE if isinstance(value, str) and name not in CODES else value


@pytest.mark.parametrize("name", NAMES)
def test_words_are_found_nowhere(name: str) -> None:
    left = scrubbed(name, with_needles(example(name)))
    assert NEEDLE not in json.dumps(left, ensure_ascii=False)


def test_a_result_keeps_what_is_counted() -> None:
    told = example("visit.dissatisfied") | {"answers": {"recommend": 3, "wish": NEEDLE, "came": True}, "remark": NEEDLE}
    left = scrubbed("visit.dissatisfied", told)
    counted = (
        "visit_id",
        "rating",
        "satisfaction",
        "effective",
        "completed_at",
        "branch",
        "agent",
        "policy_id",
        "kind",
    )
    assert {name: left[name] for name in counted} == {name: told[name] for name in counted}
    assert left["answers"] == {"recommend": 3, "came": True}
    assert left["remark"] == ""


def test_a_code_that_is_a_sealed_number_goes_but_the_customer_stays_the_same() -> None:
    told = {"customer_id": "sealed:v1:abc", "number": "sealed:v1:def", "event_id": "e1", "event_source": "/erp"}
    left = scrubbed("fact.withdrawn", told)
    assert (left["customer_id"], left["number"], left["event_id"]) == ("sealed:v1:abc", "", "e1")


def test_a_reason_stays_where_it_is_a_code() -> None:
    told = example("followup.cancelled")
    assert scrubbed("followup.cancelled", told | {"reason": "do_not_contact"})["reason"] == "do_not_contact"
    assert scrubbed("followup.cancelled", told | {"reason": f"{NEEDLE} 不想再接电话"})["reason"] == ""


def test_of_a_kind_that_nobody_declared_the_codes_stay() -> None:
    told = {"customer": {"id": "C7", "姓名": NEEDLE}, "编号": "A1", "order_no": "SO1", "age": 63, "list": [NEEDLE]}
    assert scrubbed("com.example.any", told) == {"customer": {"id": "C7"}, "order_no": "SO1"}


def test_of_what_a_service_made_itself_codes_moments_and_figures_stay() -> None:
    line = {"unit": "CD", "round": 2, "in_time": True, "next_reply_at": "2026-03-05T10:00:00+08:00", "text": NEEDLE}
    more = {"visits": ["V1"], "reasons": ["late", NEEDLE], "outcome": "satisfied", "born": "1980-05-05", "note": "Zhou"}
    assert scrubbed_own(line | more) == {
        "unit": "CD",
        "round": 2,
        "in_time": True,
        "next_reply_at": "2026-03-05T10:00:00+08:00",
        "reasons": ["late"],
        "outcome": "satisfied",
    }


def test_a_matter_is_read_as_the_fact_it_holds() -> None:
    facts = example("repair.closed")
    matter = Matter(event_id="e1", event_type="repair.closed", at=facts["closed_at"], title=NEEDLE, facts=facts)
    left = scrubbed_as(Matter, matter.model_dump(mode="json"))
    assert left["title"] == ""
    assert left["facts"]["customer"]["name"] == ""
    assert left["facts"]["work_order_no"] == facts["work_order_no"]


def test_a_card_of_one_who_was_erased_forbids_contact() -> None:
    card = CustomerCard(id="C7", name=NEEDLE, phone="sealed:v1:abc", phone_masked="138****0000", email="z@example.com")
    left = CustomerCard.model_validate(scrubbed_as(CustomerCard, card.model_dump()))
    assert left == CustomerCard(id="C7", do_not_contact=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda of: (
        st.lists(of, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "facts", "x"]), of, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_can_be_scrubbed(value: Any) -> None:
    left = scrubbed_names(value)
    assert scrubbed_names(left) == left
    facts = {"facts": value, "event_type": "order.completed", "customer": value, "phones": value}
    for name in ("repair.closed", "visit.completed", "followup.released"):
        once = scrubbed(name, {"customer": value, "matters": [facts, value], "ext": value, "result": value})
        assert scrubbed(name, once) == once
