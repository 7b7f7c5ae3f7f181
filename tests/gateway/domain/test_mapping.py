"""A source's mapping, laid over what it sends."""

from typing import Any

import pytest

from services.gateway.domain import generic
from services.gateway.domain.documents import Options
from services.gateway.domain.options import check_options
from shared.zone import ORG_ZONE
from tests.gateway.domain.readings import data


def mapped(body: dict[str, Any], **options: Any) -> dict[str, Any]:
    return data(generic.read(body, Options("g", "generic", ORG_ZONE, type="meter.read", **options)))


def test_a_mapping_through_a_scalar_is_carried_out() -> None:
    body = {"no": "M7", "customer": "K-7", "flag": False, "zero": 0, "lines": [{"sku": "A"}, {"sku": "B"}]}
    fields = {"customer.id": "customer", "customer.name": "customer", "work_order_no": "no", "ext.flag": "flag", "ext.zero":
              "zero", "ext.second": "lines.1.sku"}  # fmt: skip
    told = mapped(body, fields=fields)
    assert told["customer"] == {"id": "K-7", "name": "K-7"}
    assert told["ext"] == {"flag": False, "zero": 0, "second": "B"}
    assert body["customer"] == "K-7"


def test_no_mapping_sees_what_another_has_done() -> None:
    told = mapped({"a": {"x": 1}, "b": {"x": 2}}, fields={"a.x": "b.x", "b.x": "a.x"})
    assert (told["a"]["x"], told["b"]["x"]) == (2, 1)


def test_a_member_named_like_a_path_is_found() -> None:
    assert mapped({"c.id": "K-8"}, fields={"customer.id": "c.id"})["customer"]["id"] == "K-8"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"fields": {"customer": "a", "customer.id": "b"}}, "互相覆盖"),
        ({"fields": {"customer.id": "b"}, "constants": {"customer": "x"}}, "互相覆盖"),
        ({"fields": {"lines.0.sku": "a"}}, "路径写法不对"),
        ({"fields": {"customer..id": "a"}}, "路径写法不对"),
        ({"fields": {"customer.id": ""}}, "路径写法不对"),
        ({"constants": {"a\0": 1}}, "路径写法不对"),
    ],
)
def test_a_mapping_that_could_not_be_carried_out_is_refused_when_saved(options: dict[str, Any], told: str) -> None:
    errors = check_options("generic", options)
    assert errors
    assert told in errors[0].reason
