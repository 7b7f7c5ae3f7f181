"""The reference of declared models in English. What may stand under a key is told from its declaration, as in Chinese; what the
key says comes from a table of texts, and is shown in Chinese where the table lacks it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from shared.declared.model import Declared, Form, Key, Part, Several, Table, keys_of
from shared.declared.reference import cell, left_out

HEAD = "| Key | What it says | What may stand there | Left out |\n|---|---|---|---|"
ANY = "*"
Texts = Mapping[str, Mapping[str, str]]  # model's name, or ANY → key → text
_FORMS = (
    (re.compile(r"^列表，每项是以下之一：([\w、-]+)"), r"a list of: \1"),
    (re.compile(r"^以下之一：([\w、-]+)"), r"one of: \1"),
    (re.compile(r"^(\d+) 到 (\d+) 的整数"), r"whole number, \1 to \2"),
    (re.compile(r"^true 或 false"), "true or false"),
    (re.compile(r"^.*?如 (.+?)(?:[；，）]| 或 |$)"), r"such as \1"),
)


def reference_in_english(models: Iterable[type[Declared]], texts: Texts) -> str:
    """Markdown: a table for each of these models and for each that stands below one of them, every model once."""
    seen: dict[type[Declared], None] = {}
    for model in models:
        _collect(model, seen)
    return "\n\n".join("\n".join(_table(model, texts)) for model in seen) + "\n"


def _collect(model: type[Declared], seen: dict[type[Declared], None]) -> None:
    if model not in seen:
        seen[model] = None
        for key in keys_of(model):
            for below in _below(key.form):
                _collect(below, seen)


def _below(form: Form) -> tuple[type[Declared], ...]:
    if isinstance(form, Several | Table):
        return _below(form.item)
    return form.models if isinstance(form, Part) else ()


def _table(model: type[Declared], texts: Texts) -> Iterator[str]:
    yield f"## {model.__name__}\n\n{HEAD}"
    for key in keys_of(model):
        said = texts.get(model.__name__, {}).get(key.name) or texts.get(ANY, {}).get(key.name)
        absent = left_out(key).replace("必填", "required")
        row = (f"`{key.name}`", said or key.field.description or "", _may_stand(key), absent)
        yield "| " + " | ".join(map(cell, row)) + " |"
    if model.ALSO:
        yield f"\nAlso: {', '.join(f'`{key}`' for key in sorted(model.ALSO))}"


def _may_stand(key: Key) -> str:
    said, units = key.say.strip(), getattr(key.form, "units", ())
    found = next((match.expand(text) for form, text in _FORMS if (match := form.match(said))), "").replace("、", ", ")
    links = ", ".join(f"[{one.__name__}](#{one.__name__.lower()})" for one in _below(key.form))
    return "; ".join(part for part in (found, units and f"units: {', '.join(units)}", links) if part)
