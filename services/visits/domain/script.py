"""The words an agent reads aloud, with their variables filled in."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from services.visits.domain.visit import Visit
from shared.contracts.common import Matter
from shared.privacy import PREFIX
from shared.zone import ORG_ZONE

VARIABLE = re.compile(r"\{([^{}\s]+)\}")
VARIABLES = ("称呼", "事项", "单号", "日期")
FACTS = "资料."


def variables_of(visit: Visit, about: int = 0) -> Mapping[str, str]:
    """What the variables stand for in this visit; of several matters, the one at position `about` is spoken of.

    `资料.product.name` is what the matter's fact says at `product.name`, so that values are stated, not asked (R07.3).
    """
    matter = visit.matters[min(about, len(visit.matters) - 1)] if visit.matters else None
    day = matter.at.astimezone(ORG_ZONE) if matter else None
    return {
        "称呼": visit.customer.name or "客户",
        "事项": (_spoken_of(matter, len(visit.matters) > 1) if matter else "") or "服务",
        "单号": matter.subject if matter else "",
        "日期": f"{day.month}月{day.day}日" if day else "",
        **dict(_values(matter.facts if matter else {}, FACTS)),
    }


def said_title(matter: Matter) -> str:
    """What the fact's sender calls the matter, such as the title of a 12345 case; "" where nothing can be shown as it is."""
    title = matter.facts.get("title")
    return title.strip() if isinstance(title, str) and PREFIX not in title else ""


def _spoken_of(matter: Matter, is_one_of_several: bool) -> str:
    """The matter as one says it to a customer: a number is read out only where it tells one of several from the others."""
    if is_one_of_several:
        return matter.title
    return said_title(matter) or matter.title.removesuffix(matter.subject).strip() or matter.title


def is_variable(name: str) -> bool:
    """Whether a script may use this name: one of the few, or a field of the fact."""
    return name in VARIABLES or (name.startswith(FACTS) and len(name) > len(FACTS))


def names_matter(text: str) -> bool:
    """Whether the words of a script speak of one matter."""
    return any(is_variable(name) and name != "称呼" for name in VARIABLE.findall(text))


def spoken(text: str, variables: Mapping[str, str]) -> str:
    """`text` with every known {variable} replaced; what the fact does not say, the agent must read from the papers."""
    return VARIABLE.sub(lambda found: variables.get(found[1]) or _unsaid(found[1], variables), text)


def _unsaid(name: str, variables: Mapping[str, str]) -> str:
    if name in variables:
        return ""
    return f"（请按单据读出：{name.removeprefix(FACTS)}）" if is_variable(name) else f"{{{name}}}"


def _values(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _values(inner, f"{path}{name}.")
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield path.removesuffix("."), str(value)


def read_by_customer(text: str, variables: Mapping[str, str]) -> str:
    """`text` as a customer reads it; what the fact does not say is left out."""
    return VARIABLE.sub(lambda found: variables.get(found[1], "" if is_variable(found[1]) else found[0]), text)
