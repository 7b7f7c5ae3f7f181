"""A customer asked that what is kept of them be deleted: they refuse everything from now on, and codes alone are known."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

from services.scheduler.domain.customer import KNOWN_SINCE, REFUSED, Customer, way_of
from shared.contracts.common import Channel, CustomerCard, Matter
from shared.contracts.tasks import RecordedFact
from shared.erasure.scrub import ERASED, scrubbed_as, scrubbed_own
from shared.ids import derived_id
from shared.profile import NOTHING, REFUSES

CUSTOMER_ERASED = "customer.erased"
STAYS = (KNOWN_SINCE, "branch")
Json = Mapping[str, Any]


def refusals(at: datetime) -> Mapping[str, datetime]:
    """Every way of contact, refused at `at`: what a sender tells later takes none of these back."""
    return {way_of(channel, scope): at for channel in get_args(Channel) for scope in ("all", REFUSED)}


def erased(customer: Customer) -> Customer:
    """What the profile still tells: that they are not to be contacted, since when they are known, whose they are."""
    kept = {name: customer.profile[name] for name in STAYS if name in customer.profile}
    memory = tuple(one._replace(values=NOTHING) for one in customer.memory)
    return customer._replace(profile={**kept, REFUSES: True}, older=NOTHING, memory=memory)


def erased_fact(fact: Json) -> Json:
    """A fact as it is kept until its occasion comes."""
    return {**scrubbed_as(RecordedFact, fact), "time": fact["time"]}


def erased_body(body: Json) -> Json:
    """What the row of a task or of a waiting run holds beside its columns."""
    after = dict(body)
    if "card" in body:
        after["card"] = scrubbed_as(CustomerCard, body["card"])
    if "matters" in body:
        after["matters"] = [scrubbed_as(Matter, matter) for matter in body["matters"]]
    if "fact" in body:
        after["fact"] = erased_fact(body["fact"])
    return after


def erased_led(body: Json) -> Json:
    """What is kept of a result that led a run on: the run as it was before."""
    row = body["row"]
    return {**body, "row": {**row, "body": erased_body(row["body"])}}


def erased_life(entry: Json) -> Json:
    """A line of a task's life: its codes, and that somebody said something of it."""
    after = {**entry, "reason": scrubbed_own({"reason": entry.get("reason")}).get("reason", "")}
    return after | {"note": ERASED} if "note" in entry else after if "reason" in entry else dict(entry)


def erased_detail(detail: Json) -> Json:
    """What a decision's record says of one policy, without the values that its customer or fact had."""
    after = {name: item for name, item in detail.items() if name != "value"}
    if "failed" in detail:
        after["failed"] = {**detail["failed"], "actual": None}
    return after


def prompt_key(customer_id: str, at: datetime) -> Any:
    """The identity of the erasure in the records of what was taken back because of it."""
    return derived_id(at, CUSTOMER_ERASED, customer_id)
