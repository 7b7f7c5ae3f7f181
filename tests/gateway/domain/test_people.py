"""What may be said of people, what a password must be, who changes whom, and how long a guesser waits."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain import people_sheet, sign_in
from services.gateway.domain.people import (
    Actor,
    Person,
    change_fault,
    faults,
    is_over,
    login_fault,
    password_fault,
    plain_login,
    read_shift,
    void_before,
)
from services.gateway.domain.sheets import SheetRow
from services.gateway.domain.sign_in import Failures, counts, one_more, waits_until
from shared.roles import Role

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ADMIN = Actor("root", administers=True, supervises=True)
SUPERVISOR = Actor("boss", administers=False, supervises=True)
AGENT = Actor("ann", administers=False, supervises=False)


def person(**changes: Any) -> Person:
    values: dict[str, Any] = {
        "login": "ann", "name": "安", "password": "hash", "roles": (Role.AGENT,), "units": ("N1",), "teams": ("t1",),
        "worker": "", "shift": "", "disabled": False, "must_change_password": False, "version": 1,
        "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return Person(**(values | changes))


@pytest.mark.parametrize("login", ["li.na", "a1", "z@corp.example", "0012", "x" * 64])
def test_names_that_are_taken(login: str) -> None:
    assert login_fault(login) == ""


@pytest.mark.parametrize(
    "login", ["", "a", ".a", "李娜", "li na", "Li", "key:ops", "import", "x" * 65, "13800138000", "a\nb"]
)
def test_names_that_are_not(login: str) -> None:
    assert login_fault(login)


def test_a_name_is_the_same_however_it_is_typed() -> None:
    assert plain_login("  Ｌi.Ｎa ") == "li.na"


def test_an_issued_password_is_over_at_its_end_and_one_of_ones_own_never() -> None:
    issued = person(must_change_password=True, issued_until=NOW)
    assert [is_over(issued, NOW + timedelta(seconds=later)) for later in (-1, 0, 1)] == [False, True, True]
    assert not is_over(person(must_change_password=True), NOW)
    assert not is_over(person(must_change_password=False, issued_until=NOW), NOW)  # as a service of before leaves it


@pytest.mark.parametrize("password", ["tram-otter-91-fog", "雨天带伞出门要记得收", "Kx7!pQ2z#m"])
def test_passwords_that_are_taken(password: str) -> None:
    assert password_fault(password, "li.na") == ""


@pytest.mark.parametrize(
    "password",
    ["short-1a!", "x" * 129, "my-li.na-secret", "aaaabbbbcccc", "1234567890", "Password2026!", "qwertyuiop12", "huifang@2026",
     "1qaz2wsx3edc", "abc123abc123", "!@#$%^&*()", "ADMIN-12345", "98765432109", "ｐａｓｓｗｏｒｄ１２３４"],
)  # fmt: skip
def test_passwords_that_are_not(password: str) -> None:
    assert password_fault(password, "li.na")


@pytest.mark.parametrize(
    ("typed", "read"),
    [("", ""), ("08:30-17:30", "08:30-17:30"), ("8:30－12:00", None), ("8:30~12:00，14:00至18:00", "08:30-12:00,14:00-18:00"),
     ("20:00-08:00", "20:00-08:00"), ("08:30-08:30", None), ("25:00-26:00", None), ("早班", None), ("1:00-2:00," * 5, None)],
)  # fmt: skip
def test_shifts_are_read_as_people_write_them(typed: str, read: str | None) -> None:
    assert read_shift(typed) == read


def test_what_a_shift_was_read_as_is_read_the_same_again() -> None:
    assert read_shift(read_shift("8:00-9:00、10:00-11:00") or "") == "08:00-09:00,10:00-11:00"


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "张\u0007"), ("name", "张13800138000"), ("roles", []), ("units", ["a b"]), ("units", ["x"] * 51),
     ("teams", ["13800138000"]), ("worker", "W 1"), ("shift", "整天")],
)  # fmt: skip
def test_what_can_not_be_said_of_a_person_is_told_by_its_field(field: str, value: Any) -> None:
    assert [found for found, _ in faults({field: value})] == [field]


def test_who_changes_whom() -> None:
    ann, boss = person(), person(login="boss", roles=(Role.SUPERVISOR,))
    assert change_fault(ADMIN, ann, ["roles", "password", "disabled"]) == ""
    assert change_fault(SUPERVISOR, ann, ["shift", "teams"]) == ""
    assert change_fault(SUPERVISOR, ann, ["shift", "units"])
    assert change_fault(SUPERVISOR, ann, ["password"])
    assert change_fault(SUPERVISOR, boss, ["shift"])
    assert change_fault(SUPERVISOR, person(roles=(Role.AGENT, Role.ADMIN)), ["teams"])
    assert change_fault(AGENT, ann, ["shift"])


@pytest.mark.parametrize("field", ["disabled", "roles", "units"])
def test_nobody_takes_their_own_account_or_rights_away(field: str) -> None:
    assert change_fault(ADMIN, person(login="root", roles=(Role.ADMIN,)), [field])
    assert change_fault(ADMIN, person(login="root", roles=(Role.ADMIN,)), ["name"]) == ""


@pytest.mark.parametrize(
    ("changes", "ends"),
    [({"roles": (Role.OPS,)}, True), ({"units": ()}, True), ({"teams": ()}, True), ({"worker": "W1"}, True),
     ({"password": "other"}, True), ({"disabled": True}, True), ({"name": "安妮"}, False), ({"shift": "08:00-12:00"}, False)],
)  # fmt: skip
def test_which_changes_end_sessions(changes: dict[str, Any], ends: bool) -> None:
    assert void_before(person(), person(**changes), NOW) == (NOW if ends else None)
    assert void_before(person(disabled=True), person(), NOW) is None


# --- waiting


def wait_after(count: int, index: int = 0) -> timedelta:
    ends = waits_until(counts("ann", "10.0.0.1")[index], Failures(count, NOW))
    return (ends or NOW) - NOW


def test_the_wait_doubles_with_each_failure_up_to_a_bound() -> None:
    waits = [wait_after(count) for count in range(16)]
    assert waits[:5] == [timedelta()] * 5
    assert waits[5:9] == [timedelta(seconds=seconds) for seconds in (5, 10, 20, 40)]
    assert waits[-1] == timedelta(minutes=15)
    assert wait_after(10**6) == timedelta(minutes=15)


def test_nobody_is_locked_out_for_long_by_others() -> None:
    assert max(wait_after(count, index) for count in range(10_000) for index in (1, 2)) == timedelta(minutes=1)


def test_what_is_long_past_counts_no_more() -> None:
    assert one_more(Failures(40, NOW), NOW + sign_in.FORGET_AFTER).count == 41
    assert one_more(Failures(40, NOW), NOW + sign_in.FORGET_AFTER + timedelta(seconds=1)).count == 1


@given(st.text(max_size=20), st.text(max_size=20))
def test_keys_say_nothing_of_what_was_typed_and_keep_tries_apart(login: str, address: str) -> None:
    keys = [each.key for each in counts(login, address)]
    assert len({*keys, *(each.key for each in counts(login + "x", address))}) == 5
    assert all(len(key) == 64 for key in keys)


# --- a sheet of people


def row(number: int = 2, **cells: Any) -> SheetRow:
    return SheetRow(number, {people_sheet.TITLES[field]: cell for field, cell in cells.items()})


def plan(*rows: SheetRow, known: dict[str, Person] | None = None) -> list[people_sheet.Planned]:
    return people_sheet.plan(map(people_sheet.read_person, rows), known or {}, ADMIN)


def test_a_row_is_read_as_people_fill_it_in() -> None:
    read = people_sheet.read_person(
        row(login=" Li.Na ", name="李娜", roles="坐席、主管", units="N1，N2", worker=1027.0, shift="8:00-12:00")
    )
    assert read.values == {
        "login": "li.na", "name": "李娜", "roles": [Role.AGENT, Role.SUPERVISOR], "units": ["N1", "N2"],
        "worker": "1027", "shift": "8:00-12:00",
    }  # fmt: skip
    assert read.faults == []


def test_each_row_is_told_what_becomes_of_it() -> None:
    known = {"ann": person(), "bob": person(login="bob", name="鲍")}
    rows = [
        row(2, login="ann", name="安", roles="坐席", units="N1", teams="t1"),
        row(3, login="bob", name="鲍", roles="坐席", units="N2"),
        row(4, login="cai", name="蔡", roles="agent"),
        row(5, login="cai", name="蔡", roles="坐席"),
        row(6, login="13800138000", name="", roles="接线员"),
    ]
    told = plan(*rows, known=known)
    assert [each.result for each in told] == ["unchanged", "changed", "new", "faulty", "faulty"]
    assert told[1].changes == {"units": ["N2"]}
    assert told[3].reason == "登录名与第 4 行重复"
    assert "没有角色「接线员」" in told[4].reason
    assert "姓名：不能为空" in told[4].reason
    assert "登录名：不能是手机号码" in told[4].reason


def test_an_import_takes_nobody_their_own_rights() -> None:
    known = {"root": person(login="root", roles=(Role.ADMIN,))}
    (told,) = plan(row(login="root", name="安", roles="坐席"), known=known)
    assert (told.result, "不能停用自己" in told.reason) == ("faulty", True)
