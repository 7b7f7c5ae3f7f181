"""How a route may be asked about the things of two units, and what those of one unit must be told (`test_units`)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import httpx
from python_calamine import CalamineWorkbook

from shared.testing import Served
from tests.architecture.parts import filled, routes
from tests.architecture.unit_worlds import ALL, NOBODYS, OURS, THEIRS, Ids, credential, name

LIMITED = ((OURS, THEIRS), (THEIRS, OURS))  # (who asks, whose things are foreign)
WHOLE_ONLY = "urn:huifang:problem:whole-organisation-only"
Body = Callable[[str], Any]


@dataclass(frozen=True)
class World:
    """A service with things of two units in it."""

    name: str
    served: Served
    ids: Ids

    @property
    def routes(self) -> list[str]:
        return [f"{method} {path}" for method, path in routes(self.served.app)]

    async def ask(self, units: tuple[str, ...], method: str, path: str, **options: Any) -> httpx.Response:
        headers = credential(self.served, *units) | {"If-Match": '"1"'}
        async with self.served.client(None, **headers) as client:
            return await client.request(method, path, **options)

    def path(self, path: str, unit: str) -> str:
        """With the id of a unit's thing."""
        for parameter, ids in self.ids.items():
            path = path.replace(f"{{{parameter}}}", ids[unit])
        return path


@dataclass(frozen=True)
class Open:
    """Shows nothing of any unit, or asks for no principal: everybody gets the same answer."""

    async def check(self, world: World, method: str, path: str) -> None:
        asked = [await world.ask(units, method, filled(path)) for units in ((OURS,), (THEIRS,), ())]
        assert len({answer.status_code for answer in asked}) == 1
        assert not any(name(unit) in answer.text for unit in ALL for answer in asked)


@dataclass(frozen=True)
class Whole:
    """Belongs to the organisation as a whole: refused to whoever is limited to units."""

    async def check(self, world: World, method: str, path: str) -> None:
        for units in ((OURS,), (THEIRS,)):
            answer = await world.ask(units, method, filled(path), json={})
            assert answer.status_code == 403
            assert answer.json()["type"] == WHOLE_ONLY
        assert (await world.ask((), method, filled(path), json={})).status_code not in (401, 403)


@dataclass(frozen=True)
class Lists:
    """Shows things of every unit; everybody sees theirs."""

    marker: Callable[[str], str] = name
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    above: bool = True

    async def check(self, world: World, method: str, path: str) -> None:
        async def seen(*units: str) -> str:
            answer = await world.ask(units, method, path, params=self.query, json=self.body)
            assert answer.status_code == 200, answer.text
            return _text(answer)

        for own, foreign in LIMITED:
            shown = await seen(own)
            assert self.marker(own) in shown
            assert self.marker(foreign) not in shown
            assert self.marker(NOBODYS) not in shown or not self.marker(NOBODYS)
        if self.above:
            whole = await seen()
            assert all(self.marker(unit) in whole for unit in ALL)


@dataclass(frozen=True)
class Counts:
    """Adds up things of every unit; the whole is more than its parts, since some things are nobody's."""

    part: Callable[[Any], Any] = lambda answer: answer

    async def check(self, world: World, method: str, path: str) -> None:
        async def total(*units: str) -> float:
            return _total(self.part((await world.ask(units, method, path)).json()))

        ours, theirs, whole = await total(OURS), await total(THEIRS), await total()
        assert ours > 0
        assert theirs > 0
        assert ours + theirs < whole


@dataclass(frozen=True)
class Asks:
    """Asks by a query about one unit's thing; to others it is as if there were none."""

    query: Callable[[str], dict[str, str]]
    marker: Callable[[str], str]

    async def check(self, world: World, method: str, path: str) -> None:
        for own, foreign in LIMITED:
            for unit in (foreign, NOBODYS):
                answer = await world.ask((own,), method, path, params=self.query(unit))
                assert answer.status_code == 200, answer.text
                assert self.marker(unit) not in answer.text
        for units, unit in (((OURS,), OURS), ((), THEIRS), ((), NOBODYS)):
            assert self.marker(unit) in (await world.ask(units, method, path, params=self.query(unit))).text


@dataclass(frozen=True)
class One:
    """A thing of one unit, by its id: to others there is none."""

    body: Any = None

    async def check(self, world: World, method: str, path: str) -> None:
        for own, foreign in LIMITED:
            for unit in (foreign, NOBODYS):
                answer = await world.ask((own,), method, world.path(path, unit), json=self.body)
                assert answer.status_code == 404, answer.text
        for units, unit in (((OURS,), OURS), ((), THEIRS), ((), NOBODYS)):
            answer = await world.ask(units, method, world.path(path, unit), json=self.body)
            assert answer.status_code not in (401, 404, 422), answer.text


@dataclass(frozen=True)
class Makes:
    """Makes something of the unit or customer that the body names."""

    body: Body
    refused: int

    async def check(self, world: World, method: str, path: str) -> None:
        for own, foreign in LIMITED:
            for unit in (foreign, NOBODYS):
                answer = await world.ask((own,), method, path, json=self.body(unit))
                assert answer.status_code == self.refused, answer.text
        for units, unit in (((OURS,), OURS), ((), THEIRS)):
            answer = await world.ask(units, method, path, json=self.body(unit))
            assert answer.is_success, answer.text


@dataclass(frozen=True)
class BulkAssigns:
    """Assigns many cases: those of others are not found."""

    async def check(self, world: World, method: str, path: str) -> None:
        body = {"ids": [world.ids["case_id"][unit] for unit in ALL], "unit": "CZ"}
        for own, foreign in LIMITED:
            told = {one["id"]: one for one in (await world.ask((own,), method, path, json=body)).json()["items"]}
            for unit in (foreign, NOBODYS):
                other = told[world.ids["case_id"][unit]]
                assert (other["assigned"], other["problem"]) == (False, "没有这个投诉")


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
