"""What providers say: at once (the answer), later on their own (receipts), and when asked (findings)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal


@dataclass(frozen=True)
class Accepted:
    """The provider took it; `ref` is its own number of the message (Aliyun BizId, an SMTP reply)."""

    ref: str = ""


@dataclass(frozen=True)
class Refused:
    """The provider definitely did not take it. `temporary`: may be tried again later."""

    reason: str
    temporary: bool = False


@dataclass(frozen=True)
class Unclear:
    """Nobody knows whether the provider took it: time-out, broken connection, server error."""

    reason: str


@dataclass(frozen=True)
class NotTried:
    """The call was never begun."""


Answer = Accepted | Refused | Unclear | NotTried


@dataclass(frozen=True)
class Receipt:
    """A delivery receipt. `out_id` is our send id; times in it are the provider's."""

    out_id: str
    ref: str
    phone: str
    success: bool
    code: str = ""
    reported_at: datetime | None = None

    @property
    def status(self) -> str:
        return "delivered" if self.success else "failed"


@dataclass(frozen=True)
class Reply:
    """A text the customer sent back. `sequence` is the provider's number of it."""

    sequence: str
    phone: str
    content: str


@dataclass(frozen=True)
class Unreadable:
    """A row of a provider's call that can't be taken in: why, and what it says, numbers masked."""

    reason: str
    content: str


def decisive(receipts: Sequence[Receipt]) -> Receipt:
    """The one that counts of several receipts for one message: the latest by the provider's own report time. A failure
    counts before a success of the same moment, and before all where one of them has no time."""
    timed = all(receipt.reported_at for receipt in receipts)
    never = datetime.min.replace(tzinfo=UTC)

    def weight(receipt: Receipt) -> tuple[datetime, bool, str, str]:
        moment = (receipt.reported_at if timed else None) or never
        return moment, not receipt.success, receipt.code, receipt.ref

    return max(receipts, key=weight)


@dataclass(frozen=True)
class Found:
    """The provider has it."""

    status: Literal["waiting", "delivered", "failed"]
    ref: str = ""
    code: str = ""


@dataclass(frozen=True)
class Absent:
    """The provider answered, and has no such message."""


@dataclass(frozen=True)
class CannotTell:
    """The provider did not answer. `ever`: whether asking again can help (SMTP servers can't be asked)."""

    ever: bool = True


Finding = Found | Absent | CannotTell
