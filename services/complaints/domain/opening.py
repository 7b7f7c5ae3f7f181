"""What becomes a case: a dissatisfied or problem visit (R03.5, R07.5), a 12345 case that was not solved, or a call taken
by hand (R13.1). One origin, one case.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.complaints.domain.case import SYSTEM, Case, CaseId, Change, Entry, OriginKey, changed, snapshot, timed
from services.complaints.domain.escalation import count_reworks
from services.complaints.domain.followup import WORST_ACCEPTABLE, rating_of
from services.complaints.domain.grading import Signs, grade_of
from services.complaints.domain.rules import Rules
from shared.contracts.common import CustomerCard, Matter
from shared.contracts.complaints import ComplaintOpened, Grade, Origin
from shared.contracts.intake import DONE_BY, HotlineCaseClosed
from shared.contracts.visits import VisitResult
from shared.ids import derived_id
from shared.paths import value_at
from shared.privacy import mask_text

NUMBERS = ("order_no", "work_order_no", "parent_work_order_no", "case_no", "account_no", "project_no", "alarm_no")
TITLE_LENGTH = 60


@dataclass(frozen=True)
class Opening:
    """A reason to open a case. `at` is when it arose: with the origin it gives the case's id. `grade` overrules the table.

    `origin_id` is unique at its `origin_source` only, where others gave it; "" for the platform's own.
    """

    origin: Origin
    origin_id: str
    at: datetime
    lineage: str
    customer: CustomerCard
    signs: Signs
    matters: tuple[Matter, ...] = ()
    kind: str = ""
    branch: str = ""
    unit: str = ""
    description: str = ""
    reasons: tuple[str, ...] = ()
    first_rating: int | None = None
    reworks: int = 0
    grade: Grade | None = None
    owner: str = ""
    actor: str = SYSTEM
    origin_source: str = ""
    by_hand: bool = False

    @property
    def case_id(self) -> CaseId:
        """The same for the same origin, however often it is told."""
        if self.by_hand:  # each is its own beginning
            return CaseId(UUID(self.lineage))
        source = (self.origin_source,) if self.origin_source else ()
        return CaseId(derived_id(self.at, "case", self.origin, self.origin_id, *source))

    @property
    def origin_key(self) -> OriginKey:
        return self.origin, self.origin_source, self.origin_id

    @property
    def subjects(self) -> tuple[str, ...]:
        return subjects_of(self.matters)


@dataclass(frozen=True)
class Report:
    """A complaint somebody took (R13.1); what is left out is graded and assigned as usual."""

    customer: CustomerCard
    description: str
    subject: str = ""
    kind: str = ""
    branch: str = ""
    unit: str = ""
    grade: Grade | None = None
    visit_id: str = ""


def open_case(opening: Opening, case_no: str, earlier: int, rules: Rules, now: datetime) -> Change:
    """The opened case. `earlier` counts recent cases of the same customer and matter."""
    grade = opening.grade or grade_of(opening.signs, rules.grading)
    deadlines = rules.limits.at_opening(grade, now)
    case = Case(
        id=opening.case_id,
        case_no=case_no,
        origin=opening.origin,
        origin_id=opening.origin_id,
        origin_source=opening.origin_source,
        lineage=opening.lineage,
        customer=opening.customer,
        matters=opening.matters,
        subjects=opening.subjects,
        kind=opening.kind,
        branch=opening.branch,
        description=mask_text(opening.description),
        reasons=opening.reasons,
        grade=grade,
        important=earlier + 1 >= rules.repeat_limit,
        responsible_unit=opening.unit,
        owner=opening.owner,
        done_by=done_by(opening.matters),
        opened_at=now,
        escalate_at=deadlines.overdue_at,
        updated_at=now,
        first_rating=opening.first_rating,
        **timed(deadlines),
    )
    detail = {"origin": opening.origin, "grade": grade, "earlier": earlier}
    entry = Entry(now, "opened", opening.actor, detail | ({"by_hand": True} if opening.by_hand else {}))
    opened = Change(case, (ComplaintOpened(**snapshot(case)),), (entry,))
    return opened.then(lambda c: count_reworks(c, opening.reworks, rules, now))


def from_visit(visit: VisitResult, problems: Iterable[str], lineage: str) -> Opening:
    """A case out of what the customer said; who heard it owns it, as they would a complaint they took (R03.5, R13.2).

    Of a contact about several matters it is filed under those that it speaks of.
    """
    matters, kind = _spoken_of(visit)
    said = (*visit.reasons, *problems, visit.remark)
    description = "；".join(part for part in ("、".join((*visit.reasons, *problems)), visit.remark) if part)
    rating = rating_of(visit)
    return Opening(
        origin="visit",
        origin_id=visit.visit_id,
        at=visit.completed_at,
        lineage=lineage,
        customer=visit.customer,
        signs=Signs(text=" ".join(said), rating=rating, solved=visit.resolved),
        matters=matters,
        kind=kind,
        branch=visit.branch,
        unit=visit.branch or done_by(matters),
        description=description,
        reasons=(*visit.reasons, *problems),
        first_rating=rating,
        owner=visit.agent,
    )


def _spoken_of(visit: VisitResult) -> tuple[tuple[Matter, ...], str]:
    """The matters of which the customer says something bad, and the kind of the first; else all, under the visit's kind."""
    bad = {
        (one.event_id, one.event_source)
        for one in visit.results
        if (one.rating is not None and one.rating < WORST_ACCEPTABLE) or one.problems
    }
    found = tuple(matter for matter in visit.matters if (matter.event_id, matter.event_source) in bad)
    if not found or found[0] == visit.matters[0]:
        return found or tuple(visit.matters), visit.kind
    return found, found[0].event_type


