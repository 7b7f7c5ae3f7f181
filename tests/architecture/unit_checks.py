"""How a route may be asked about the things of several units, and what those of one must be told (`test_units`).

`hides` asks only what must come to nothing, so that every role may ask it; `shows` asks for what is theirs, and may change it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import httpx
from python_calamine import CalamineWorkbook

from shared.principal import Role
from shared.testing import Served
from tests.architecture.parts import filled, routes
from tests.architecture.unit_worlds import ABOVE, ALL, NOBODYS, OURS, THEIRS, TOP, Ids, credential, name

# who is limited to a unit → whose things they see: their own and those below
LIMITED = {
    (OURS,): (OURS,),
    (THEIRS,): (THEIRS,),
    (ABOVE,): (ABOVE, OURS),
    (TOP,): (OURS, THEIRS, ABOVE),
}
WHOLE_ONLY = "urn:huifang:problem:whole-organisation-only"
Body = Callable[[str], Any]


@dataclass(frozen=True)
class World:
    """A service with things of several units in it, asked by somebody with this role."""

    name: str
    served: Served
    ids: Ids
    role: Role = Role.ADMIN

    @property
    def routes(self) -> list[str]:
        return [f"{method} {path}" for method, path in routes(self.served.app)]

    async def ask(self, units: tuple[str, ...], method: str, path: str, **options: Any) -> httpx.Response:
        headers = credential(self.served, *units, role=self.role) | {"If-Match": '"1"'}
        async with self.served.client(None, **headers) as client:
            return await client.request(method, path, **options)

    def path(self, path: str, unit: str) -> str:
        """With the id of a unit's thing."""
        for parameter, ids in self.ids.items():
            path = path.replace(f"{{{parameter}}}", ids[unit])
        return path

    def keeps_out(self, answer: httpx.Response) -> bool:
        """Whether this role may not ask that at all; `admin` may ask everything."""
        return self.role is not Role.ADMIN and answer.status_code == 403


def foreign(seen: Iterable[str]) -> list[str]:
    return [unit for unit in ALL if unit not in seen]


@dataclass(frozen=True)
class Open:
    """Shows nothing of any unit, or asks for no principal: everybody gets the same answer."""

    async def hides(self, world: World, method: str, path: str) -> None:
        asked = [await world.ask(units, method, filled(path)) for units in (*LIMITED, ())]
        assert len({answer.status_code for answer in asked}) == 1
        assert not any(name(unit) in answer.text for unit in ALL for answer in asked)

    async def shows(self, world: World, method: str, path: str) -> None:
        """Nothing of anybody."""


@dataclass(frozen=True)
class Whole:
    """Belongs to the organisation as a whole: refused to whoever is limited to units."""

    async def hides(self, world: World, method: str, path: str) -> None:
        for units in LIMITED:
            answer = await world.ask(units, method, filled(path), json={})
            assert answer.status_code == 403
            assert world.role is not Role.ADMIN or answer.json()["type"] == WHOLE_ONLY

    async def shows(self, world: World, method: str, path: str) -> None:
        assert (await world.ask((), method, filled(path), json={})).status_code not in (401, 403)


@dataclass(frozen=True)
class Lists:
    """Shows things of every unit; everybody sees theirs. What is `taken` with its list is not there for the next one."""

    marker: Callable[[str], str] = name
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    taken: bool = False

    async def hides(self, world: World, method: str, path: str) -> None:
        for units, seen in LIMITED.items():
            shown = await self._asked(world, method, path, *units)
            assert not [unit for unit in foreign(seen) if self.marker(unit) and self.marker(unit) in shown]

    async def shows(self, world: World, method: str, path: str) -> None:
        for units, seen in LIMITED.items():
            shown = await self._asked(world, method, path, *units)
            assert self.taken or all(self.marker(unit) in shown for unit in seen)
        whole = await self._asked(world, method, path)
        assert self.taken or all(self.marker(unit) in whole for unit in ALL)

    async def _asked(self, world: World, method: str, path: str, *units: str) -> str:
        answer = await world.ask(units, method, path, params=self.query, json=self.body)
        assert answer.status_code == 200 or world.keeps_out(answer), answer.text
        return _text(answer)


