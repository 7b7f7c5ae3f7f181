"""Policies that time triggers walk over the customers and tell whose day it is.

A walk is one policy's and one day's. Its place is a row that a portion locks, together with the occasions that it tells: so
every customer is met once, however many replicas walk and whenever they are stopped. Days that were missed come first, in
their order.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import structlog

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.later.walk import Walk, last_begun, next_walk
from services.scheduler.domain.ledger.contacts import LONGEST_PERIOD
from services.scheduler.domain.when.amounts import DAY
from services.scheduler.procedures.announce import announce_occasion
from services.scheduler.procedures.policies import PolicyCache
from services.scheduler.store import customers, walks
from services.scheduler.store.walks import Progress
from shared.messaging import Work
from shared.observability.catalogue import POLICIES, counter
from shared.zone import local_day

log = structlog.get_logger(__name__)
GIVEN_UP = counter(
    "huifang_scheduler_walks_given_up_total", "Walks over the customers that were too late to be made", "过期未走访的日期数",
    labels={"policy": POLICIES},
)  # fmt: skip


async def walk_on(work: Work, cache: PolicyCache, portion: int, catch_up: timedelta) -> int:
    """Meet the next `portion` customers of the longest due walk; returns how many, 0 when no walk is due."""
    book = (await cache.open(work.session)).book
    standing = await _standing(work, book)
    due = [walk for progress in standing if (walk := _due(book, progress, work.now(), catch_up))]
    for walk in sorted(due, key=lambda walk: walk.moment):
        claimed = await walks.claim_progress(work.session, walk.rule.policy.id)
        if claimed and (now_due := _due(book, claimed, work.now(), catch_up)):
            return await _meet(work, book, now_due, claimed, portion)
    return 0


async def _standing(work: Work, book: PolicyBook) -> list[Progress]:
    """Where each policy stands. A new one begins with its next day; one that is not in force forgets its place."""
    known = await walks.list_progress(work.session)
    if gone := known.keys() - book.timed.keys():
        await walks.drop_progress(work.session, gone)
    for policy_id in book.timed.keys() - known.keys():
        await walks.add_progress(work.session, policy_id, last_begun(book.timed[policy_id].policy, work.now()))
    return [progress for policy_id, progress in known.items() if policy_id in book.timed]


def _due(book: PolicyBook, progress: Progress, now: datetime, catch_up: timedelta) -> Walk | None:
    """The policy's next walk when its moment has come; days longer ago than `catch_up` are given up."""
    done = max(progress.done, local_day(now - catch_up) - DAY)
    walk = next_walk(book, progress.policy_id, done)
    return walk if walk and walk.moment <= now else None


async def _meet(work: Work, book: PolicyBook, walk: Walk, progress: Progress, portion: int) -> int:
    going_on = progress.day == walk.day
    if not going_on:
        _note_given_up(book, walk, progress)
    after = progress.after if going_on else ""
    met = await walks.list_known(work.session, after, portion)
    for customer in await _with_contacts(work, walk, met):
        if occasion := walk.occasion(customer):
            announce_occasion(work, occasion)
    await walks.save_progress(work.session, _moved_on(progress, walk.day, met, portion))
    return len(met) or 1


async def _with_contacts(work: Work, walk: Walk, met: Sequence[Customer]) -> Sequence[Customer]:
    """The customers with their contacts, where the policy counts them."""
    if not walk.rule.counts_contacts:
        return met
    since = walk.day - LONGEST_PERIOD
    contacts = await customers.find_contacts(work.session, [customer.id for customer in met], since)
    return [customer._replace(contacts=contacts.get(customer.id, ())) for customer in met]


def _moved_on(progress: Progress, day: date, met: Sequence[Customer], portion: int) -> Progress:
    """A portion that is not full was the last one."""
    if len(met) < portion:
        return Progress(progress.policy_id, day)
    return Progress(progress.policy_id, progress.done, day, met[-1].id)


def _note_given_up(book: PolicyBook, walk: Walk, progress: Progress) -> None:
    missed, policy_id = next_walk(book, progress.policy_id, progress.done), progress.policy_id
    while missed and missed.day < walk.day:
        log.warning("walk_given_up", policy=policy_id, day=missed.day.isoformat())
        GIVEN_UP.labels(policy_id).inc()
        missed = next_walk(book, policy_id, missed.day)
