"""A batch is cut into few handler calls, and each key's events stay in order."""

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from shared.messaging import Consumer, Event, Work
from shared.messaging.consumer import grouped
from shared.testing.events import NOON

TOPICS = ("a-v1", "b-v1")


async def first(work: Work, events: Sequence[Event]) -> None: ...


async def second(work: Work, events: Sequence[Event]) -> None: ...


async def third(work: Work, events: Sequence[Event]) -> None: ...


def consumer() -> Consumer:
    made = Consumer("test", TOPICS)
    made.on("thing.made")(first)
    made.on("thing.moved", "thing.sold")(second)
    made.on("b-v1")(third)
    return made


arrivals = st.lists(
    st.tuples(
        st.sampled_from(TOPICS),
        st.sampled_from(["thing.made", "thing.moved", "thing.sold", "thing.lost"]),
        st.sampled_from(["C1", "C2", "C3", ""]),
    ),
    max_size=40,
).map(
    lambda rows: [
        (topic, Event(str(number), "/test", name, NOON, key, {})) for number, (topic, name, key) in enumerate(rows)
    ]
)


@given(arrivals)
def test_every_event_goes_to_its_handler_once(arrived: list[tuple[str, Event]]) -> None:
    made = consumer()
    called = [(handler, event.id) for handler, events in grouped(made, arrived) for event in events]
    wanted = [(made.handler_for(topic, event), event.id) for topic, event in arrived if made.handler_for(topic, event)]
    assert sorted(called, key=lambda call: int(call[1])) == wanted


@given(arrivals)
def test_each_keys_events_stay_in_order(arrived: list[tuple[str, Event]]) -> None:
    in_call_order = [event for _, events in grouped(consumer(), arrived) for event in events]
    for key in ("C1", "C2", "C3", ""):
        numbers = [int(event.id) for event in in_call_order if event.key == key]
        assert numbers == sorted(numbers)


@given(arrivals)
def test_no_call_is_empty_and_neighbouring_calls_of_one_handler_are_one(arrived: list[tuple[str, Event]]) -> None:
    groups = grouped(consumer(), arrived)
    assert all(events for _, events in groups)
    assert all(one[0] is not other[0] for one, other in itertools.pairwise(groups))


def test_different_keys_share_the_calls() -> None:
    made = consumer()
    arrived = []
    for number in range(100):
        name = "thing.made" if number < 50 else "thing.moved"
        arrived.append(("a-v1", Event(str(number), "/test", name, NOON, f"C{number % 50}", {})))
    assert [len(events) for _, events in grouped(made, arrived)] == [50, 50]


def test_a_handler_by_type_goes_before_one_by_topic_before_one_for_everything() -> None:
    made = consumer()
    made.on("*")(third)

    def handler(topic: str, name: str) -> object:
        return made.handler_for(topic, Event("1", "/test", name, NOON, "C1", {}))

    assert handler("b-v1", "thing.made") is first
    assert handler("b-v1", "thing.lost") is third
    assert handler("a-v1", "thing.lost") is third
