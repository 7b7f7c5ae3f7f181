"""What a batch of events changes: lock facts → revise → save → add the difference to the figures."""

from collections import Counter
from collections.abc import Iterable, Mapping

from services.analytics import store
from services.analytics.domain.cases import CaseFact, with_repeats
from services.analytics.domain.cells import Figures, change
from services.analytics.domain.followups import FollowupFact
from services.analytics.domain.observations import Changes, Observed, Occurrence, observe, revised
from services.analytics.domain.ratings import RatingFact, settle
from services.analytics.domain.sends import SendFact
from services.analytics.store.facts import F
from shared.messaging import Work


async def count(work: Work, events: Iterable[Occurrence]) -> int:
    """Take the events into the figures, each fact's part replaced by its new part; returns how many rows changed.

    Facts are locked in one order everywhere: cases, ratings (a case settles its visit's rating), follow-ups, sends.
    """
    seen = observe(events)
    figures = seen.figures
    await _settle_ratings(work, seen.ratings, await _revise_cases(work, seen, figures))
    await _revise(work, RatingFact, seen.ratings, figures)
    await _revise(work, FollowupFact, seen.followups, figures)
    await _revise(work, SendFact, seen.sends, figures)
    await store.save_branch_names(work.session, seen.branch_names)
    return await store.add_figures(work.session, Counter({key: n for key, n in figures.items() if n}))


async def _revise(work: Work, kind: type[F], changes: Changes[F], figures: Figures) -> None:
    before = await store.lock_facts(work.session, kind, changes)
    after = {id_: revised(fact, changes[id_]) for id_, fact in before.items()}
    await _save(work, kind, before, after, figures)


async def _revise_cases(work: Work, seen: Observed, figures: Figures) -> dict[str, CaseFact]:
    """A new case may make another one a repetition, an excluded one no more: all of its matter are looked at again."""
    related = await store.case_ids_of(work.session, seen.matters)
    before = await store.lock_facts(work.session, CaseFact, [*seen.cases, *related])
    after = {id_: revised(fact, seen.cases.get(id_, ())) for id_, fact in before.items()}
    matters = [fact for fact in after.values() if (fact.customer, fact.kind) in seen.matters]
    after |= {fact.id: fact for fact in with_repeats(matters)}
    await _save(work, CaseFact, before, after, figures)
    return {id_: fact for id_, fact in after.items() if fact != before[id_]}


async def _settle_ratings(work: Work, ratings: Changes[RatingFact], cases: Mapping[str, CaseFact]) -> None:
    """A case that came from a visit tells the ratings of what it is about what it has come to."""
    for case in cases.values():
        for rating_id in case.rated:
            ratings.setdefault(rating_id, []).append(
                lambda rating, case=case: settle(rating, case.final, case.looped, case.excluded)  # type: ignore[misc]
            )


async def _save(work: Work, kind: type[F], before: Mapping[str, F], after: Mapping[str, F], figures: Figures) -> None:
    changed = [fact for id_, fact in after.items() if fact != before[id_]]
    for fact in changed:
        figures.update(change(before[fact.id].figures(), fact.figures()))
    await store.save_facts(work.session, kind, changed)
