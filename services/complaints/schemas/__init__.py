"""What complaints says and takes over HTTP."""

from services.complaints.schemas.requests import (
    Assign,
    BulkAssign,
    Close,
    Escalate,
    NewCase,
    Promise,
    Reason,
    Remark,
    Resolve,
    report_of,
)
from services.complaints.schemas.responses import (
    Assigned,
    BulkAssigned,
    CaseDetail,
    CaseOut,
    Stats,
    shown,
    shown_whole,
    stats_of,
)

__all__ = [
    "Assign",
    "Assigned",
    "BulkAssign",
    "BulkAssigned",
    "CaseDetail",
    "CaseOut",
    "Close",
    "Escalate",
    "NewCase",
    "Promise",
    "Reason",
    "Remark",
    "Resolve",
    "Stats",
    "report_of",
    "shown",
    "shown_whole",
    "stats_of",
]
