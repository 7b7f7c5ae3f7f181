"""A recorded draw is computed again from its export; whatever was changed is told."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.when.periods import Period
from services.scheduler.domain.whom.draw import Drawing, Urn, shares
from services.scheduler.domain.whom.draw_record import (
    DrawRecord,
    Member,
    UnreadableExport,
    draw_line,
    member_line,
    read_export,
    verify,
)

PERIOD = Period(date(2026, 3, 2), date(2026, 3, 3))
DRAWING = Drawing("day", percent=20, by=("branch",), minimum=1, reserve=2)


def recorded(amount: int, strata: int = 3, drawing: Drawing = DRAWING) -> tuple[DrawRecord, list[Member]]:
    urn = Urn(drawing, "seed", "p1", PERIOD.first)
    names = {UUID(int=number): f'["B{number % strata}"]' for number in range(1, amount + 1)}
    for key, stratum in names.items():
        urn.put(key, stratum)
    results = urn.strata(shares)
    picks = {pick.key: pick for pick in urn.picks(results)}
    members = [Member(key, "/erp", f"e{key.int}", f"C{key.int}", stratum) for key, stratum in names.items()]
    placed = [
        one._replace(place=pick.place, reserve=pick.reserve, state="called") if (pick := picks.get(one.key)) else one
        for one in members
    ]
    draw = DrawRecord(
        id=UUID(int=7),
        policy_id="p1",
        policy_version=2,
        title="抽查",
        period=PERIOD,
        state="published",
        seed="seed",
        drawing=drawing,
        population=amount,
        strata=tuple(results),
        fingerprint=urn.fingerprint,
        made_at=datetime(2026, 3, 2, 16, 10, tzinfo=UTC),
    )
    return draw, placed


@given(st.integers(1, 120), st.integers(1, 5), st.randoms())
def test_an_untouched_draw_is_equal_in_whatever_order_it_is_read(amount: int, strata: int, chance: object) -> None:
    draw, members = recorded(amount, strata)
    chance.shuffle(members)  # type: ignore[attr-defined]
    assert verify(draw, members) == []


@given(st.integers(0, 60))
def test_an_export_reads_back_as_it_was_written(amount: int) -> None:
    draw, members = recorded(amount)
    assert read_export([draw_line(draw), *map(member_line, members)]) == (draw, members)


def test_a_removed_or_moved_member_is_told() -> None:
    draw, members = recorded(30)
    without = verify(draw, members[1:])
    assert "总量记录为 30，实有 29" in without
    assert any("指纹不符" in problem for problem in without)
    moved = verify(draw, [members[0]._replace(stratum='["B9"]'), *members[1:]])
    assert any("分层 B9" in problem for problem in moved)
    assert verify(draw, [members[0], *members]) == [f"总量中 {members[0].key} 出现了两次"]


def test_a_changed_winner_is_told_by_name() -> None:
    draw, members = recorded(30)
    winner = next(one for one in members if one.place == 1 and not one.reserve)
    loser = next(one for one in members if one.place is None and one.stratum == winner.stratum)
    swapped = {winner.key: winner._replace(place=None, state=""), loser.key: loser._replace(place=1, state="called")}
    told = verify(draw, [swapped.get(one.key, one) for one in members])
    assert len(told) == 2
    assert any(f"/erp {winner.event_id}：记录为未抽中，重算为抽中第 1 位" in problem for problem in told)


def test_another_seed_or_rule_is_told() -> None:
    draw, members = recorded(60)
    assert any("另有" in problem for problem in verify(replace(draw, seed="other"), members))
    assert any("重算为" in problem for problem in verify(replace(draw, drawing=replace(DRAWING, percent=40)), members))


@pytest.mark.parametrize("text", ["", "不是 JSON", "{}", '{"draw": {}}', "[]", "null"])
def test_what_is_no_export_is_told(text: str) -> None:
    with pytest.raises(UnreadableExport):
        read_export(text.splitlines())
