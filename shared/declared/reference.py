"""The reference of declared models, for people: each with its keys, what may stand there, and what holds without them."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from pydantic_core import PydanticUndefined

from shared.declared.model import Declared, Form, Key, Part, Several, Table, keys_of
from shared.declared.values import flow, heading

HEAD = "| 键 | 说明 | 可写 | 不写时 |\n|---|---|---|---|"


def reference(models: Iterable[type[Declared]], without: Collection[type[Declared]] = ()) -> str:
    """Markdown: a table for each of these models and for each that stands below one of them, every model once.

    `without` are those that may not stand there.
    """
    seen: dict[type[Declared], None] = {}
    for model in models:
        _collect(model, seen, without)
    return "\n\n".join("\n".join(_table(model, seen)) for model in seen) + "\n"


def _collect(model: type[Declared], seen: dict[type[Declared], None], without: Collection[type[Declared]]) -> None:
    if model not in seen and model not in without:
        seen[model] = None
        for key in keys_of(model):
            for below in _models(key.form):
                _collect(below, seen, without)


def _models(form: Form) -> tuple[type[Declared], ...]:
    if isinstance(form, Several | Table):
        return _models(form.item)
    return form.models if isinstance(form, Part) else ()


def _table(model: type[Declared], known: Collection[type[Declared]]) -> Iterator[str]:
    yield f"## {model.__name__}{'：' if model.SAY else ''}{heading(model.SAY)}"
    if "如 " in model.SAY:
        yield f"\n{model.SAY.partition('，')[2]}"
    yield f"\n{HEAD}"
    for key in keys_of(model):
        below = "、".join(f"[{one.__name__}](#{_anchor(one)})" for one in _models(key.form) if one in known)
        units = "、".join(getattr(key.form, "units", ()))  # of a duration
        may = "；".join(part for part in (key.say.strip(), units and f"单位 {units}", below) if part)
        yield "| " + " | ".join(map(cell, (f"`{key.name}`", key.field.description or "", may, left_out(key)))) + " |"
    if model.ALSO:
        yield f"\n还可写：{'、'.join(f'`{key}`' for key in sorted(model.ALSO))}"


def left_out(key: Key) -> str:
    """What holds where the key is left out."""
    default: Any = key.field.default
    if default is PydanticUndefined:
        return "**必填**"
    return "" if default in (None, "", [], {}) else f"`{flow(default)}`"


def _anchor(model: type[Declared]) -> str:
    return f"{model.__name__}{heading(model.SAY)}".lower().replace(" ", "-")


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
