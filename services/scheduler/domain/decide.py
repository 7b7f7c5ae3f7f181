"""From a fact, what the policies say to it, and the customer: the decision and the planned tasks."""

from datetime import datetime
from functools import partial
from typing import get_args
from uuid import UUID

from services.scheduler.domain.choose import chosen
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.detail import Detail, Outcome, QuotaReached, Unmet
from services.scheduler.domain.facts import Fact, card_of, matters_of
from services.scheduler.domain.ledger.caps import cap_detail
from services.scheduler.domain.occasion import Occasion
from services.scheduler.domain.panel import Answers
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.provisional import terms_of
from services.scheduler.domain.restraint.merge import (
    find_asked,
    find_partner,
    forbidding_cap,
    join,
    keeps_contact,
    take_over,
    task_id,
)
from services.scheduler.domain.rule import Match, base_of, festival_of
from services.scheduler.domain.steps.chain import NO_CHAINS, Chained
from services.scheduler.domain.steps.contact_plan import ContactPlan, Ended
from services.scheduler.domain.steps.runs import Cause, Turn, begin_run
from services.scheduler.domain.task import Task
from services.scheduler.domain.value import Value
from services.scheduler.domain.when.amounts import DAY
from services.scheduler.domain.when.periods import period_of
from services.scheduler.domain.when.windows import Span, plan_span
from services.scheduler.domain.whom.limits import LONGEST_SEARCH_DAYS, Quota, Slot, Slots, next_midnight, quota_slot
from services.scheduler.domain.whom.strata import stratifier
from shared.zone import local_day

NEVER_OF_A_POLICY = ("malformed", "withdrawn", "recomputed", "taken_back", "postponed")
# what a fact came to is the first of these that a policy came to
RANK: tuple[Outcome, ...] = tuple(one for one in get_args(Outcome) if one not in NEVER_OF_A_POLICY)


class Decision(Value, frozen=True):
    """The record of one fact, or of a later occasion of it: what each policy came to, and the tasks in their new state.

    `ended` are runs, or steps of runs, that it ended, whose released tasks are taken back.
    """

    fact: Fact
    outcome: Outcome
    details: tuple[Detail | Unmet, ...] = ()
    tasks: tuple[Task, ...] = ()
    occasion: Occasion | Cause | None = None
    ended: tuple[Ended, ...] = ()

    @property
    def key(self) -> UUID:
        return self.occasion.key if self.occasion else self.fact.key

    @property
    def at(self) -> datetime:
        return self.occasion.moment if self.occasion else self.fact.at

    @property
    def name(self) -> str:
        """The event type in the record."""
        return self.occasion.name if self.occasion else self.fact.name


def decide(
    fact: Fact, answers: Answers, customer: Customer, slots: Slots | None = None, chained: Chained = NO_CHAINS
) -> tuple[Decision, Customer]:
    """The decision, and the customer as later facts find them. Strong policies are planned first.

    `slots` are the counts of policies with a quota or a ceiling; they are kept up to date.
    """
    if not answers.matches:
        return Decision(fact, "no_policy_matches", answers.unmet), customer
    put = plan_contact if slots is None else partial(plan_contact, slots=slots)
    drawn = [match for match in answers.matches if match.drawn]
    details = [_passed_over(match) for match in answers.matches if not match.drawn]
    tasks: list[Task] = []
    ended: tuple[Ended, ...] = ()
    if len(drawn) > 1:
        drawn.sort(key=lambda match: match.policy.strength)
    for match in drawn:
        if match.policy.chain and fact.customer_id:
            runs = begin_run(fact, match, customer, put, chained)
            customer = runs[-1].customer
            details += [detail for run in runs for detail in run.details]
            tasks += [task for run in runs for task in run.tasks]
            ended += tuple(one for run in runs for one in run.ended)
        else:
            planned = put(fact, match, customer)
            customer = planned.customer
            details.append(planned.detail)
            tasks += planned.tasks
    occasion = answers.matches[0].occasion
    return Decision(fact, _outcome(details), (*answers.unmet, *details), tuple(tasks), occasion, ended), customer


def malformed(fact: Fact, flaw: str) -> Decision:
    """The decision on data that don't fit what a pack says of their kind: nothing is believed of them."""
    return Decision(fact, "malformed", ({"result": "malformed", "reason": flaw},))


def not_standing(fact: Fact, reason: str, occasion: Occasion | None) -> Decision:
    """The decision on a fact, or an occasion of one, that was withdrawn before."""
    detail: Detail = {"result": "withdrawn", "reason": reason}
    if occasion:
        detail |= {"policy": occasion.policy.id, "version": occasion.policy.version}
    return Decision(fact, "withdrawn", (detail,), (), occasion)


def turned(turn: Turn) -> Decision:
    """The record of a run that was moved."""
    run = turn.run
    details, tasks, ended = tuple(run.details), tuple(run.tasks), tuple(run.ended)
    return Decision(run.fact, _outcome(run.details), details, tasks, turn.cause, ended)


