"""Reading configuration with errors that tell a policy owner where the mistake is and what to write instead."""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shared.characters import half_width
from shared.errors import InvalidInput
from shared.yaml_reader import Lines

NOTHING: Mapping[Any, str] = {}
FULL_WIDTH_COLON = "（冒号须用英文的，后面留一个空格）"
LONGEST_SHOWN, MOST_SHOWN = 100, 20
LONGEST_TEXT = 200  # characters
MOST_ITEMS = 200  # of a list
MOST_UNKNOWN = 20  # keys of a mapping that are told one by one
MOST_PROBLEMS = 1_000  # whoever has more begins with these
EARLIEST, LATEST = 2000, 2099  # years
FEWEST_OF_FORM = 20  # characters, of which every form accepts a text at least


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: in which file, on which line (0 = the file as a whole), at which key, and (Chinese) what to write.

    A `warning` doubts something that the platform would accept.
    """

    file: str
    key: str
    message: str
    line: int = 0
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file or "策略包"
        return f"{place} · {self.key}：{self.message}" if self.key else f"{place}：{self.message}"


class ContentInvalid(InvalidInput):
    """What was written has mistakes; `errors` lists them as {file, line, key, message}."""

    def __init__(self, problems: list[Problem]) -> None:
        errors = [{"file": one.file, "line": one.line, "key": one.key, "message": one.message} for one in problems]
        super().__init__("；".join(str(one) for one in problems[:5]), errors=errors)
        self.problems = problems


@dataclass
class Section:
    """A mapping of a file at key path `at`, with the mistakes in it. Models read it (`model`), checks walk through it."""

    file: str
    values: Mapping[str, Any]
    problems: list[Problem]
    at: str = ""
    read: set[str] = field(default_factory=set)
    lines: Lines = field(default_factory=dict)

    def path(self, key: str) -> str:
        return f"{self.at}.{key}" if self.at else key

    def problem(self, key: str, message: str, warning: bool = False) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            return
        path = self.path(key) if key else self.at
        self.problems.append(Problem(self.file, path, message, self.line(path), warning))

    def line(self, path: str) -> int:
        """Where `path` stands in the file; of what is missing, where the part stands that lacks it."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path, 0)

    def has(self, key: str) -> bool:
        self.read.add(key)
        return self.values.get(key) is not None

    def texts(self, key: str) -> list[str]:
        """The texts of a list below `key`; none when it is left out."""
        value = self.values.get(key) if self.has(key) else None
        return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []

    def not_too_many(self, key: str, items: list[Any], most: int = MOST_ITEMS) -> list[Any]:
        if len(items) > most:
            self.problem(key, f"最多 {most} 项，现在有 {len(items)} 项")
        return items[:most]

    def section(self, key: str) -> "Section | None":
        """The mapping below `key`; None when there is none."""
        return self._below(key, self.values[key]) if self.has(key) else None

    def sections(self, key: str) -> list["Section"]:
        """The mappings of a list below `key`; none when it is left out."""
        value = self.values[key] if self.has(key) else None
        items = enumerate(value) if isinstance(value, list) else ()
        return [one for index, item in items if (one := self._below(f"{key}[{index}]", item)) is not None]

    def as_section(self, key: str, value: Any, say: str) -> "Section | None":
        """`value` as what stands at `key`; None, and a problem, when it is no mapping."""
        if not isinstance(value, Mapping):
            self.problem(key, f"应写{say}，现在是 {written(value)}")
        return self._below(key, value)

    def _below(self, key: str, value: Any) -> "Section | None":
        if not isinstance(value, Mapping):
            return None
        return Section(self.file, value, self.problems, self.path(key), lines=self.lines)

    def close(self, elsewhere: Mapping[str, str] = NOTHING) -> None:
        """Note every key that nobody read, mostly a slip of the pen, or that has no value.

        `elsewhere` says of keys that are often written here where they belong.
        """
        for key, value in self.values.items():
            if key in self.read and value is None:
                self.problem(str(key), "没有写值：请写上，或删去此项")
        unknown = [key for key in self.values if key not in self.read]
        for key in unknown[:MOST_UNKNOWN]:
            if key in elsewhere:
                self.problem(str(key), f"不写在这里：{elsewhere[key]}")
            else:
                self.problem(
                    str(key), f"没有这个配置项{_key_meant(key, self.read)}，可写：{'、'.join(sorted(self.read))}"
                )
        if len(unknown) > MOST_UNKNOWN:
            self.problem("", f"另有 {len(unknown) - MOST_UNKNOWN} 个键也不是配置项，请删去")


def as_day(value: Any) -> date | None:
    """A day as YAML or JSON gives it; None when it is none."""
    try:
        return value if type(value) is date else date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _key_meant(key: Any, known: Iterable[str]) -> str:
    if "：" in str(key):
        return FULL_WIDTH_COLON
    half = half_width(str(key))
    return f"，是否想写 {half}？（现在是全角字符）" if half != key and half in known else meant(half, known)


def written(value: Any) -> str:
    """A value as it may have been written, cut where it is long; said of full-width characters that they are."""
    if isinstance(value, str | date):
        text = repr(value) if isinstance(value, str) else str(value)
    else:
        text = json.dumps(_begun(value), ensure_ascii=False, default=str)
    shown = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
    if not isinstance(value, str) or len(value) > LONGEST_SHOWN or (half := half_width(value)) == value:
        return shown
    return f"{shown}（有全角字符；半角写作 {half}）"


def _begun(value: Any, depth: int = 3) -> Any:
    """The beginning of a structure: what is shown of it."""
    if isinstance(value, Mapping):
        return {str(key): _begun(value[key], depth - 1) for key in list(value)[:MOST_SHOWN]} if depth else {}
    if isinstance(value, list):
        return [_begun(one, depth - 1) for one in value[:MOST_SHOWN]] if depth else []
    return value


def meant(value: Any, known: Iterable[str]) -> str:
    """A guess at a slip of the pen."""
    close = difflib.get_close_matches(str(value)[:LONGEST_SHOWN], list(known)[:MOST_ITEMS], n=1)
    return f"，是否想写 {close[0]}？" if close else ""