def join_visit(case: Case, opening: Opening, now: datetime) -> Change:
    """What the customer answered in the visit in which somebody filed this case by hand: it is one case, and about what the
    visit was about."""
    if case.lineage != str(case.id):  # a case filed by hand is its own beginning until its visit is known
        return Change(case)
    said = {"rating": opening.first_rating, "reasons": list(opening.reasons), "description": opening.description}
    joined = changed(
        case,
        now,
        lineage=opening.lineage,
        matters=opening.matters,
        subjects=tuple(sorted({*case.subjects, *opening.subjects})),
        kind=case.kind or opening.kind,
        reasons=tuple(dict.fromkeys((*case.reasons, *opening.reasons))),
        done_by=case.done_by or done_by(opening.matters),
        first_rating=opening.first_rating,
    )
    return Change(joined, (), (Entry(now, "joined", opening.owner or SYSTEM, said),))


def join_report(case: Case, report: Report, actor: str, now: datetime) -> Change:
    """Somebody files by hand what the same visit has opened a case of already: it is noted there."""
    text = mask_text(report.description)
    entry = Entry(now, "joined", actor, {"description": text, "grade": report.grade})
    whole = case.description if text in case.description else f"{case.description}\n{text}".strip()
    return Change(changed(case, now, description=whole, owner=case.owner or actor), (), (entry,))


def complains(hotline: HotlineCaseClosed) -> bool:
    """Whether a 12345 case came back unsolved: closed so, returned, or a complaint whose claim the unit calls unsolved."""
    return hotline.handle_status in ("closed_unresolved", "returned") or (
        hotline.appeal_kind == "投诉" and hotline.resolved_claim is False
    )


def from_hotline(
    hotline: HotlineCaseClosed, matter: Matter, customer: CustomerCard, branch: str, lineage: str
) -> Opening:
    """A case out of an unsolved 12345 case; the handling department is responsible for it."""
    return Opening(
        origin="hotline",
        origin_id=hotline.case_no,
        origin_source=matter.event_source,
        at=hotline.closed_at,
        lineage=lineage,
        customer=customer,
        signs=Signs(
            text=f"{hotline.title} {hotline.content}",
            solved=hotline.resolved_claim,
            urgency=hotline.urgency,
            appeal_kind=hotline.appeal_kind,
        ),
        matters=(matter,),
        kind=matter.event_type,
        branch=branch,
        unit=hotline.host_dept.code,
        description="\n".join(part for part in (hotline.title, hotline.content, hotline.handle_result) if part),
        reworks=hotline.redo_round,
    )


def done_by(matters: Iterable[Matter]) -> str:
    """Code of the team or unit that did the work, from the first matter that names one."""
    for matter in matters:
        for path in DONE_BY:
            if code := value_at(matter.facts, path.split(".")):
                return str(code)
    return ""


def subjects_of(matters: Iterable[Matter]) -> tuple[str, ...]:
    """The document numbers by which a later complaint is known to be of the same matter; a rework names its parent."""
    numbers = {str(m.facts[field]) for m in matters for field in NUMBERS if m.facts.get(field)}
    return tuple(sorted(numbers | {m.subject for m in matters if m.subject}))


def by_hand(report: Report, case_id: CaseId, actor: str, now: datetime) -> Opening:
    """A case out of a report: the first who takes it owns it until the customer has an answer (R13.2).

    What was taken in a visit is that visit's case, so that an answer of the same visit makes no other.
    """
    matter = Matter(
        event_id=str(case_id),
        event_type="complaint.by_hand",
        at=now,
        subject=report.subject,
        title=report.description[:TITLE_LENGTH],
    )
    return Opening(
        origin="visit" if report.visit_id else "manual",
        origin_id=report.visit_id or str(case_id),
        at=now,
        lineage=str(case_id),
        customer=report.customer,
        signs=Signs(text=report.description),
        matters=(matter,),
        kind=report.kind,
        branch=report.branch,
        unit=report.unit or report.branch,
        description=report.description,
        grade=report.grade,
        owner=actor,
        actor=actor,
        by_hand=True,
    )
