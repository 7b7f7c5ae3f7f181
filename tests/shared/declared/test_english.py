"""The reference of declared models in English."""

from typing import Literal

from pydantic import Field

from shared.declared.english import reference_in_english
from shared.declared.model import Declared


class _Below(Declared):
    SAY = "一段，如 {days: 3}"
    days: int = Field(ge=1, le=9, description="天数")


class _Above(Declared):
    kind: Literal["day", "week"] = Field("day", description="种类")
    part: _Below | None = Field(None, description="部分")
    is_on: bool = Field(False, description="是否启用")
    alone: str = Field(description="没有英文的")


TEXTS = {"*": {"days": "days"}, "_Above": {"kind": "kind", "part": "a part | of it", "is_on": "whether it is on"}}


def test_each_key_has_its_text_its_values_and_what_holds_without_it() -> None:
    assert reference_in_english([_Above], TEXTS) == (
        "## _Above\n\n"
        "| Key | What it says | What may stand there | Left out |\n|---|---|---|---|\n"
        "| `kind` | kind | one of: day, week | `day` |\n"
        "| `part` | a part \\| of it | such as {days: 3}; [_Below](#_below) |  |\n"
        "| `is_on` | whether it is on | true or false | `false` |\n"
        "| `alone` | 没有英文的 |  | **required** |\n"
        "\n## _Below\n\n"
        "| Key | What it says | What may stand there | Left out |\n|---|---|---|---|\n"
        "| `days` | days | whole number, 1 to 9 | **required** |\n"
    )
