"""The words an agent reads aloud, with their variables filled in."""

import re
from collections.abc import Mapping

from services.visits.domain.visit import Visit
from shared.zone import ORG_ZONE

VARIABLE = re.compile(r"\{([^{}\s]+)\}")
VARIABLES = ("称呼", "事项", "单号", "日期")


def variables_of(visit: Visit) -> Mapping[str, str]:
    """What the variables stand for in this visit; of several matters, the first is spoken of."""
    matter = visit.matters[0] if visit.matters else None
    day = matter.at.astimezone(ORG_ZONE) if matter else None
    return {
        "称呼": visit.customer.name or "客户",
        "事项": (matter.title if matter else "") or "服务",
        "单号": matter.subject if matter else "",
        "日期": f"{day.month}月{day.day}日" if day else "",
    }


def spoken(text: str, variables: Mapping[str, str]) -> str:
    """`text` with every known {variable} replaced."""
    return VARIABLE.sub(lambda found: variables.get(found[1], found[0]), text)
