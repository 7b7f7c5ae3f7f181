from typing import Any

import pytest

from services.scheduler.domain.conditions.tree import compile_condition
from services.scheduler.domain.customer import Customer
from shared.conditions.tree import Failure
from tests.scheduler.builders import at, fact

DATA = {
    "result": "repaired",
    "amount": "1280.50",
    "is_rework": True,
    "tags": ["vip", "首单"],
    "product": {"category": "热水器", "year": 2024},
    "lines": [{"sku": "A"}, {"sku": "B"}],
    "note": None,
}
CUSTOMER = Customer("C1", {"level": "A", "tier": "key"})


def leaf(field: str, op: str, value: Any = True) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


def failure(tree: dict[str, Any]) -> Failure | None:
    return compile_condition(tree)(fact("order.completed", DATA, time=at("2026-03-02 10:00")), CUSTOMER)


def test_a_number_is_no_part_of_a_text_and_fails_no_event() -> None:
    assert failure(leaf("result", "contains", 3)) is not None
    assert failure({"not": leaf("result", "contains", 3)}) is None


@pytest.mark.parametrize(
    "tree",
    [
        leaf("result", "eq", "repaired"),
        leaf("result", "ne", "cancelled"),
        leaf("missing", "ne", "x"),
        leaf("result", "in", ["repaired", "replaced"]),
        leaf("result", "not_in", ["cancelled"]),
        leaf("amount", "gt", 1000),
        leaf("amount", "le", 1280.5),
        leaf("amount", "eq", 1280.5),
        leaf("product.year", "ge", 2024),
        leaf("is_rework", "eq", True),
        leaf("note", "exists", False),
        leaf("product", "exists"),
        leaf("tags", "contains", "首单"),
        leaf("product.category", "contains", "水"),
        leaf("product.category", "matches", "^热.器$"),
        leaf("lines.1.sku", "eq", "B"),
        leaf("event.type", "eq", "order.completed"),
        leaf("event.type", "in", ["cn.huifang.erp.order.completed.v1"]),
        leaf("event.time", "lt", "2026-03-02 10:01"),
        leaf("event.source", "eq", "/test"),
        leaf("customer.tier", "eq", "key"),
    ],
)
def test_leaves_that_hold(tree: dict[str, Any]) -> None:
    assert failure(tree) is None


@pytest.mark.parametrize(
    ("tree", "actual"),
    [
        (leaf("result", "eq", "replaced"), "repaired"),
        (leaf("is_rework", "eq", 1), True),  # true is not 1
        (leaf("amount", "gt", 2000), "1280.50"),
        (leaf("missing", "gt", 0), None),
        (leaf("result", "lt", 5), "repaired"),  # no number
        (leaf("product.none.deeper", "exists"), None),
        (leaf("lines.9.sku", "exists"), None),
        (leaf("tags", "contains", "x"), ["vip", "首单"]),
        (leaf("result", "matches", "^x"), "repaired"),
        (leaf("customer.level", "ne", "A"), "A"),
        (leaf("event.time", "ge", "2026-03-02 10:01"), at("2026-03-02 10:00")),
    ],
)
def test_a_leaf_that_fails_is_named_with_the_value_it_met(tree: dict[str, Any], actual: Any) -> None:
    assert failure(tree) == Failure(tree["field"], tree["op"], tree["value"], actual)


def test_all_reports_the_first_leaf_that_fails() -> None:
    tree = {"all": [leaf("result", "eq", "repaired"), leaf("amount", "gt", 9999), leaf("result", "eq", "x")]}
    assert failure(tree) == Failure("amount", "gt", 9999, "1280.50")


def test_any_holds_with_one_and_reports_the_first_without_any() -> None:
    tree = {"any": [leaf("result", "eq", "x"), leaf("amount", "gt", 1)]}
    assert failure(tree) is None
    assert failure({"any": [leaf("result", "eq", "x"), leaf("amount", "gt", 9999)]}) == Failure(
        "result", "eq", "x", "repaired"
    )


def test_not_reports_what_should_not_have_been() -> None:
    assert failure({"not": leaf("result", "eq", "cancelled")}) is None
    assert failure({"not": leaf("result", "eq", "repaired")}) == Failure("result", "not eq", "repaired", "repaired")


def test_no_condition_always_holds() -> None:
    assert compile_condition(None)(fact(), CUSTOMER) is None
