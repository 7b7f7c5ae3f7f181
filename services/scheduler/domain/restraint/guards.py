"""Conditions of release that a policy may ask for besides those that always hold, and what becomes of a task they hold back."""

from typing import Literal, get_args

Guard = Literal["case_open", "case_reopened", "cap_reached"]
Action = Literal["cancel", "defer"]
GUARDS: tuple[str, ...] = get_args(Guard)
CASE_OPEN: Guard = "case_open"
CASE_REOPENED: Guard = "case_reopened"
CAP_REACHED: Guard = "cap_reached"
