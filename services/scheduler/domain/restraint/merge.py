"""One customer, several matters: one contact (X1).

A follow-up joins another planned one of the same customer, channel and purpose when both may merge and some moment suits
both. A day's list stands from its first moment on: a contact due today is no longer changed by what happens today. So the
plan depends on when facts happened, not on how fast they are handled. Whoever is drawn after the matter has already been
asked about, as those in reserve may be, is not asked again.

A fact that is heard after one that happened later is merged as if it had been heard first.
"""

from datetime import UTC, date, datetime
from uuid import UUID

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact, identity_in, joining, matters_of, names
from services.scheduler.domain.ledger.caps import CapState, reached_cap
from services.scheduler.domain.ledger.contacts import Contact, contact_of
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.provisional import joined_terms, span_of, terms_of
from services.scheduler.domain.task import Task, moved
from services.scheduler.domain.when.hours import narrowed, window_in
from services.scheduler.domain.when.windows import Span, next_moment
from shared.calendar import OfficialYears
from shared.ids import derived_id, millis_of, to_millis
from shared.zone import local_day

NOT_YET = UUID(int=0)
MERGED = "merged"
ASKED = ("released", "done")


def task_id(policy: Policy, fact: Fact) -> UUID:
    """Of a policy (or of one of its steps) for a fact; the same input gives the same id."""
    step = (policy.step,) if policy.step else ()
    return derived_id(fact.at, "task", policy.id, fact.source, fact.id, *step)


def find_partner(
    customer: Customer, fact: Fact, policy: Policy, span: Span, moment: datetime, at_once: bool = False
) -> Task | None:
    """The planned task that a contact for `policy` about `fact`, planned at `moment`, joins; the most urgent one.

    `at_once`: it is planned because of the fact itself, not of what came of it later.
    """
    if not policy.merge:
        return None
    fitting = [task for task in customer.open if _fits(customer, task, fact, policy, span, moment, at_once)]
    return min(fitting, key=lambda task: (task.priority, task.due_at, task.id), default=None)


def keeps_contact(task: Task, fact: Fact, policy: Policy, at_once: bool = False) -> bool:
    """Whether `task` keeps the contact that `policy` wants about `fact` as well; of equals, that of the earlier fact does."""
    if task.priority != policy.priority:
        return task.priority < policy.priority
    return not at_once or not _is_later(task, fact)


def _is_later(task: Task, fact: Fact) -> bool:
    """Whether `fact` happened before what planned the task, and so was heard late."""
    return (millis_of(task.id), task.event_id, task.event_source) > (to_millis(fact.at), *fact.identity)


def find_asked(customer: Customer, fact: Fact, policy: Policy) -> Task | None:
    """The contact about `fact`, released or made, that serves `policy` as well; what was drawn is not asked about twice."""
    if not policy.merge or policy.step:
        return None
    fitting = [task for task in customer.asked if _asks(task, fact, policy)]
    return min(fitting, key=lambda task: (task.priority, task.due_at, task.id), default=None)


def _asks(task: Task, fact: Fact, policy: Policy) -> bool:
    if task.state not in ASKED or not task.merge or not _about(task, fact):
        return False
    return _same_way(task, policy) and _same_team_where_it_matters(task, policy)


def common_span(task: Task, span: Span, official: OfficialYears) -> Span | None:
    """When a contact may take place that serves both, in the hours of both and in the blackouts of neither. None: never."""
    due, hours = max(task.due_at, span.due), span.hours or task.hours
    if task.hours != hours:
        common = narrowed(window_in(hours, official), task.hours)
        if common is None:
            return None
        due, hours = next_moment(common, due), common.hours_since(date.min)
    return Span(due, _earlier(task.deadline_at, span.deadline), _earlier(task.warn_at, span.warn_at), hours)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


def join(task: Task, fact: Fact, policy: Policy, span: Span) -> Task:
    """`task` keeps the contact and also answers `policy`, and the fact if it is another one."""
    common = common_span(task, span, policy.window.calendar.official)
    assert common is not None  # it was found fitting
    added = () if _about(task, fact) else joining(matters_of(fact), fact.id, policy.questionnaire)
    return task._replace(
        due_at=common.due,
        deadline_at=common.deadline,
        warn_at=common.warn_at,
        hours=common.hours,
        terms=joined_terms(task, terms_of(policy, span), span),
        matters=(*task.matters, *added),
        combined=_once(*task.combined, policy.id),
        counted=_once(*task.counted, *policy.counted),
        blockable=_once(*task.blockable, *policy.blockable),
        independent=task.independent or policy.independent,
        never_alone=_once(*task.never_alone, *policy.never_alone),
        barred=_once(*task.barred, *policy.barred),
    )


