"""The cases a transaction holds, and what becomes of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import get_args
from uuid import UUID

from services.complaints import store
from services.complaints.domain.case import Case, Change, OriginKey, What
from services.complaints.domain.errors import CaseNotFound
from shared.messaging.event import Event
from shared.messaging.work import Work
from shared.observability.catalogue import BRANCHES, counter

ENTRIES = counter(
    "huifang_complaints_entries_total", "What became of cases (opened, assigned, escalated, resolved …), by responsible unit",
    "投诉办理次数", labels={"what": get_args(What), "branch": BRANCHES},
)  # fmt: skip


@dataclass
class Book:
    """The cases that one transaction holds; changes are gathered here and written once per case."""

    work: Work
    cases: dict[UUID, Case] = field(default_factory=dict)
    origins: dict[OriginKey, UUID] = field(default_factory=dict)
    changes: dict[UUID, Change] = field(default_factory=dict)

    def hold(self, cases: Iterable[Case]) -> None:
        for case in cases:
            self.cases[case.id] = case
            self.origins[case.origin, case.origin_source, case.origin_id] = case.id

    def by_origin(self, key: OriginKey) -> Case | None:
        """The case of this origin; one from before cases kept their source is whoever's number it is."""
        origin, _, origin_id = key
        case_id = self.origins.get(key) or self.origins.get((origin, "", origin_id))
        return self.cases[case_id] if case_id else None

    def get(self, case_id: str) -> Case:
        """Raises CaseNotFound."""
        case = self.cases.get(UUID(case_id))
        if case is None:
            raise CaseNotFound(f"投诉 {case_id} 不存在")
        return case

    def apply(self, change: Change, cause: Event | None = None) -> Case:
        """Keep a change and note its events."""
        case = change.case
        self.hold([case])
        before = self.changes.get(case.id)
        entries = (before.entries if before else ()) + change.entries
        self.changes[case.id] = Change(case, (), entries)
        for event in change.events:
            self.work.publish(event, key=case.customer.id, lineage=case.lineage, cause=cause, subject=case.case_no)
        return case

    async def save(self) -> None:
        await store.save_changes(self.work.session, list(self.changes.values()))
        for change in self.changes.values():
            for entry in change.entries:
                ENTRIES.labels(entry.what, change.case.responsible_unit).inc()