@dataclass(frozen=True)
class Counts:
    """Adds up things of every unit; the whole is more than its parts, since some things are nobody's."""

    part: Callable[[Any], Any] = lambda answer: answer

    async def hides(self, world: World, method: str, path: str) -> None:
        ours, theirs, above, top, whole = [await self._total(world, method, path, *units) for units in (*LIMITED, ())]
        assert ours <= above
        assert theirs + above == top
        assert top < whole or top == whole == 0

    async def shows(self, world: World, method: str, path: str) -> None:
        ours, theirs, above = [await self._total(world, method, path, unit) for unit in (OURS, THEIRS, ABOVE)]
        assert 0 < ours < above
        assert theirs > 0

    async def _total(self, world: World, method: str, path: str, *units: str) -> float:
        answer = await world.ask(units, method, path)
        return 0 if world.keeps_out(answer) else _total(self.part(answer.json()))


@dataclass(frozen=True)
class Asks:
    """Asks by a query about one unit's thing; to others it is as if there were none."""

    query: Callable[[str], dict[str, str]]
    marker: Callable[[str], str]

    async def hides(self, world: World, method: str, path: str) -> None:
        for units, seen in LIMITED.items():
            for unit in foreign(seen):
                answer = await world.ask(units, method, path, params=self.query(unit))
                assert answer.status_code == 200 or world.keeps_out(answer), answer.text
                assert self.marker(unit) not in answer.text

    async def shows(self, world: World, method: str, path: str) -> None:
        for units, seen in {**LIMITED, (): ALL}.items():
            for unit in seen:
                assert self.marker(unit) in (await world.ask(units, method, path, params=self.query(unit))).text


@dataclass(frozen=True)
class One:
    """A thing of one unit, by its id: to others there is none. It `ends` when it is found; `lacks` what is asked of it."""

    body: Any = None
    ends: bool = False
    lacks: str = ""

    async def hides(self, world: World, method: str, path: str) -> None:
        for units, seen in LIMITED.items():
            for unit in foreign(seen):
                answer = await world.ask(units, method, filled(world.path(path, unit)), json=self.body)
                assert answer.status_code == 404 or world.keeps_out(answer), answer.text
                assert not self.lacks or self.lacks not in answer.text

    async def shows(self, world: World, method: str, path: str) -> None:
        asked = {(ABOVE,): (OURS,), (TOP,): (THEIRS,), (): (NOBODYS,)} if self.ends else {**LIMITED, (): ALL}
        for units, seen in asked.items():
            for unit in seen:
                answer = await world.ask(units, method, filled(world.path(path, unit)), json=self.body)
                lacks = self.lacks and answer.json()["type"].endswith(f":{self.lacks}")
                assert lacks or answer.status_code not in (401, 404, 422), answer.text


@dataclass(frozen=True)
class Makes:
    """Makes something of the unit or customer that the body names."""

    body: Body
    refused: int

    async def hides(self, world: World, method: str, path: str) -> None:
        for units, seen in LIMITED.items():
            for unit in foreign(seen):
                answer = await world.ask(units, method, path, json=self.body(unit))
                assert answer.status_code == self.refused or world.keeps_out(answer), answer.text

    async def shows(self, world: World, method: str, path: str) -> None:
        for units, unit in (((OURS,), OURS), ((ABOVE,), OURS), ((TOP,), OURS), ((), THEIRS)):
            answer = await world.ask(units, method, path, json=self.body(unit))
            assert answer.is_success, answer.text


@dataclass(frozen=True)
class BulkAssigns:
    """Assigns many cases: those of others are not found."""

    async def hides(self, world: World, method: str, path: str) -> None:
        for units, seen in LIMITED.items():
            others = [world.ids["case_id"][unit] for unit in foreign(seen)]
            answer = await world.ask(units, method, path, json={"ids": others, "unit": "CZ"})
            if not world.keeps_out(answer):
                told = [(one["assigned"], one["problem"]) for one in answer.json()["items"]]
                assert told == [(False, "没有这个投诉")] * len(others)

    async def shows(self, world: World, method: str, path: str) -> None:
        answer = await world.ask((ABOVE,), method, path, json={"ids": [world.ids["case_id"][OURS]], "unit": "CZ"})
        assert answer.json()["items"][0]["problem"] != "没有这个投诉"


def _text(answer: httpx.Response) -> str:
    if "spreadsheet" in answer.headers["content-type"]:
        sheet = CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_index(0)
        return str(sheet.to_python())
    return answer.text


def _total(value: Any) -> float:
    """The sum of all numbers in it."""
    if isinstance(value, dict | list):
        return sum(_total(each) for each in (value.values() if isinstance(value, dict) else value))
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0