def take_over(task: Task, weaker: Task, official: OfficialYears) -> tuple[Task, Task]:
    """`task`, more urgent, keeps the contact; gives it with the weaker's matters, and the weaker cancelled."""
    common = common_span(weaker, span_of(task), official)
    assert common is not None  # it was found fitting
    new = (one for one in weaker.matters if not any(names(known, identity_in(one)) for known in task.matters))
    added = joining(new, weaker.event_id, weaker.questionnaire)
    return (
        task._replace(
            due_at=common.due,
            deadline_at=common.deadline,
            warn_at=common.warn_at,
            hours=common.hours,
            terms=joined_terms(task, weaker.terms, span_of(weaker)),
            matters=(*task.matters, *added),
            combined=_once(weaker.policy_id, *weaker.combined),
            counted=_once(*task.counted, *weaker.counted),
            blockable=_once(*task.blockable, *weaker.blockable),
            independent=task.independent or weaker.independent,
            never_alone=_once(*task.never_alone, *weaker.never_alone),
            barred=_once(*task.barred, *weaker.barred),
        ),
        moved(weaker, "cancelled", MERGED),
    )


def forbidding_cap(customer: Customer, policy: Policy, span: Span) -> CapState | None:
    """The cap that forbids a further contact of this policy, if one does."""
    if not policy.blockable:
        return None
    planned = Contact(NOT_YET, local_day(span.due), policy.purpose, policy.blockable, policy.tier)
    return reached_cap(policy.caps, planned, customer.contacts)


def _is_settled(task: Task, fact: Fact, span: Span, moment: datetime, at_once: bool) -> bool:
    """Whether the earlier of the two contacts stood on its day's list already when the other was asked for."""
    if _about(task, fact):
        return False
    if at_once and _is_later(task, fact):
        return local_day(datetime.fromtimestamp(millis_of(task.id) / 1000, UTC)) >= local_day(span.due)
    return local_day(moment) >= local_day(task.due_at)


def _fits(
    customer: Customer, task: Task, fact: Fact, policy: Policy, span: Span, moment: datetime, at_once: bool
) -> bool:
    if not task.merge or not _same_way(task, policy):
        return False
    if policy.step and policy.id in (task.policy_id, *task.combined) and _about(task, fact):
        return False  # another step of the same run: to be contacted twice is what it wants
    if not _near(task, policy, span) or not _same_team_where_it_matters(task, policy):
        return False
    if _is_settled(task, fact, span, moment, at_once):
        return False
    common = common_span(task, span, policy.window.calendar.official)
    if common is None or common.too_short:
        return False
    return _caps_allow(customer, task, policy, common)


def _same_way(task: Task, policy: Policy) -> bool:
    return (task.channel, task.purpose, task.round) == (policy.channel, policy.purpose, policy.round)


def _near(task: Task, policy: Policy, span: Span) -> bool:
    """Whether the two were wanted no more days apart than either allows."""
    allowed = [days for days in (task.merge_within, policy.merge_within) if days is not None]
    return not allowed or abs((local_day(task.due_at) - local_day(span.due)).days) <= min(allowed)


def _same_team_where_it_matters(task: Task, policy: Policy) -> bool:
    """Another team may be the one that did the work which this contact is about."""
    return task.team == policy.team or not (task.independent or policy.independent)


def _caps_allow(customer: Customer, task: Task, policy: Policy, common: Span) -> bool:
    """Whether the combined contact has a place under the caps."""
    blockable = _once(*task.blockable, *policy.blockable)
    if not blockable:
        return True
    before = contact_of(task)
    keeper = task if task.priority <= policy.priority else policy
    after = before._replace(day=local_day(common.due), policies=blockable, tier=keeper.tier)
    others = customer.without(task).contacts
    return reached_cap(policy.caps, after, others, before if task.counted else None) is None


def _once(*policies: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(policies))


def _about(task: Task, fact: Fact) -> bool:
    return any(names(matter, fact.identity) for matter in task.matters)
