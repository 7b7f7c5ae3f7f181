"""Pieces that several events share."""

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from shared.mail_addresses import MailAddress

Code = Annotated[str, Field(min_length=1, max_length=64)]
Decimal = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$")]
Channel = Literal["phone", "sms", "email", "wechat", "weibo", "letter", "on_site"]
Satisfaction = Literal["very_satisfied", "satisfied", "basically", "dissatisfied", "very_dissatisfied", "no_comment"]
RATINGS: Mapping[Satisfaction, int] = {
    "very_satisfied": 5,
    "satisfied": 4,
    "basically": 3,
    "dissatisfied": 2,
    "very_dissatisfied": 1,
}  # what the words of an opinion are as a number; "no_comment" is none
Resolution = Literal["yes", "partly", "no"]
Aware = Annotated[datetime, PlainSerializer(lambda at: at.isoformat(), when_used="json")]


class ContactTerms(NamedTuple):
    """What is settled about a contact when it is planned and goes with it until it is made: the same in the scheduler's task,
    in the events of that (`contracts.tasks.Followup`) and in the visit. Each of these has all of it as fields of its own.
    """

    kind: str
    branch: str
    round: int
    channel: Channel
    team: str
    priority: int
    questionnaire: str
    never_alone: tuple[str, ...]
    due_at: datetime
    deadline_at: datetime | None
    case_id: str | None

    @classmethod
    def of(cls, contact: Any) -> "ContactTerms":
        """The terms of a task, of an event of it, or of a visit."""
        terms = cls(*_terms(contact))
        return terms if type(terms.never_alone) is tuple else terms._replace(never_alone=tuple(terms.never_alone))


_terms = attrgetter(*ContactTerms._fields)


class Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class Org(Part):
    """A branch, shop or company; `code` is the branch in every figure."""

    code: Code
    name: str = ""
    region_code: str = ""


class Named(Part):
    code: Code
    name: str = ""


class Customer(Part):
    """The customer as the sender knows it. Phones on Kafka are always sealed tokens (`shared.privacy`)."""

    id: Code
    name: str = ""
    level: str = ""
    phone: str | None = None
    phones: list[str] = []
    email: MailAddress | None = None
    preferred_channel: str | None = None
    do_not_contact: bool = False
    birthday: str | None = Field(
        default=None, description="YYYY-MM-DD, --MM-DD without the year, lunar:MM-DD or lunar:YYYY-MM-DD"
    )
    address: str | None = None


class CustomerCard(Part):
    """What is needed to contact somebody: no more than that travels with a task."""

    id: Code
    name: str = ""
    phone: str | None = Field(default=None, description="sealed token; see shared.privacy")
    phone_masked: str = ""
    phones: list[str] = Field(default=[], description="further numbers, sealed; a call may go to either")
    email: MailAddress | None = None
    level: str = ""
    do_not_contact: bool = False


class Matter(Part):
    """What a contact is about: the fact that led to it, with what an agent must see."""

    event_id: str
    event_source: str = Field(default="", description="the fact's source; its id is unique there only")
    event_type: str = Field(description="short name, such as repair.closed")
    at: datetime
    subject: str = Field(default="", description="order, work order or case number")
    title: str = Field(default="", description="one line for the agent, Chinese")
    facts: dict[str, object] = Field(default_factory=dict, description="the fact's data, phones sealed")
    part: str = Field(
        default="",
        description="of a contact about several facts, the id of the fact that joined it with this matter; empty = the first",
    )
    questionnaire: str = Field(
        default="", description="whose questions ask about a matter that joined; empty = the contact's"
    )