def _outcome(details: list[Detail]) -> Outcome:
    results = {detail["result"] for detail in details}
    return next((outcome for outcome in RANK if outcome in results), "no_policy_matches")


def _passed_over(match: Match) -> Detail:
    policy, entry = match.policy, match.entry
    detail: Detail = {"policy": policy.id, "version": policy.version, "result": "sampled_out"}
    if entry is not None:
        last = entry.period.end - DAY
        detail |= {"result": "enrolled", "from": entry.period.first, "to": last, "stratum": entry.stratum}
        detail |= {"late": True} if entry.late else {}
    else:
        detail["draw"], detail["rate"] = match.draw, policy.rate
    return detail


def plan_contact(fact: Fact, match: Match, customer: Customer, slots: Slots | None = None) -> ContactPlan:
    """Refusal, window, merge, quota, ceiling, cap, plan: the first that applies decides."""
    policy, choice = chosen(match.policy, fact, customer)
    detail: Detail = {"policy": policy.id, "version": policy.version, "draw": match.draw, "rate": policy.rate, **choice}
    moment = match.moment(fact)
    if policy.step:
        detail["step"] = policy.step
    if match.occasion:
        detail["occasion"] = match.occasion.reason
    if match.occasion and match.occasion.because:
        detail["because"] = match.occasion.because
    if not fact.customer_id:
        return ContactPlan(detail | {"result": "no_customer"}, customer)
    if policy.round == 1 and (reason := _refusal(moment, policy, customer)):
        return ContactPlan(detail | {"result": "refused", "reason": reason}, customer)
    if match.occasion and (asked := find_asked(customer, fact, policy)):
        return ContactPlan(detail | {"result": "merged", "partner": str(asked.id), "asked": asked.due_at}, customer)
    span = _span(fact, match, moment)
    if customer.paused_until and span.due < customer.paused_until:
        span = _span(fact, match, customer.paused_until)
        detail["paused_until"] = customer.paused_until
    detail |= _arithmetic(span)
    detail |= _dated(fact, match, span) if policy.counts_from_date else {}
    partner = find_partner(customer, fact, policy, span, match.asked_at(fact), at_once=match.occasion is None)
    if partner is not None and keeps_contact(partner, fact, policy, at_once=match.occasion is None):
        return _join(fact, policy, span, partner, customer, detail)
    if slots is None or not (policy.quota or policy.ceiling):
        return _plan(fact, policy, span, partner, customer, detail)
    return _plan_in_slot(fact, match._replace(policy=policy), span, partner, customer, detail, slots)


def _plan(
    fact: Fact, policy: Policy, span: Span, partner: Task | None, customer: Customer, detail: Detail
) -> ContactPlan:
    """A contact of its own; with the matters of the weaker `partner`, when it has one."""
    if partner is not None:
        return _take_over(fact, policy, span, partner, customer, detail)
    if cap := forbidding_cap(customer, policy, span):
        return ContactPlan(detail | {"result": "capped", "cap": cap_detail(cap)}, customer)
    task = new_task(fact, policy, span)
    return ContactPlan(_planned(detail, span, task), customer.planned(task), (task,))


def _plan_in_slot(
    fact: Fact, match: Match, span: Span, partner: Task | None, customer: Customer, detail: Detail, slots: Slots
) -> ContactPlan:
    """A contact of a policy with a quota or a ceiling."""
    policy, quota = match.policy, _quota(fact, match, customer)
    if policy.quota and quota and slots.taken(quota) >= policy.quota.limit:
        slots.lack(quota, policy.quota.limit)
        return ContactPlan(detail | _quota_detail(policy.quota, quota), customer)
    own = span
    if policy.ceiling and partner is None and (later := _below_ceiling(fact, match, span, slots)).due != span.due:
        detail |= _arithmetic(later) | {"ceiling": policy.ceiling, "moved_from": span.due}
        span = later
    planned = _plan(fact, policy, span, partner, customer, detail)
    if planned.tasks and policy.quota and quota:
        slots.take(quota, policy.quota.limit)
    if planned.tasks and policy.ceiling:
        slots.take(Slot(policy.id, local_day(planned.tasks[-1].due_at)), policy.ceiling)
        if span is not own:
            slots.lack(Slot(policy.id, local_day(own.due)), policy.ceiling)
    return planned


def _quota(fact: Fact, match: Match, customer: Customer) -> Slot | None:
    quota = match.policy.quota
    if quota is None:
        return None
    stratum = stratifier(quota.by)(fact, customer)
    return quota_slot(match.policy.id, quota, local_day(match.asked_at(fact)), stratum)


