"""Errors are facts: each has a status, a code of its own and a Chinese title."""

import re

import pytest

from shared import errors
from shared.errors import HuifangError, NotFound

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HuifangError)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_has_status_code_and_chinese_title(kind: type[HuifangError]) -> None:
    assert 400 <= kind.status <= 599
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.code)
    assert re.search(r"[\u4e00-\u9fff]", kind.title)


def test_codes_are_unique() -> None:
    assert len({kind.code for kind in KINDS}) == len(KINDS)


def test_the_text_is_the_detail_or_else_the_title() -> None:
    assert str(NotFound("没有编号为 7 的工单")) == "没有编号为 7 的工单"
    assert str(NotFound()) == NotFound.title
    assert NotFound("x", ids=[1]).extra == {"ids": [1]}
