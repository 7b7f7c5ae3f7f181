"""Documents that people send: YAML or JSON, of a bounded size and without tricks."""

import pytest

from shared.documents import LARGEST_BYTES, read_document
from shared.errors import BadRequest, InvalidInput, PayloadTooLarge


@pytest.mark.parametrize("body", ["name: 回访\nsteps: [1, 2]\n", '{"name": "回访", "steps": [1, 2]}'])
def test_yaml_and_json_say_the_same(body: str) -> None:
    assert read_document(body.encode()) == {"name": "回访", "steps": [1, 2]}


@pytest.mark.parametrize(
    "body",
    [
        b"a: [1, 2",
        b"\xff\xfe",
        b"a: &x [1]\nb: *x",
        b"!!python/object/apply:os.system [id]",
        b"[" * 60_000,
        b"a: 2026-13-99",
        b"\x00",
    ],
)
def test_what_can_not_be_read_is_refused_with_a_reason(body: bytes) -> None:
    with pytest.raises(BadRequest) as refused:
        read_document(body)
    assert refused.value.detail


def test_a_document_has_a_largest_size() -> None:
    with pytest.raises(PayloadTooLarge):
        read_document(b"#" * (LARGEST_BYTES + 1))


def test_json_may_write_a_character_as_two_escapes() -> None:
    assert read_document(b'{"name": "\\ud840\\udc00\\u5c9a"}') == {"name": "\U00020000岚"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"questions": [{"ask": "a\\u0000"}]}', "body.questions.0.ask"),
        (b'{"title": "\\ud83d"}', "body.title"),
        (b'title: "a\\0b"\n', "body.title"),
        (b"params: {1.5: a}", "body.params"),
        (b"params: {1: a}", "body.params"),
        (b"params: {2026-03-01: a}", "body.params"),
        (b"params: {~: a}", "body.params"),
        (b"params: [{null: {1: a}}]", "body.params.0"),
    ],
)
def test_what_no_field_may_hold_is_named_by_its_field(body: bytes, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_document(body)
    assert [error["field"] for error in refused.value.extra["errors"]] == [field]
