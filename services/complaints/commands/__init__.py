"""What can change: every command locks, decides with the rules, saves, and notes the events. The edge commits."""

from services.complaints.commands.erasing import erase
from services.complaints.commands.handling import (
    assign_case,
    assign_cases,
    close_case,
    escalate_case,
    promise_reply,
    reject_case,
    remark_case,
    reopen_case,
    require_visible,
    resolve_case,
)
from services.complaints.commands.numbers import take_numbers
from services.complaints.commands.taking import (
    open_by_hand,
    take_hotline_cases,
    take_unasked,
    take_visits,
)
from services.complaints.commands.timed import assign_new_cases, escalate_late_cases, recompute_provisional_cases

__all__ = [
    "assign_case",
    "assign_cases",
    "assign_new_cases",
    "close_case",
    "erase",
    "escalate_case",
    "escalate_late_cases",
    "open_by_hand",
    "promise_reply",
    "recompute_provisional_cases",
    "reject_case",
    "remark_case",
    "reopen_case",
    "require_visible",
    "resolve_case",
    "take_hotline_cases",
    "take_numbers",
    "take_unasked",
    "take_visits",
]
