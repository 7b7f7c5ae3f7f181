"""Customers of a simulation who asked for erasure: nobody contacts them from then on, as in the service."""

from services.scheduler.domain.customer import Customer, with_refusal
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.later.erasing import CUSTOMER_ERASED, erased, prompt_key, refusals
from services.scheduler.domain.later.recall import Prompt
from services.scheduler.domain.simulation.plans import Plans
from shared.contracts.erasures import CustomerErased


def erase(plans: Plans, fact: Fact) -> None:
    """They refuse every way of contact, so what is planned is not released; what is out is taken back."""
    told = CustomerErased.model_validate(fact.data)
    customer = erased(plans.customers.get(told.customer_id) or Customer(told.customer_id))
    ways = customer.opted_out
    for way, since in refusals(told.asked_at).items():
        ways = with_refusal(ways, way, since)
    plans.customers[customer.id] = customer._replace(opted_out=ways)
    plans.look_again(customer.id, Prompt(CUSTOMER_ERASED, prompt_key(customer.id, told.asked_at), fact.at))
