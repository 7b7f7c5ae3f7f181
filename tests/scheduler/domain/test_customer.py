from datetime import timedelta

from services.scheduler.domain.customer import Customer, updated
from tests.scheduler.builders import MONDAY, fact


def test_the_profile_is_what_facts_tell_about_the_customer() -> None:
    customer = updated(Customer("C1"), fact(level="A", birthday="1986-03-21", phone="sealed:v1:x"))
    customer = updated(
        customer, fact("customer.updated", {"tier": "key", "area": "510108"}, time=MONDAY + timedelta(1))
    )
    assert customer.profile == {
        "known_since": "2026-03-02",
        "name": "陈静",
        "phone": "sealed:v1:x",
        "branch": "CD",
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


def test_an_update_tells_dates_by_their_names_and_what_the_customer_prefers() -> None:
    told = {
        "product": "热水器",
        "preferred_times": ["18:00-20:00"],
        "dates": {"warranty_until": "2027-08-08", "birthday": "1900-01-01"},
    }
    profile = updated(Customer("C1"), fact("customer.updated", told, birthday="1986-03-21")).profile
    assert (profile["product"], profile["preferred_times"]) == ("热水器", ["18:00-20:00"])
    assert (profile["warranty_until"], profile["birthday"]) == ("2027-08-08", "1986-03-21")


def test_the_day_a_customer_became_known_stays() -> None:
    customer = updated(Customer("C1"), fact())
    later = updated(customer, fact(time=MONDAY + timedelta(30)))
    assert later.profile["known_since"] == "2026-03-02"
