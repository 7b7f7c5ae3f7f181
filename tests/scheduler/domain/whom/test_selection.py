"""Whom a policy follows up, from YAML to the policy."""

from typing import Any

import pytest

from services.scheduler.domain.packs.pack import policy_of, read_pack
from services.scheduler.domain.whom.draw import Drawing
from services.scheduler.domain.whom.limits import Quota
from services.scheduler.domain.whom.selection import whom_text
from tests.scheduler.builders import contents, policies


@pytest.mark.parametrize(
    ("rate", "percent", "drawing", "text"),
    [
        ("all", 100, None, "全部"),
        (12.5, 12.5, None, "12.5%"),
        ({"exact": 20, "of": "day"}, 20, Drawing("day", percent=20), "每日总量的 20%"),
        (
            {"exact": 5, "of": "month", "by": ["branch", "product.category"], "minimum": 1, "reserve": 10},
            5,
            Drawing("month", percent=5, by=("branch", "product.category"), minimum=1, reserve=10),
            "每月总量的 5%",
        ),
        (
            {"each": 10, "of": "month", "by": ["branch"], "minimum": 2},
            10,
            Drawing("month", percent=10, by=("branch",), minimum=2, each=True),
            "每月各层的 10%",
        ),
        ({"exact": 2, "of": "quarter"}, 2, Drawing("quarter", percent=2), "每季度总量的 2%"),
        ({"number": 500, "of": "year"}, 0, Drawing("year", number=500), "每年 500 件"),
        ({"number": 5, "of": "week", "closes": "tue"}, 0, Drawing("week", number=5, closes=1), "每周 5 件"),
    ],
)
def test_a_rate_is_read_into_the_policy(rate: Any, percent: float, drawing: Drawing | None, text: str) -> None:
    (draft,) = read_pack(contents({"rate": rate})).drafts
    policy = policy_of(draft.content, 1)
    assert (policy.rate, policy.drawing) == (percent, drawing)
    assert whom_text(draft.content["rate"]) == text


def test_limits_are_read_into_the_policy() -> None:
    (policy,) = policies({"quota": {"limit": 100, "per": "week", "by": ["branch"]}, "ceiling": {"per_day": 200}})
    assert (policy.quota, policy.ceiling) == (Quota(100, "week", ("branch",)), 200)


def test_a_policy_without_limits_keeps_the_content_it_always_had() -> None:
    (draft,) = read_pack(contents({})).drafts
    assert not {"quota", "ceiling"} & draft.content.keys()
    assert draft.content["rate"] == 100.0
