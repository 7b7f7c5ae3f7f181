"""Which version of a policy decides on a fact: the newest one valid at the fact's own time."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.packs.pack import read_pack
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.simulation.plan import Simulation
from tests.scheduler.builders import MONDAY, at, contents, fact, policies

(BASE,) = policies({"id": "p"})
MAY = at("2026-05-01 00:00")


def version(number: int, since: datetime | None = None, until: datetime | None = None) -> Policy:
    return replace(BASE, version=number, valid_from=since, valid_until=until)


def deciding(book: PolicyBook, moment: datetime) -> list[int]:
    return [rule.policy.version for rule in book.at(moment).panel_for(fact().type).rules]


def test_a_version_decides_from_its_moment_on_and_the_one_before_until_then() -> None:
    book = PolicyBook([version(1), version(2, MAY)])
    assert deciding(book, MAY - timedelta(seconds=1)) == [1]
    assert deciding(book, MAY) == [2]


def test_a_version_without_a_moment_replaces_all_before_it() -> None:
    book = PolicyBook([version(1), version(2, MAY), version(3)])
    assert deciding(book, MONDAY) == deciding(book, MAY) == [3]


def test_before_the_first_version_and_after_the_end_nobody_decides() -> None:
    book = PolicyBook([version(1, MONDAY, MAY)])
    assert [deciding(book, when) for when in (MONDAY - timedelta(days=1), MONDAY, MAY)] == [[], [1], []]


def test_late_facts_are_decided_by_the_version_of_their_time() -> None:
    stage = Simulation(PolicyBook([version(1), version(2, MAY)]))
    new = stage.happen(fact(time=MAY + timedelta(days=2), id="e1", customer="C1"))
    late = stage.happen(fact(time=MAY - timedelta(days=2), id="e2", customer="C2"))
    assert new is not None
    assert late is not None
    assert [new.tasks[0].policy_version, late.tasks[0].policy_version] == [2, 1]


@given(
    st.lists(st.none() | st.integers(0, 9), min_size=1, max_size=6),
    st.none() | st.integers(0, 9),
    st.integers(-1, 10),
)
def test_the_newest_valid_version_decides(begins: list[int | None], ends: int | None, when: int) -> None:
    def day(number: int | None) -> datetime | None:
        return None if number is None else MONDAY + timedelta(days=number)

    book = PolicyBook([version(number, day(begin), day(ends)) for number, begin in enumerate(begins, 1)])
    valid = [number for number, begin in enumerate(begins, 1) if begin is None or begin <= when]
    expected = [] if ends is not None and ends <= when else valid[-1:]
    if all(moment is None for moment in (*begins, ends)):
        return  # without any moment a book is given one version of each
    assert deciding(book, MONDAY + timedelta(days=when)) == expected


def test_a_policy_says_from_when_it_is_valid() -> None:
    (draft,) = read_pack(contents({"valid_from": "2026-05-01 00:00"})).drafts
    assert draft.valid_from == MAY
    assert read_pack({**contents({}), "policies/all.yaml": DATED}).drafts[0].valid_from == MAY
    assert read_pack(contents({})).drafts[0].hash == draft.hash


DATED = "id: p\ntitle: 策略\ntrigger: {events: [repair.closed]}\nrate: all\nvalid_from: 2026-05-01\n"
