"""Which window holds for a contact, and how it is built of what the pack and the policy say."""

from datetime import date, time
from typing import Any

import pytest

from services.scheduler.domain.packs.pack import policy_of, read_pack, read_parts
from services.scheduler.domain.when.hours import narrowed
from services.scheduler.domain.when.windows import Blackout, Window, next_moment
from shared.hours import DAY_END
from tests.scheduler.builders import as_yaml, at, contents, policies

PACK = {
    "window": {"days": "working", "frames": ["10:30-11:30", "15:00-17:30"]},
    "windows": [
        {"channel": "sms", "frames": ["08:00-20:00"]},
        {"purpose": "greeting", "days": "all"},
        {"channel": "sms", "purpose": "greeting", "frames": ["09:00-21:00"], "weekdays": ["sat", "sun"]},
    ],
    "calendars": {"site": {"frames": ["07:00-08:00"], "days": {"2026-05-02": "on", "2026-05-06": "off"}}},
}
PHONE = ((time(10, 30), time(11, 30)), (time(15), time(17, 30)))


def window_of(**policy: Any) -> Window:
    return policies(policy, **PACK)[0].window


def test_the_packs_window_holds_where_nothing_else_is_said() -> None:
    assert window_of() == Window(PHONE, "working")


def test_a_channel_and_a_purpose_have_windows_of_their_own() -> None:
    assert window_of(channel="sms") == Window(((time(8), time(20)),), "working")
    assert window_of(purpose="greeting") == Window(PHONE, "all")


def test_channel_and_purpose_together_go_before_the_channel_and_that_before_the_purpose() -> None:
    weekend = frozenset([5, 6])
    assert window_of(channel="sms", purpose="greeting") == Window(((time(9), time(21)),), "all", weekend)


def test_the_policys_own_window_goes_before_all() -> None:
    own = {"frames": ["12:00-13:00"], "weekdays": ["wed", "mon"]}
    assert window_of(channel="sms", purpose="greeting", window=own) == Window(
        ((time(12), time(13)),), "all", frozenset([0, 2])
    )


def test_a_calendar_brings_its_frames_unless_the_same_window_says_others() -> None:
    assert window_of(window={"calendar": "site"}).frames == ((time(7), time(8)),)
    assert window_of(window={"calendar": "site", "frames": ["12:00-13:00"]}).frames == ((time(12), time(13)),)


@pytest.mark.parametrize(("day", "worked"), [("2026-05-02", True), ("2026-05-06", False), ("2026-05-05", False)])
def test_a_calendar_differs_from_the_official_one_on_its_days_only(day: str, worked: bool) -> None:
    assert window_of(window={"calendar": "site"}).opens_on(date.fromisoformat(day)) is worked


ORGANISATION = {
    "organisation": {
        "code": "HQ",
        "title": "总部",
        "children": [
            {
                "code": "EAST",
                "title": "东区",
                "calendar": "site",
                "children": [
                    {"code": "PORT", "title": "港口"},
                    {
                        "code": "MARKET",
                        "title": "市场",
                        "calendar": "late",
                        "children": [{"code": "FISH", "title": "鱼市"}],
                    },
                ],
            },
            {"code": "WEST", "title": "西区"},
        ],
    }
}
LATE = {"late": {"days": {"2026-05-06": False}}}
SITE, WHOLE = ((time(7), time(8)),), ((time(8), time(20)),)


def at_branch(branch: str, **policy: Any) -> Window:
    head = {**PACK, "calendars": {**PACK["calendars"], **LATE}}
    files = contents(policy, **head) | {"organisation.yaml": as_yaml(ORGANISATION)}
    return policy_of(read_pack(files).drafts[0].content, 1).window.of(branch)


@pytest.mark.parametrize(
    ("branch", "frames", "worked"),
    [
        ("EAST", SITE, (True, False)),
        ("PORT", SITE, (True, False)),
        ("MARKET", PHONE, (False, False)),
        ("FISH", PHONE, (False, False)),
        ("WEST", PHONE, (False, True)),
        ("HQ", PHONE, (False, True)),
        ("", PHONE, (False, True)),
        ("NOWHERE", PHONE, (False, True)),
    ],
)
def test_a_branch_goes_by_the_calendar_of_the_nearest_unit_that_names_one(
    branch: str, frames: Any, worked: tuple[bool, bool]
) -> None:
    window = at_branch(branch)
    assert window.frames == frames
    assert (window.opens_on(date(2026, 5, 2)), window.opens_on(date(2026, 5, 6))) == worked


def test_a_branchs_calendar_goes_before_the_packs_window_and_behind_what_is_said_for_the_contact() -> None:
    sms, noon = at_branch("EAST", channel="sms"), at_branch("EAST", window={"frames": ["12:00-13:00"]})
    assert (sms.frames, sms.opens_on(date(2026, 5, 2))) == (WHOLE, True)
    assert (noon.frames, noon.opens_on(date(2026, 5, 2))) == (((time(12), time(13)),), True)
    named = at_branch("EAST", window={"calendar": "late"})
    assert (named.frames, named.opens_on(date(2026, 5, 2))) == (PHONE, False)


def test_a_pack_whose_units_name_no_calendar_has_nothing_by_branch() -> None:
    files = contents({}, **PACK) | {"organisation.yaml": as_yaml({"organisation": {"code": "HQ", "title": "总部"}})}
    content = read_pack(files).drafts[0].content
    assert content == read_pack(contents({}, **PACK)).drafts[0].content
    assert policy_of(content, 1).window.branches is None


