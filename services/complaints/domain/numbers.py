"""What was learned of a customer's numbers in calls, kept for cases that are heard of later."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.contracts.common import CustomerCard
from shared.contracts.visits import CustomerNumberCorrected
from shared.profile import with_right_numbers


@dataclass(frozen=True)
class Learned:
    """Numbers, sealed: those that do not reach the customer, and the one that was last learned to ("" for none), shown as
    `phone_masked`; `learned_at` (business time) is when."""

    customer_id: str
    wrong: tuple[str, ...]
    phone: str
    phone_masked: str
    learned_at: datetime


def learn(known: Learned | None, correction: CustomerNumberCorrected) -> Learned:
    """What is known with what a correction tells; what is older than what is known tells only which numbers were wrong then."""
    before = known or Learned(correction.customer.id, (), "", "", correction.learned_at)
    after = before
    if correction.learned_at >= before.learned_at and (correction.phone or correction.wrong == before.phone):
        after = replace(
            before, phone=correction.phone or "", phone_masked=correction.phone_masked, learned_at=correction.learned_at
        )
    wrong = {*before.wrong, *([correction.wrong] if correction.wrong else [])} - {after.phone}
    return replace(after, wrong=tuple(sorted(wrong)))


def righted(card: CustomerCard, learned: Learned | None, at: datetime) -> CustomerCard:
    """The card that somebody told at `at`, without numbers known to be wrong.

    The number that was learned to reach the customer comes first where the card had a wrong one or has none, and where it
    was told before; a number that a source tells afterwards is newer than that.
    """
    if learned is None:
        return card
    right = card
    for wrong in learned.wrong:
        right = with_right_numbers(right, wrong, None, "")
    if learned.phone and (right is not card or not right.phone or at <= learned.learned_at):
        right = with_right_numbers(right, None, learned.phone, learned.phone_masked)
    return right
