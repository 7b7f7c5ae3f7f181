"""Every event has an example, an owner and a consumer, and travels unchanged."""

import pkgutil
from datetime import UTC, datetime

import jsonschema
import pytest

import services
from deploy.docs import found_consumers, subscribers
from shared.contracts.base import Contract
from shared.contracts.generate.schemas import EXAMPLES, example_of, schema_of
from shared.contracts.generate.subscribers import consumers_of
from shared.contracts.registry import all_contracts, by_model, by_name, by_type, short_name, topics, wire_type
from shared.messaging.event import Event, decode, encode

EVENTS = all_contracts()
SERVICES = {module.name for module in pkgutil.iter_modules(services.__path__)}
each_event = pytest.mark.parametrize("declared", EVENTS, ids=lambda declared: declared.name)


@each_event
def test_the_example_is_valid(declared: Contract) -> None:
    read = declared.model.model_validate(example_of(declared), extra="forbid")
    assert declared.model.model_validate_json(read.model_dump_json()) == read


@each_event
def test_the_example_satisfies_the_published_schema(declared: Contract) -> None:
    schema = schema_of(declared)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(example_of(declared))


@each_event
def test_the_example_shows_every_field_but_those_that_exclude_each_other(declared: Contract) -> None:
    assert declared.model.model_fields.keys() - example_of(declared).keys() <= {"case_id"}


@each_event
def test_the_example_shows_no_plain_phone_number(declared: Contract) -> None:
    def phones(value: object, field: str = "") -> list[str]:
        if isinstance(value, dict):
            return [phone for name, item in value.items() for phone in phones(item, name)]
        if isinstance(value, list):
            return [phone for item in value for phone in phones(item, field)]
        return [value] if isinstance(value, str) and field in ("phone", "phones") else []

    assert all(phone.startswith("sealed:v1:") for phone in phones(example_of(declared)))


@each_event
def test_unknown_fields_are_ignored(declared: Contract) -> None:
    newer = example_of(declared) | {"field_of_a_later_version": {"a": 1}}
    assert declared.model.model_validate(newer) == declared.model.model_validate(example_of(declared))


@each_event
def test_it_is_the_same_after_a_trip_over_kafka(declared: Contract) -> None:
    read = declared.model.model_validate(example_of(declared))
    at = datetime(2026, 3, 3, 8, 5, 10, 123456, tzinfo=UTC)
    sent = Event("e1", f"/huifang/{declared.owner}", declared.type, at, "C1", read.model_dump(mode="json"), "主题/1")
    arrived = decode(*encode(sent))
    assert arrived == sent
    assert arrived.read(declared.model) == read
    assert arrived.event_key == sent.event_key


@each_event
def test_its_owner_is_a_service(declared: Contract) -> None:
    assert declared.owner in SERVICES


@each_event
def test_some_service_takes_it_in(declared: Contract) -> None:
    assert consumers_of(declared, subscribers()), f"nobody has a handler for {declared.name}"


@each_event
def test_the_look_ups_find_it(declared: Contract) -> None:
    assert by_name(declared.name) is by_type(declared.type) is by_model(declared.model) is declared
    assert wire_type(declared.name) == declared.type
    assert short_name(declared.type) == declared.name


def test_examples_without_an_event_are_not_left_behind() -> None:
    assert {path.stem for path in EXAMPLES.glob("*")} == {declared.name for declared in EVENTS}


def test_wire_types_and_models_are_unique() -> None:
    assert len({declared.type for declared in EVENTS}) == len({declared.model for declared in EVENTS}) == len(EVENTS)


def test_every_topic_belongs_to_one_service_and_has_no_dots() -> None:
    owners = {declared.topic: declared.owner for declared in EVENTS}
    assert all(owners[declared.topic] == declared.owner for declared in EVENTS)
    assert sorted(owners) == topics()
    assert not [topic for topic in owners if "." in topic]


def test_what_the_scheduler_tells_itself_nobody_else_reads() -> None:
    occasion = by_name("occasion.arrived")
    assert occasion
    assert [declared.name for declared in EVENTS if declared.topic == occasion.topic] == [occasion.name]
    assert {service for service, consumer in found_consumers() if occasion.topic in consumer.topics} == {"scheduler"}
    assert consumers_of(occasion, subscribers()) == ["scheduler"]


def test_an_undeclared_name_stays_as_it_is() -> None:
    assert wire_type("boiler.replaced") == short_name("boiler.replaced") == "boiler.replaced"
    assert by_name("boiler.replaced") is by_type("boiler.replaced") is None


def test_consumers_have_ids_of_their_own_and_handle_what_exists() -> None:
    consumers = [consumer for _, consumer in found_consumers()]
    assert len({consumer.id for consumer in consumers}) == len(consumers)
    known = {declared.type for declared in EVENTS} | set(topics()) | {"*"}
    for consumer in consumers:
        assert set(consumer.handlers) <= known, f"{consumer.id} waits for events nobody declared"
        assert set(consumer.topics) <= set(topics())


def test_a_consumer_listens_to_the_topics_of_all_its_handlers() -> None:
    for service, consumer in found_consumers():
        wanted = {found.topic for name in consumer.handlers if (found := by_type(name))}
        assert wanted <= set(consumer.topics), f"{service} handles events of topics it does not read"
