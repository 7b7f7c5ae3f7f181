from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

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
    }


def test_an_older_fact_tells_what_nobody_told_since() -> None:
    customer = updated(Customer("C1"), fact(level="A"))
    earlier = fact(
        "customer.updated", level="B", birthday="1986-03-21", do_not_contact=True, time=MONDAY - timedelta(3)
    )
    late = updated(customer, earlier)
    assert (late.profile["level"], late.profile["birthday"], late.do_not_contact) == ("A", "1986-03-21", True)
    assert (late.as_of, late.profile["known_since"]) == (customer.as_of, "2026-02-27")


def test_facts_that_tell_the_same_leave_no_times_behind() -> None:
    customer = updated(updated(Customer("C1"), fact()), fact(time=MONDAY + timedelta(1)))
    assert customer.older == {}


@given(st.permutations(range(4)))
def test_the_order_in_which_facts_are_heard_makes_no_difference(order: list[int]) -> None:
    facts = [
        fact("customer.updated", {"tier": "key"}, do_not_contact=True, level="A"),
        fact("repair.closed", phone="sealed:v1:x", time=MONDAY + timedelta(1)),
        fact("customer.updated", {"dates": {"moved_in_on": "2020-01-01"}}, level="B", time=MONDAY + timedelta(2)),
        fact("repair.closed", do_not_contact=False, time=MONDAY + timedelta(3)),
    ]
    heard = [Customer("C1"), Customer("C1")]
    for mine, arrived in zip(facts, (facts[number] for number in order), strict=True):
        heard = [updated(heard[0], mine), updated(heard[1], arrived)]
    assert heard[0] == heard[1]
    assert heard[0].do_not_contact


def test_what_a_case_repeats_of_its_customer_counts_less_than_any_fact() -> None:
    customer = updated(Customer("C1"), fact(phone="sealed:v1:new", do_not_contact=False))
    echo = fact("complaint.resolved", phone="sealed:v1:old", email="a@example.com", time=MONDAY + timedelta(1))
    echo.customer["do_not_contact"] = True
    after = updated(customer, echo)
    assert (after.profile["phone"], after.profile["email"]) == ("sealed:v1:new", "a@example.com")
    assert not after.do_not_contact


def test_an_empty_attribute_does_not_erase_a_known_one() -> None:
    customer = updated(Customer("C1"), fact(level="A"))
    assert updated(customer, fact(level="", time=MONDAY + timedelta(1))).profile["level"] == "A"


def test_only_a_customer_update_takes_do_not_contact_back() -> None:
    customer = updated(Customer("C1"), fact(do_not_contact=True))
    assert updated(customer, fact(do_not_contact=False, time=MONDAY + timedelta(1))).do_not_contact
    assert updated(customer, fact("customer.updated", time=MONDAY + timedelta(1))).do_not_contact
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
