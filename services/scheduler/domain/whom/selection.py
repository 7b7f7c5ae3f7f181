"""Whom a policy follows up, out of its canonical content."""

from collections.abc import Mapping
from typing import Any

from services.scheduler.domain.whom.draw import drawing_of
from services.scheduler.domain.whom.limits import Quota
from services.scheduler.domain.whom.sampling import EVERYBODY

OF = {"day": "每日", "week": "每周", "month": "每月", "quarter": "每季度", "year": "每年"}


def whom_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `Policy` that say whom."""
    rate, quota = content["rate"], content.get("quota")
    drawing = drawing_of(rate) if isinstance(rate, dict) else None
    return {
        "rate": rate_of(rate),
        "drawing": drawing,
        "quota": Quota(quota["limit"], quota["per"], tuple(quota["by"])) if quota else None,
        "ceiling": content.get("ceiling"),
    }


def rate_of(rate: float | Mapping[str, Any]) -> float:
    """The percentage that a policy follows up; 0 for one that draws a number."""
    return float(rate.get("percent") or 0) if isinstance(rate, Mapping) else float(rate)


def whom_text(rate: float | Mapping[str, Any]) -> str:
    """`rate` in a few words for people."""
    if not isinstance(rate, Mapping):
        return "全部" if rate >= EVERYBODY else f"{rate:g}%"
    whose = "各层的" if rate.get("each") else "总量的"
    much = f"{whose} {rate['percent']:g}%" if rate["number"] is None else f" {rate['number']} 件"
    return OF[rate["of"]] + much
