"""A draw as it is recorded and exported, and the proof that it came about as it should.

An export is JSON lines: the draw, then every member of its population in the order of their keys. It holds all that decides
the result, so that anybody can compute it again: `verify` does it with the rules that drew.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from services.scheduler.domain.when.periods import Period
from services.scheduler.domain.whom.draw import Drawing, NotInOrder, Pick, Stratum, Urn, drawing_of, shares
from services.scheduler.domain.whom.strata import stratum_text

SHOWN = 5


class UnreadableExport(ValueError):
    """The text is no export of a draw; says (Chinese) what is wrong with it."""


@dataclass(frozen=True)
class DrawRecord:
    """A draw; `strata`, `population` and `fingerprint` are empty until it is made. `set_aside` says why it is not made."""

    id: UUID
    policy_id: str
    policy_version: int
    title: str
    period: Period
    state: str
    seed: str
    drawing: Drawing
    population: int = 0
    strata: tuple[Stratum, ...] = ()
    fingerprint: str = ""
    made_at: datetime | None = None
    set_aside: str = ""


class Member(NamedTuple):
    """A fact of the population; `place` in its stratum when it was drawn or stands in reserve."""

    key: UUID
    source: str
    event_id: str
    customer_id: str
    stratum: str
    place: int | None = None
    reserve: bool = False
    state: str = ""


def verify(draw: DrawRecord, members: Iterable[Member]) -> list[str]:
    """What differs between the recorded draw and the one computed again, in Chinese; nothing when they are equal."""
    everybody = list(members)
    urn = Urn(draw.drawing, draw.seed, draw.policy_id, draw.period.first)
    try:
        for member in sorted(everybody, key=lambda one: one.key):
            urn.put(member.key, member.stratum)
    except NotInOrder as twice:
        return [f"总量中 {twice} 出现了两次"]
    strata = urn.strata(shares)
    problems = [*_population_problems(draw, urn), *_strata_problems(draw.strata, strata)]
    return problems + _pick_problems(everybody, {pick.key: pick for pick in urn.picks(strata)})


def _population_problems(draw: DrawRecord, urn: Urn) -> Iterator[str]:
    if urn.population != draw.population:
        yield f"总量记录为 {draw.population}，实有 {urn.population}"
    if urn.fingerprint != draw.fingerprint:
        yield f"总量的指纹不符：记录为 {draw.fingerprint}，重算为 {urn.fingerprint}"


def _strata_problems(recorded: Iterable[Stratum], computed: Iterable[Stratum]) -> Iterator[str]:
    before, after = ({stratum.name: stratum for stratum in strata} for strata in (recorded, computed))
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"分层 {stratum_text(name)}：记录为 {_counts(before.get(name))}，重算为 {_counts(after.get(name))}"


def _counts(stratum: Stratum | None) -> str:
    return f"总量 {stratum.population} 抽取 {stratum.drawn} 备选 {stratum.reserve}" if stratum else "无"


def _pick_problems(members: Iterable[Member], picks: Mapping[UUID, Pick]) -> list[str]:
    wrong = [member for member in members if _place(member) != _due_place(picks.get(member.key))]
    problems = [
        f"{member.source} {member.event_id}：记录为{_place(member) or '未抽中'}，"
        f"重算为{_due_place(picks.get(member.key)) or '未抽中'}"
        for member in wrong[:SHOWN]
    ]
    return problems + ([f"另有 {len(wrong) - SHOWN} 项不符"] if len(wrong) > SHOWN else [])


def _place(member: Member) -> str:
    return "" if member.place is None else f"{'备选' if member.reserve else '抽中'}第 {member.place} 位"


def _due_place(pick: Pick | None) -> str:
    return "" if pick is None else f"{'备选' if pick.reserve else '抽中'}第 {pick.place} 位"


def draw_line(draw: DrawRecord) -> bytes:
    """The first line of an export."""
    line = asdict(draw) | {"id": str(draw.id), "period": draw.period.first, "ends": draw.period.end}
    line["strata"] = [stratum._asdict() for stratum in draw.strata]
    return orjson.dumps({"draw": line}, option=orjson.OPT_APPEND_NEWLINE)


def member_line(member: Member) -> bytes:
    """A further line; who was not drawn has no place."""
    line = member._asdict() | {"key": str(member.key)}
    if member.place is None:
        del line["place"], line["reserve"], line["state"]
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def read_export(lines: Iterable[str | bytes]) -> tuple[DrawRecord, list[Member]]:
    """The draw and its population. Raises UnreadableExport."""
    draw: DrawRecord | None = None
    members = []
    for number, line in enumerate(lines, 1):
        try:
            read = orjson.loads(line)
            if draw is None:
                draw = _draw_of(read["draw"])
            else:
                members.append(Member(**(read | {"key": UUID(read["key"])})))
        except (ValueError, TypeError, KeyError) as error:
            raise UnreadableExport(f"第 {number} 行不是抽取的导出内容：{error}") from error
    if draw is None:
        raise UnreadableExport("文件是空的")
    return draw, members


def _draw_of(stored: dict[str, Any]) -> DrawRecord:
    made_at = stored["made_at"]
    return DrawRecord(
        **{name: stored[name] for name in ("policy_id", "policy_version", "title", "state", "seed", "population")},
        id=UUID(stored["id"]),
        period=Period(date.fromisoformat(stored["period"]), date.fromisoformat(stored["ends"])),
        drawing=drawing_of(stored["drawing"]),
        strata=tuple(Stratum(**stratum) for stratum in stored["strata"]),
        fingerprint=stored["fingerprint"],
        made_at=datetime.fromisoformat(made_at) if made_at else None,
    )
