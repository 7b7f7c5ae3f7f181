"""Senders' documents: what a message says about one, and whether that is news."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Any

from services.gateway.domain.facts import Candidate
from services.gateway.domain.fitting import fitted
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

    `notes` tell of optional values that could not be read; they refuse nothing. `source` is that of the document's facts.
    """

    document: Document | None
    candidate: Candidate | None = None
    ignored: str = ""
    notes: Sequence[FieldError] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that can't be taken."""

    errors: list[FieldError]


Read = Reading | Refused


class News(StrEnum):
    """What a reported state is, beside the last one known."""

    NEW = "new"
    SAME = "same"
    OLDER = "older"


@dataclass(frozen=True, slots=True)
class Known:
    """The last state known of a document: the fact it amounts to, under which event id that was published, and how often
    one was withdrawn.
    """

    modified_at: datetime
    fact: str
    event_id: str = ""
    withdrawn: int = 0


LONGEST_NUMBER = 256  # it is part of a key of the database


def number_faults(document: Document) -> list[FieldError]:
    """Why a document can't be told apart by its number."""
    too_long = len(document.number) > LONGEST_NUMBER
    return [FieldError("单据编号", f"超过 {LONGEST_NUMBER} 个字符")] if too_long else []


def news(known: Known | None, reported: Document) -> News:
    """Senders retry, edit finished documents and deliver out of order: only the newest state counts, each fact once."""
    if known is None:
        return News.NEW
    if reported.fact and reported.fact == known.fact:
        return News.SAME
    if reported.modified_at < known.modified_at:
        return News.OLDER
    return News.NEW


def following(known: Known, reported: Document, event_id: str) -> Known:
    """The document after news: a state that says nothing of a completion leaves it standing."""
    if reported.fact:
        return Known(reported.modified_at, reported.fact, event_id, known.withdrawn)
    if reported.undone:
        return Known(reported.modified_at, "", "", known.withdrawn + (known.fact != ""))
    return Known(reported.modified_at, known.fact, known.event_id, known.withdrawn)


def again(event_id: str, known: Known | None) -> str:
    """The event id of a completion: one that comes after a withdrawal is another fact, even at the same moment."""
    return f"{fitted(event_id, 240)}/{known.withdrawn + 1}" if known is not None and known.withdrawn else event_id


OLDER = "收到了比已知状态更早的修改，已忽略"
SAME = "该单据的这一结果已经接收过"
WITHDRAWN = {
    "cancelled": "单据已取消，此前的完成事实已撤回",
    "returned": "单据已退回，此前的完成事实已撤回",
    "reopened": "单据已重新打开，此前的完成事实已撤回",
}


def fact_id(*parts: str) -> str:
    """An event id from what identifies a fact at its sender: document, state, moment."""
    return fitted("/".join(parts), 256)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