def test_blackouts_are_those_of_the_pack() -> None:
    given = [
        {"from": "2026-02-14", "to": "2026-02-23", "branches": ["EAST"]},
        {"from": "2026-10-01", "to": "2026-10-07"},
    ]
    assert policies({}, blackouts=given)[0].window.blackouts == (
        Blackout(date(2026, 2, 14), date(2026, 2, 23), frozenset(["EAST"])),
        Blackout(date(2026, 10, 1), date(2026, 10, 7)),
    )


def test_days_may_be_written_without_quotation_marks() -> None:
    head = "calendars: {site: {days: {2026-05-02: on, 2026-05-06: off}}}\nwindow: {calendar: site}\n"
    files = contents({})
    files["pack.yaml"] += head
    window = policy_of(read_pack(files).drafts[0].content, 1).window
    assert window.opens_on(date(2026, 5, 2))
    assert not window.opens_on(date(2026, 5, 6))


OFFICE = [["08:30", "12:00"], ["13:30", "18:00"]]


def content_of(policy: dict[str, Any], **head: Any) -> dict[str, Any]:
    return read_pack(contents(policy, **head)).drafts[0].content


@pytest.mark.parametrize(
    "hours",
    [
        {"deadline": {"working_hours": 8}},
        {"delay": {"working_hours": 1}},
        {"deadline": {"days": 1}, "warn": {"working_hours": 2}},
        {"steps": [{"id": "one", "deadline": {"working_hours": 4}}]},
        {"steps": [{"id": "one", "repeat": {"every": {"working_hours": 4}, "times": 2}}]},
        {"steps": [{"id": "one", "wait": {"events": ["order.completed"], "within": {"working_hours": 4}}}]},
    ],
)
def test_a_window_says_the_working_hours_where_a_policy_counts_them(hours: dict[str, Any]) -> None:
    head = {"working_hours": ["08:30-12:00", "13:30-18:00"]}
    assert content_of(hours, **head)["window"]["worked"] == OFFICE
    assert "worked" not in content_of({}, **head)["window"]


def test_working_hours_are_the_calendars_else_the_packs_else_those_of_the_packs_window() -> None:
    policy: dict[str, Any] = {"deadline": {"working_hours": 8}, "window": {"frames": ["10:00-11:00"]}}
    assert content_of(policy)["window"]["worked"] == [["09:00", "12:00"], ["14:00", "18:00"]]
    window = {"frames": ["08:00-16:00"]}
    assert content_of(policy, window=window)["window"]["worked"] == [["08:00", "16:00"]]
    hours = ["00:00-24:00"]
    assert content_of(policy, window=window, working_hours=hours)["window"]["worked"] == [["00:00", "24:00"]]
    by_site = {**policy, "window": {"calendar": "site"}}
    assert content_of(by_site, working_hours=hours, **PACK)["window"]["worked"] == [["07:00", "08:00"]]


def test_a_branchs_calendar_has_working_hours_of_its_own() -> None:
    policy = {"deadline": {"working_hours": 8}}
    files = contents(policy, **PACK) | {"organisation.yaml": as_yaml(BY_SITE)}
    window = policy_of(read_pack(files).drafts[0].content, 1).window
    assert window.of("EAST").calendar.frames == ((time(7), time(8)),)
    assert window.of("WEST").calendar.frames == PHONE


BY_SITE = {
    "organisation": {
        "code": "HQ",
        "title": "总部",
        "children": [{"code": "EAST", "title": "东区", "calendar": "site"}, {"code": "WEST", "title": "西区"}],
    }
}


def test_a_calendar_whose_weekends_never_count_keeps_contacts_off_made_up_ones() -> None:
    head: dict[str, Any] = {"calendars": {"bank": {"weekends": "never"}}, "window": {"calendar": "bank"}}
    (policy,) = policies({"delay": {"working_days": 1}}, **head)
    assert not policy.window.opens_on(date(2026, 2, 14))
    assert policies({}, window={})[0].window.opens_on(date(2026, 2, 14))
    assert policy.window.hours == "working/01234/09:00-12:00,14:00-18:00"
    assert content_of({}, **head)["window"]["calendar"] == {"id": "bank", "days": {}, "weekends": "never"}


def test_a_contact_common_with_such_a_policy_stays_off_made_up_weekends() -> None:
    head: dict[str, Any] = {"calendars": {"bank": {"weekends": "never"}}}
    bank, other = policies({"window": {"calendar": "bank"}}, {"id": "p2", "window": {"days": "all"}}, **head)
    for one, two in ((bank, other), (other, bank)):
        common = narrowed(one.window, two.window.hours)
        assert common is not None
        assert not common.opens_on(date(2026, 2, 14))
        assert common.hours == "working/01234/09:00-12:00,14:00-18:00"


def test_a_day_to_the_end_is_open_in_its_last_minute() -> None:
    window = window_of(window={"days": "all", "frames": ["00:00-24:00"]})
    assert (window.frames, window.closes) == (((time(), DAY_END),), time(23, 59))
    assert next_moment(window, at("2026-03-07 23:59")) == at("2026-03-07 23:59")


def test_a_calendar_cannot_say_both_that_weekends_never_count_and_that_one_does() -> None:
    site = {"weekends": "never", "days": {"2026-05-02": "on", "2026-05-06": "off", "2026-05-08": "on"}}
    problems = read_parts(contents({}, calendars={"site": site})).problems
    assert [(one.key, one.message) for one in problems] == [
        ("calendars.site.days.2026-05-02", "2026-05-02 是周末，而 weekends: never 说周末从不上班；请删去其一")
    ]
