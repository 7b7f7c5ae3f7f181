"""The source document beside a call: what a fact says, as lines with Chinese names."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from services.visits.pages.document_words import hidden_in, names_in, word
from shared.contracts.common import Matter
from shared.privacy import Sealer
from shared.zone import ORG_ZONE

LONGEST = 400
OWN = "ext."  # what a source sends beyond the contract, under names of its own


def document_lines(matter: Matter, sealer: Sealer) -> list[tuple[str, str]]:
    """(name, value) of what the fact says, phones masked, in the order of the names, then what has none.

    What an organisation's own kind of fact calls otherwise is shown under the sender's name for it.
    """
    facts = _said_once(sealer.masked_tree(dict(matter.facts)))
    hidden, names = hidden_in(matter.event_type), names_in(matter.event_type)
    shown = {name: value for name, value in facts.items() if name not in hidden}
    texts = {path: _text(path, value) for path, value in _leaves(shown, "")}
    known = [(names[path], texts[path]) for path in names if texts.get(path)]
    rest = [(path, text) for path, text in texts.items() if path not in names and not path.endswith("code")]
    return known + [(path.removeprefix(OWN), text) for path, text in rest if text]


def _said_once(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """`resolved_claim` is the older and poorer word for `resolution_claim`."""
    twice = facts.get("resolution_claim") is not None
    return {name: value for name, value in facts.items() if not (twice and name == "resolved_claim")}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    else:
        yield path, value


def _text(path: str, value: Any) -> str:
    if isinstance(value, list):
        return "、".join(filter(None, (_item(path, item) for item in value)))[:LONGEST]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    text = word(path, str(value))
    try:
        at = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        at = None
    return f"{at.astimezone(ORG_ZONE):%m-%d %H:%M}" if at and at.tzinfo else text[:LONGEST]


def _item(path: str, item: Any) -> str:
    """One of a list: a thing by its name and how many of it, else by all that it says."""
    if not isinstance(item, Mapping):
        return _text(path, item)
    if not item.get("name"):
        said = [_text(path, value) for value in item.values() if not isinstance(value, list | Mapping)]
        return " ".join(filter(None, said))
    number, unit = str(item.get("qty") or "1"), item.get("unit") or ""
    return str(item["name"]) + ("" if number == "1" else f" ×{number} {unit}".rstrip())