def _quota_detail(quota: Quota, slot: Slot) -> Detail:
    period = period_of(quota.per, slot.day)
    told: QuotaReached = {"limit": quota.limit, "from": period.first, "to": period.end - DAY, "stratum": slot.stratum}
    return {"result": "quota_reached", "quota": told}


def _below_ceiling(fact: Fact, match: Match, span: Span, slots: Slots) -> Span:
    """The first day with room from the contact's own on; its own when there is none within a year."""
    policy, later = match.policy, span
    for _ in range(LONGEST_SEARCH_DAYS):
        day = local_day(later.due)
        if slots.taken(Slot(policy.id, day)) < (policy.ceiling or 0):
            return later
        later = _span(fact, match, next_midnight(day))
    return span


def _span(fact: Fact, match: Match, moment: datetime) -> Span:
    policy, window = match.policy, match.policy.window
    branch = fact.branch if window.by_branch else ""
    return plan_span(
        match.anchor(fact),
        policy.delay,
        window,
        policy.deadline,
        target=policy.target,
        warn=policy.warn,
        moment=moment,
        branch=branch,
    )


def _arithmetic(span: Span) -> Detail:
    """How the contact's moments came about; what does not apply is left out."""
    detail: Detail = {"due": span.due, "deadline": span.deadline}
    if span.earliest:
        detail["earliest"] = span.earliest
    if span.blackout:
        detail["blackout"] = {"from": span.blackout.first, "to": span.blackout.last}
    if span.wanted:
        detail["wanted"] = span.wanted
    if span.basis:
        detail["provisional"] = True
    if span.calendar:
        detail["calendar"] = span.calendar
    return detail


def _dated(fact: Fact, match: Match, span: Span) -> Detail:
    """From which date they count, unless from what an earlier step came to; and whether that was heard of too late."""
    base = base_of(match.policy, fact)
    if base is None or base != match.anchor(fact):
        return {}
    late: Detail = {"learnt_late": True} if span.deadline and span.deadline <= match.moment(fact) else {}
    festival: Detail = {"festival": festival_of(match.policy, fact)[1]} if match.policy.base_festivals else {}
    return {"base": base, **festival, **late}


def _join(fact: Fact, policy: Policy, span: Span, partner: Task, customer: Customer, detail: Detail) -> ContactPlan:
    joined = join(partner, fact, policy, span)
    detail |= {"result": "merged", "partner": str(partner.id), "due": joined.due_at, "deadline": joined.deadline_at}
    return ContactPlan(detail, customer.planned(joined), (joined,))


def _take_over(
    fact: Fact, policy: Policy, span: Span, partner: Task, customer: Customer, detail: Detail
) -> ContactPlan:
    task, weaker = take_over(new_task(fact, policy, span), partner, policy.window.calendar.official)
    detail = _planned(detail, Span(task.due_at, task.deadline_at), task) | {"partner": str(weaker.id)}
    return ContactPlan(detail, customer.taken_over(weaker, task), (weaker, task))


def _planned(detail: Detail, span: Span, task: Task) -> Detail:
    detail["result"], detail["task"] = "planned", str(task.id)
    detail["due"], detail["deadline"] = span.due, span.deadline
    if span.too_short:
        detail["too_short"] = True
    return detail


def _refusal(moment: datetime, policy: Policy, customer: Customer) -> str:
    """What speaks against contact as far as facts and opt-outs tell, up to the moment of planning.

    What was told to an agent counts at release: it depends on when somebody called, and the plan should not. A second
    follow-up is planned in any case, so that its case ends on record.
    """
    if customer.do_not_contact:
        return "do_not_contact"
    opted_out = customer.opted_out_at(policy.channel, policy.purpose)
    return "opted_out" if opted_out is not None and opted_out <= moment else ""


def new_task(fact: Fact, policy: Policy, span: Span) -> Task:
    """The task of a policy (or of one of its steps) for a fact; the same input gives the same id."""
    return Task(
        id=task_id(policy, fact),
        policy_id=policy.id,
        policy_version=policy.version,
        event_id=fact.id,
        event_source=fact.source,
        customer_id=fact.customer_id,
        card=card_of(fact),
        matters=matters_of(fact),
        kind=fact.kind,
        branch=fact.branch,
        channel=policy.channel,
        team=policy.team,
        priority=policy.priority,
        questionnaire=policy.questionnaire,
        purpose=policy.purpose,
        round=policy.round,
        due_at=span.due,
        deadline_at=span.deadline,
        warn_at=span.warn_at,
        terms=terms_of(policy, span),
        hours=span.hours,
        case_id=fact.case_id,
        merge=policy.merge,
        merge_within=policy.merge_within,
        independent=policy.independent,
        counted=policy.counted,
        blockable=policy.blockable,
        tier=policy.tier,
        guards=policy.guards,
        defers=policy.defers,
        combined=(),
        lineage=fact.lineage or fact.id,
        step=policy.step,
        never_alone=policy.never_alone,
        barred=policy.barred,
    )
