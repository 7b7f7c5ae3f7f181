"""The recount's figures, held against what they must be by hand."""

from collections import Counter

from deploy.reconcile.figures import Recount
from services.analytics.domain.cells import Tally
from tests.analytics.builders import told
from tests.analytics.test_several_matters import told as told_of_two_matters


def test_a_case_settles_the_rating_of_the_matter_it_is_about() -> None:
    """Rated 5 and 2 at first; the second, after its case, 4."""
    recount = Recount()
    recount.take(told(*told_of_two_matters("e2")))
    final: Counter[tuple[str, str]] = Counter()
    for tally, amount in recount.result().items():
        if isinstance(tally, Tally) and tally.measure.startswith("final."):
            final[tally.cell.kind, tally.measure] += amount
    assert final == {("repair.closed", "final.very_satisfied"): 1, ("meter.read", "final.satisfied"): 1}
