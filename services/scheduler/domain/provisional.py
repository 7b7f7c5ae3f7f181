"""Contacts that hang on holidays not yet published: what they are computed from, and how they are computed again.

Such a task keeps a *term* for every policy it answers: where the policy's own span was provisional what it was computed
from, else the span itself.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.scheduler.domain.policy import Policy
from services.scheduler.domain.task import Task
from services.scheduler.domain.when.hours import narrowed
from services.scheduler.domain.when.windows import Span, next_moment, plan_span

Term = Mapping[str, Any]
Terms = tuple[Term, ...]
PolicyOf = Callable[[Term], Policy]


def terms_of(policy: Policy, span: Span) -> Terms:
    """Of a new plan; none when nothing of it is provisional."""
    if span.basis is None:
        return ()
    anchor, moment, branch = span.basis
    year = policy.window.calendar.official.confirmed_until.year
    computed = {"anchor": anchor.isoformat(), "moment": moment.isoformat(), "branch": branch, "year": year}
    return ({"policy": policy.id, "version": policy.version, "step": policy.step, **computed, **_shown(span)},)


def joined_terms(task: Task, terms: Terms, span: Span) -> Terms:
    """Of `task` when it also answers what has these terms and this span; none when nothing of it is provisional."""
    if not task.terms and not terms:
        return ()
    return (*(task.terms or (_shown(span_of(task)),)), *(terms or (_shown(span),)))


def unpublished_year(task: Task) -> int:
    """The first year whose holidays were not known when a provisional task was planned."""
    return min(int(term["year"]) for term in task.terms if "year" in term)


def span_of(task: Task) -> Span:
    return Span(task.due_at, task.deadline_at, task.warn_at, task.hours)


def recomputed(task: Task, policy_of: PolicyOf) -> Task:
    """The task with its times computed again by the calendar that the policies now have.

    A due moment that something else has moved meanwhile only moves on, never back.
    """
    policies = [policy_of(term) if "policy" in term else None for term in task.terms]
    spans = [_again(term, policy) for term, policy in zip(task.terms, policies, strict=True)]
    before = max(datetime.fromisoformat(term["due"]) for term in task.terms)
    due = max(span.due for span in spans)
    terms = tuple(
        terms_of(policy, span)[0] if policy and span.basis else _shown(span)
        for policy, span in zip(policies, spans, strict=True)
    )
    return task._replace(
        due_at=_open(task, due if task.due_at == before else max(task.due_at, due), policies),
        deadline_at=min((span.deadline for span in spans if span.deadline), default=None),
        warn_at=min((span.warn_at for span in spans if span.warn_at), default=None),
        terms=terms if any(span.basis for span in spans) else (),
    )


def _open(task: Task, due: datetime, policies: Sequence[Policy | None]) -> datetime:
    """The first moment at or after `due` in the hours common to all of the task's policies."""
    window = next(policy.window for policy in policies if policy).of(task.branch)
    return next_moment(narrowed(window, task.hours) or window, due, task.branch)


def _again(term: Term, policy: Policy | None) -> Span:
    if policy is None:
        deadline, warn_at = term["deadline"], term["warn_at"]
        return Span(_moment(term["due"]), deadline and _moment(deadline), warn_at and _moment(warn_at))
    return plan_span(
        _moment(term["anchor"]),
        policy.delay,
        policy.window,
        policy.deadline,
        target=policy.target,
        warn=policy.warn,
        moment=_moment(term["moment"]),
        branch=term["branch"],
    )


def _shown(span: Span) -> Term:
    moments = {"due": span.due, "deadline": span.deadline, "warn_at": span.warn_at}
    return {name: at and at.isoformat() for name, at in moments.items()}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
