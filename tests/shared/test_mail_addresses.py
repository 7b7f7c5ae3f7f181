"""An e-mail address is one address, however it is written, at every place that takes, keeps, compares or uses one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.facts import Candidate
from services.gateway.domain.people import plain_login
from services.gateway.procedures.accepting import with_read_people
from services.notifications.domain.contacts import Contact, updated
from services.notifications.domain.planning import fact_of
from services.notifications.domain.send import Send
from services.notifications.procedures.parcels import addresses_of
from services.notifications.schemas import NewSend
from services.notifications.settings import NotificationsSettings
from shared.contracts.common import Customer, CustomerCard
from shared.mail_addresses import is_address, one_address
from shared.messaging.event import Event
from shared.privacy import PREFIX, Sealer
from shared.profile import fields_in
from shared.testing.served import DATA_KEY
from tests.notifications.samples import a_send

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
SEALER = Sealer.from_text(DATA_KEY)
ADDRESS = "li.na@xn--fiqs8s.example"
SPELLINGS = (
    ADDRESS,
    "  li.na@XN--FIQS8S.Example ",
    "li.na@中国.example",
    "li.na@中国。EXAMPLE。",
    "li.na@xn--fiqs8s.example.",
    "李娜 <li.na@中国.example>",
    '"Li, Na" < li.na@XN--FIQS8S.EXAMPLE. >',
    "<li.na@中国.example>",
    "ｌｉ．ｎａ＠中国．ｅｘａｍｐｌｅ",
    "li.na @ 中国.example",
)
NUMBERED = "13800138000@mail.example"  # sealed wherever it is kept


@pytest.mark.parametrize("written", SPELLINGS)
def test_every_spelling_is_one(written: str) -> None:
    assert one_address(written) == ADDRESS


@pytest.mark.parametrize(
    ("written", "one"),
    [
        ("Li.Na@x.example", "Li.Na@x.example"),
        ("ops@LOCALHOST", "ops@localhost"),
        ('"a b"@X.example', '"a b"@x.example'),
        ("a@[IPv6:::1]", "a@[ipv6:::1]"),
        ("a@straße.example", "a@xn--strae-oqa.example"),
    ],
)
def test_what_else_is_an_address(written: str, one: str) -> None:
    assert one_address(written) == one


@pytest.mark.parametrize(
    "text",
    ["", "无", "a@", "@b.example", "a@b@c.example", "a@B.example,c@d.example", "B@x.example, Z <c@D.example>", "a b@C.example",
     "a@b..example", "a@.", "Z <a@b.example> Y", f"a@{'b' * 260}", f"a@{'中' * 300}", "a@中\u0378国", "sealed:v1:QUJD",
     "a@b c.example", "<<a@b.example>"],
)  # fmt: skip
def test_what_is_none_stays_as_it_is(text: str) -> None:
    assert (one_address(f" {text}\t"), is_address(text)) == (text, False)


@given(st.text(st.sampled_from('aB9@.。中ß<>" ,;\u3000＠\u0378'), max_size=40) | st.text(max_size=300))
def test_the_one_form_is_its_own_one_form(text: str) -> None:
    assert one_address(one_address(text)) == one_address(text)


def accepted(written: str) -> Any:
    """As the gateway takes in a fact."""
    candidate = Candidate("e1", "crm", "repair.closed", {"customer": {"id": "C1", "email": written}})
    return with_read_people(candidate).data["customer"]["email"]


def heard(written: str) -> Event:
    """A fact from before, as it lies on its topic."""
    data = {"customer": {"id": "C1", "email": written}, "number": "R1"}
    return Event(id="e1", type="repair.closed", source="crm", time=NOW, key="C1", data=data)


def sent(written: str) -> Send:
    return replace(a_send(), channel="email", recipient=written)


def settings(**values: Any) -> NotificationsSettings:
    return NotificationsSettings(data_key=DATA_KEY, **values)


PLACES: dict[str, Callable[[str], Any]] = {
    "a fact that the gateway accepts": accepted,
    "a customer's profile": lambda written: fields_in("repair.closed", heard(written).data)["email"],
    "a customer of notifications": lambda written: (
        updated(Contact("C1"), "repair.closed", heard(written).data, NOW).email
    ),
    "what a fact's message goes to": lambda written: fact_of(heard(written)).email,
    "a message by hand": lambda written: NewSend(customer_id="C1", template="thanks", email=written).email,
    "a message planned before": lambda written: addresses_of(sent(written), SEALER)[0],
    "a message to a sealed address of before": lambda written: addresses_of(sent(SEALER.seal(written)), SEALER)[0],
    "managers": lambda written: settings(manager_emails=written).managers[0],
    "supervisors": lambda written: settings(supervisor_emails={"CD": written}).supervisors["CD"][0],
    "a fact's contract": lambda written: Customer(id="C1", email=written).email,
    "the card of a task, a visit, a case": lambda written: CustomerCard(id="C1", email=written).email,
    "who signs in": plain_login,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("written", SPELLINGS)
def test_it_is_one_at_every_place(place: str, written: str) -> None:
    assert PLACES[place](written) == ADDRESS


@pytest.mark.parametrize(
    "written", [NUMBERED, "13800138000@Mail.Example", "13800138000@mail.example.", "李娜 <13800138000@mail.example>"]
)
@pytest.mark.parametrize("field", ["email", "note", "code"])
def test_an_address_that_holds_a_number_has_one_token(written: str, field: str) -> None:
    """Elsewhere than with the customer, too: before, a name or a dot left it masked, and nobody could write to it."""
    token = SEALER.protect({field: written})[field]
    assert token.startswith(PREFIX)
    assert SEALER.unseal(token) == NUMBERED


def test_an_id_that_looks_like_an_address_is_what_its_sender_wrote() -> None:
    tokens = {SEALER.protect({"id": written})["id"] for written in (NUMBERED, "13800138000@Mail.Example")}
    assert {SEALER.unseal(token) for token in tokens} == {NUMBERED, "13800138000@Mail.Example"}


def test_two_spellings_of_one_manager_get_one_mail() -> None:
    told = settings(manager_emails="head@X.example, Wang <head@x.example>；duty@x.example").managers
    assert told == ("head@x.example", "duty@x.example")
    of_before = replace(a_send(), channel="email", audience="manager", recipient="head@X.example,head@x.example.")
    assert addresses_of(of_before, SEALER) == ("head@x.example",)
