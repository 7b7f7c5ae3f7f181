from datetime import timedelta

from services.scheduler.domain.customer import Customer, updated
from tests.scheduler.builders import MONDAY, fact


def test_the_profile_is_what_facts_tell_about_the_customer() -> None:
    customer = updated(Customer("C1"), fact(level="A", birthday="1986-03-21", phone="sealed:v1:x"))
    customer = updated(
        customer, fact("customer.updated", {"tier": "key", "area": "510108"}, time=MONDAY + timedelta(1))
    )
    assert customer.profile == {
        "level": "A",
        "birthday": "1986-03-21",
        "tier": "key",
        "area": "510108",
        "do_not_contact": False,
    }


def test_an_older_fact_changes_nothing() -> None:
    customer = updated(Customer("C1"), fact(level="A"))
    assert updated(customer, fact(level="B", time=MONDAY - timedelta(seconds=1))) is customer


def test_an_empty_attribute_does_not_erase_a_known_one() -> None:
    customer = updated(Customer("C1"), fact(level="A"))
    assert updated(customer, fact(level="", time=MONDAY + timedelta(1))).profile["level"] == "A"


def test_only_a_customer_update_takes_do_not_contact_back() -> None:
    customer = updated(Customer("C1"), fact(do_not_contact=True))
    assert updated(customer, fact(do_not_contact=False, time=MONDAY + timedelta(1))).do_not_contact
    update = fact("customer.updated", do_not_contact=False, time=MONDAY + timedelta(1))
    assert not updated(customer, update).do_not_contact
