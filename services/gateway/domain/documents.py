"""Senders' documents: what a message says about one, and whether that is news."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Any

from services.gateway.domain.facts import Candidate
from services.gateway.domain.problems import FieldError


@dataclass(frozen=True, slots=True)
class Options:
    """How one source's messages are read. `fields` maps canonical paths to the sender's (`customer.id` → `buyer.no`);
    `constants` gives canonical paths a value the sender does not send (`org.code` → `CD`); `words` says what the sender's
    own words mean, by what they are about (`state`: {`回访中`: `closed`}), as `words.own_words` gives them.
    """

    source: str
    kind: str
    zone: tzinfo
    type: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def own(self, about: str) -> Mapping[str, str]:
        """The source's own words about something."""
        return self.words.get(about, {})

    @property
    def uri(self) -> str:
        """The CloudEvents source of its facts."""
        return f"/{self.kind}/{self.source}"


@dataclass(frozen=True, slots=True)
class Document:
    """The state a message reports. `fact` names the fact it amounts to ("" = none): the same fact is never new twice.
    `undone` says why one that it amounted to before doesn't stand any more: cancelled, returned or reopened.
    """

    number: str
    status: str
    modified_at: datetime
    fact: str = ""
    undone: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A message understood: the document's state and, when it is a fact, the candidate; else why it is none.

    `notes` tell of optional values that could not be read; they refuse nothing.
    """

    document: Document | None
    candidate: Candidate | None = None
    ignored: str = ""
    notes: Sequence[FieldError] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that can't be taken."""

    errors: list[FieldError]


Outcome = Reading | Refused


class News(StrEnum):
    """What a reported state is, beside the last one known."""

    NEW = "new"
    SAME = "same"
    OLDER = "older"


@dataclass(frozen=True, slots=True)
class Known:
    """The last state known of a document."""

    modified_at: datetime
    fact: str


def news(known: Known | None, reported: Document) -> News:
    """Senders retry, edit finished documents and deliver out of order: only the newest state counts, each fact once."""
    if known is None:
        return News.NEW
    if reported.fact and reported.fact == known.fact:
        return News.SAME
    if reported.modified_at < known.modified_at:
        return News.OLDER
    return News.NEW


OLDER = "收到了比已知状态更早的修改，已忽略"
SAME = "该单据的这一结果已经接收过"


def fact_id(*parts: str) -> str:
    """An event id from what identifies a fact at its sender: document, state, moment."""
    return "/".join(parts)[:256]


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
