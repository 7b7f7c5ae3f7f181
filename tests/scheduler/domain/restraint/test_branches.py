"""Matters of branches with calendars of their own become one contact only on a day that all of them work."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.packs.pack import read_pack
from shared.zone import ORG_ZONE, local_day
from tests.scheduler.builders import as_yaml, at, contents, fact, judge

ORGANISATION = {
    "organisation": {
        "code": "HQ",
        "title": "总部",
        "children": [
            {"code": "EAST", "title": "东区", "calendar": "festival"},
            {"code": "WEST", "title": "西区", "calendar": "early"},
            {"code": "SOUTH", "title": "南区"},
        ],
    }
}
HEAD = {
    "calendars": {
        "festival": {"days": {"2026-05-02": "on", "2026-05-06": "off", "2026-05-07": "off"}},
        "early": {"frames": ["08:00-10:00"], "days": {"2026-05-08": "off"}},
    }
}
GIVEN = (
    {"id": "p1", "events": ["repair.closed"], "delay": {"days": 1}, "deadline": {"working_days": 5}},
    {"id": "p2", "events": ["gas.ignited"], "delay": {"hours": 5}, "deadline": {"weeks": 1}, "priority": 1},
    {"id": "p3", "events": ["order.completed"], "window": {"days": "all", "frames": ["09:00-20:00"]}},
)
FILES = contents(*GIVEN, **HEAD) | {"organisation.yaml": as_yaml(ORGANISATION)}
BOOK = PolicyBook(read_pack(FILES).policies)
EVENTS = {policy["id"]: policy["events"][0] for policy in GIVEN}  # type: ignore[index]
POLICY = {event: next(one for one in read_pack(FILES).policies if one.id == name) for name, event in EVENTS.items()}
facts = st.tuples(
    st.sampled_from([*POLICY]),
    st.sampled_from(["EAST", "WEST", "SOUTH", ""]),
    st.integers(0, 12 * 24 * 60).map(lambda minutes: at("2026-04-29 00:00") + timedelta(minutes=minutes)),
)


@given(st.lists(facts, min_size=1, max_size=5))
def test_a_contact_lies_in_the_hours_and_on_the_worked_days_of_every_branch_it_is_about(
    given: list[tuple[str, str, datetime]],
) -> None:
    customer, about = Customer("C1"), {}
    for number, (name, branch, moment) in enumerate(sorted(given, key=lambda one: one[2])):
        about[f"e{number}"] = (POLICY[name], branch)
        told = fact(name, {"org": {"code": branch}}, id=f"e{number}", time=moment)
        _, customer = judge(BOOK, told, customer)
    for task in customer.open:
        due = task.due_at.astimezone(ORG_ZONE)
        for policy, branch in (about[matter["event_id"]] for matter in task.matters):
            window = policy.window.of(branch)
            assert window.days == "all" or window.calendar.is_working_day(local_day(task.due_at))
            assert any(opens <= due.time() < closes for opens, closes in window.frames)
