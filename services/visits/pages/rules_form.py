"""The form of the work rules: a document as fields of text, and what was filled in as a document again."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from services.visits.domain.errors import InvalidWorkRules
from services.visits.domain.work_rules_document import RulesDocument
from shared import invalid

Fields = Mapping[str, str]  # by the name of the input; a box that is not ticked has none
DURATIONS = (
    "grace", "callback.lead", "callback.kept_within", "callback.expiry", "callback.takes", "self_answer.code_lives",
    "correct_within",
)  # fmt: skip
NUMBERS = ("most_attempts", "most_held")
MOST_ROWS = 100  # as many result codes as a document may have
_ROW = re.compile(r"results\.(\d{1,3})\.code")
_WHOLE = re.compile(r"-?\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Filled:
    """What was filled in, its rows in the order that they ask for, and where it can't be read."""

    fields: dict[str, str]
    tree: dict[str, Any]
    faults: tuple[tuple[str, str], ...]

    def document(self) -> RulesDocument:
        """Raises InvalidWorkRules, with each fault at its field."""
        if not self.faults:
            try:
                return RulesDocument.model_validate(self.tree)
            except ValidationError as error:
                errors = [{"field": invalid.place(one), "message": invalid.in_words(one)} for one in error.errors()]
                raise InvalidWorkRules(errors=errors) from error
        raise InvalidWorkRules(errors=[{"field": field, "message": message} for field, message in self.faults])


def fields_of(document: RulesDocument) -> dict[str, str]:
    """The inputs of a document, with an empty row for a code to add."""
    plain = document.plain
    fields = {"contact_hours": document.contact_hours, **_ticked({"on_days_off": document.on_days_off})}
    fields |= {name: str(plain[name]) for name in NUMBERS}
    for name in DURATIONS:
        part, _, rest = name.partition(".")
        fields |= _amount(name, plain[part][rest] if rest else plain[part])
    for number, result in enumerate(plain["results"]):
        names = ("code", "title", "means", "group", "shortcut", "ending", "retry_hours", "most")
        row = {name: result.get(name) for name in names}
        flags = {name: result[name] for name in ("needs_note", "needs_answers", "retired")}
        flags["invites"] = result["code"] in document.self_answer.after
        at = f"results.{number}."
        fields |= {f"{at}{name}": str(value or "") for name, value in row.items()} | _ticked(flags, at)
        fields |= _amount(f"{at}retry", result.get("retry"))
    return with_empty_row(fields)


def with_empty_row(fields: Fields) -> dict[str, str]:
    """With places by tens, and a row for a code to add where there is none."""
    count = rows_of(fields)
    placed = {f"results.{number}.place": str(10 * (number + 1)) for number in range(count)}
    if count >= MOST_ROWS or (count and not fields.get(f"results.{count - 1}.code")):
        return {**fields, **placed}
    names = ("code", "title", "means", "group", "shortcut", "ending", "retry.amount", "retry.unit", "retry_hours")
    empty = {f"results.{count}.{name}": "" for name in names}
    return {**fields, **placed, **empty, f"results.{count}.most": "3", f"results.{count}.place": str(10 * (count + 1))}


def rows_of(fields: Fields) -> int:
    """How many rows of result codes there are, the empty one too."""
    numbers = [int(found[1]) for name in fields if (found := _ROW.fullmatch(name))]
    return min(max(numbers, default=-1), MOST_ROWS) + 1


def read(given: Fields) -> Filled:
    """A form that was sent. Rows without code and title are left out, those left are in the order of their places."""
    rows = sorted((row for row in _rows(given) if row["code"] or row["title"]), key=lambda row: _place(row["place"]))
    fields = {name: value for name, value in given.items() if not name.startswith("results.")}
    for number, row in enumerate(rows):
        fields |= {f"results.{number}.{name}": value for name, value in row.items()}
    faults: list[tuple[str, str]] = []
    tree: dict[str, Any] = {
        "contact_hours": given.get("contact_hours", "").strip(),
        "on_days_off": "on_days_off" in given,
        "callback": {},
        "self_answer": {"after": [row["code"] for row in rows if "invites" in row]},
        "results": [dict(_result(row, f"results.{number}", faults)) for number, row in enumerate(rows)],
    }
    tree |= {name: _whole(given.get(name, ""), name, faults) for name in NUMBERS}
    for name in DURATIONS:
        part, _, rest = name.partition(".")
        amount = {given.get(f"{name}.unit", ""): _whole(given.get(f"{name}.amount", ""), name, faults)}
        if rest:
            tree[part][rest] = amount
        else:
            tree[part] = amount
    return Filled(with_empty_row(fields), tree, tuple(faults))


def _rows(given: Fields) -> Iterator[dict[str, str]]:
    names = (
        "code", "title", "means", "group", "shortcut", "ending", "retry.amount", "retry.unit", "retry_hours", "most", "place",
    )  # fmt: skip
    flags = ("needs_note", "needs_answers", "retired", "invites")
    for number in range(rows_of(given)):
        at = f"results.{number}."
        row = {name: given.get(f"{at}{name}", "").strip() for name in names}
        yield row | {name: "on" for name in flags if f"{at}{name}" in given}


def _result(row: Mapping[str, str], at: str, faults: list[tuple[str, str]]) -> Iterator[tuple[str, Any]]:
    yield from ((name, row[name]) for name in ("code", "title"))
    yield from ((name, row[name]) for name in ("means", "group", "ending", "retry_hours") if row[name])
    yield "shortcut", row["shortcut"].upper()
    yield "most", _whole(row["most"], f"{at}.most", faults)
    yield from ((name, name in row) for name in ("needs_note", "needs_answers", "retired"))
    if row["retry.unit"] == "next_working_day":
        yield "retry", "next_working_day"
    elif row["retry.unit"] or row["retry.amount"]:
        if not row["retry.unit"]:
            faults.append((f"{at}.retry", "请选择单位，如 分钟、小时"))
        yield "retry", {row["retry.unit"]: _whole(row["retry.amount"], f"{at}.retry", faults)}


def _whole(text: str, at: str, faults: list[tuple[str, str]]) -> int | None:
    if _WHOLE.fullmatch(text.strip()):
        return int(text)
    faults.append((at, "请填写整数，如 30"))
    return None


def _place(text: str) -> float:
    """Where a row wants to stand, such as 25 or 25.5; what is no number goes last."""
    return float(text) if re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", text, re.ASCII) else 1e10


def _amount(name: str, amount: Mapping[str, int] | str | None) -> dict[str, str]:
    if isinstance(amount, Mapping):
        ((unit, number),) = amount.items()
        return {f"{name}.amount": str(number), f"{name}.unit": unit}
    return {f"{name}.amount": "", f"{name}.unit": amount or ""}


def _ticked(flags: Mapping[str, bool], at: str = "") -> dict[str, str]:
    return {f"{at}{name}": "on" for name, value in flags.items() if value}


def input_of(field: str) -> str:
    """The input beside which a fault of this field is told: `results.3.retry` of `results.3.retry.duration.hours`."""
    parts = field.split(".")
    return ".".join(parts[: 3 if parts[0] == "results" else 2 if parts[0] in ("callback", "self_answer") else 1])
