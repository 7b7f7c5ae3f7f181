"""A sheet of people: how its columns are called, what a row says, and what importing it would do."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from services.gateway.domain.headers import Layout, plain
from services.gateway.domain.people import Actor, Person, change_fault, faults, plain_login, plain_skills, read_shift
from services.gateway.domain.sheets import SheetRow
from shared.roles import ROLE_NAMES, Role

MOST_PEOPLE = 500
COLUMNS = {
    "login": ("登录名", "账号", "用户名", "login"),
    "name": ("姓名", "名称", "name"),
    "roles": ("角色", "权限", "roles", "role"),
    "units": ("单位", "分公司", "网点", "units", "unit"),
    "teams": ("班组", "teams", "team"),
    "skills": ("技能", "语言", "skills", "skill"),
    "worker": ("工号", "worker"),
    "shift": ("班次", "shift"),
}
TITLES = {field: names[0] for field, names in COLUMNS.items()}
REQUIRED = ("login", "name", "roles")
LAYOUT = Layout(
    {plain(name): field for field, names in COLUMNS.items() for name in names},
    {},
    [(TITLES[field], (field,)) for field in REQUIRED],
)
_ROLES = {title: role for role, title in ROLE_NAMES.items()} | {str(role): role for role in Role}
_BETWEEN = re.compile(r"[\s,，、;；/]+")
Result = Literal["new", "changed", "unchanged", "faulty"]


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One row: `values` by field, and why it can't be taken, as (field, reason)."""

    number: int
    values: Mapping[str, Any]
    faults: Sequence[tuple[str, str]] = ()

    @property
    def login(self) -> str:
        login: str = self.values.get("login", "")
        return login


@dataclass(frozen=True, slots=True)
class Planned:
    """What importing does with a row: `changes` of the person there is, all values of a new one."""

    row: PersonRow
    result: Result
    changes: Mapping[str, Any]
    reason: str = ""


def read_person(row: SheetRow) -> PersonRow:
    """A row's cells as fields of a person. A cell left empty says nothing but where the column is there: then it is none."""
    if row.fault:
        return PersonRow(row.number, {}, [("", row.fault)])
    cells = {field: _text(cell) for title, cell in row.fields.items() if (field := LAYOUT.path(title))}
    values: dict[str, Any] = {name: cells[name] for name in ("name", "worker", "shift") if name in cells}
    if "login" in cells:
        values["login"] = plain_login(cells["login"])
    for name in ("units", "teams"):
        if name in cells:
            values[name] = parts(cells[name])
    if "skills" in cells:
        values["skills"] = plain_skills(parts(cells["skills"]))
    named = parts(cells.get("roles", ""))
    values["roles"] = [_ROLES[title] for title in named if title in _ROLES]
    unknown = [title for title in named if title not in _ROLES]
    wrong = [("roles", f"没有角色「{title[:20]}」，可用：{'、'.join(ROLE_NAMES.values())}") for title in unknown]
    wrong += [(field, "不能为空") for field in ("login", "name") if not values.get(field)]
    wrong += [fault for fault in faults(values) if fault[0] not in {field for field, _ in wrong}]
    return PersonRow(row.number, values, wrong)


def _text(cell: Any) -> str:
    """As people see it: a number in a spreadsheet may be 1027.0."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def parts(text: str) -> list[str]:
    """Codes or words that somebody wrote one after the other, by whatever they are parted."""
    return [part for part in _BETWEEN.split(text) if part]


def plan(rows: Iterable[PersonRow], known: Mapping[str, Person], actor: Actor) -> list[Planned]:
    """What importing these rows does to the people there are."""
    planned: list[Planned] = []
    seen: dict[str, int] = {}
    for row in rows:
        planned.append(_plan(row, known.get(row.login), actor, seen.get(row.login)))
        if row.login:
            seen.setdefault(row.login, row.number)
    return planned


def _plan(row: PersonRow, person: Person | None, actor: Actor, before: int | None) -> Planned:
    if row.faults:
        reason = "；".join(f"{TITLES[field]}：{why}" if field in TITLES else why for field, why in row.faults)
        return Planned(row, "faulty", {}, reason)
    if before is not None:
        return Planned(row, "faulty", {}, f"登录名与第 {before} 行重复")
    if person is None:
        return Planned(row, "new", row.values)
    changes = {field: value for field, value in row.values.items() if _differs(person, field, value)}
    if changes and (fault := change_fault(actor, person, list(changes))):
        return Planned(row, "faulty", {}, fault)
    return Planned(row, "changed" if changes else "unchanged", changes)


def _differs(person: Person, field: str, value: Any) -> bool:
    is_now = getattr(person, field)
    if field == "shift":
        value = read_shift(value)
    return set(is_now) != set(value) if isinstance(is_now, tuple) else bool(is_now != value)
