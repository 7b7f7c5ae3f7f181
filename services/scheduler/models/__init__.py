"""Rows: packs and policy versions, populations and draws, customers and cases, decisions, tasks, the contact ledger."""

from services.scheduler.models.base import Base, metadata
from services.scheduler.models.contacts import (
    CaseRow,
    CustomerRow,
    DecisionRow,
    DueRow,
    LedgerRow,
    ProvisionalRow,
    TaskRow,
    WarningRow,
)
from services.scheduler.models.draws import (
    DrawClosingRow,
    DrawRow,
    LimitNoticeRow,
    PickRow,
    PopulationRow,
    SlotsTakenRow,
)
from services.scheduler.models.policies import (
    DraftRow,
    KindRow,
    PackRow,
    PolicyBookRow,
    PolicyRow,
    PolicyVersionRow,
    TrialFactsRow,
    TrialRow,
)
from services.scheduler.models.runs import HeardRow, LedRow, SignalRow, WaitingRow, WalkRow, WithdrawnRow

__all__ = [
    "Base",
    "CaseRow",
    "CustomerRow",
    "DecisionRow",
    "DraftRow",
    "DrawClosingRow",
    "DrawRow",
    "DueRow",
    "HeardRow",
    "KindRow",
    "LedRow",
    "LedgerRow",
    "LimitNoticeRow",
    "PackRow",
    "PickRow",
    "PolicyBookRow",
    "PolicyRow",
    "PolicyVersionRow",
    "PopulationRow",
    "ProvisionalRow",
    "SignalRow",
    "SlotsTakenRow",
    "TaskRow",
    "TrialFactsRow",
    "TrialRow",
    "WaitingRow",
    "WalkRow",
    "WarningRow",
    "WithdrawnRow",
    "metadata",
]
