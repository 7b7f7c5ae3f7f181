"""What a customer's runs remember: the facts that moved them or may have to, so that a fact heard late finds its place.

Order is that of happening: by time; of one moment what begins a run of the policy comes before what stops one; then by id.
"""

from collections.abc import Container, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.scheduler.domain.facts import Fact

Order = tuple[datetime, bool, str, UUID]


class Begun(NamedTuple):
    """That a fact triggered a policy of several steps, be it that another run was going and this one was not begun.

    A run that `stands` is never taken back: somebody has been contacted or was not, or time did something to it. `over` is
    when such a run ended.
    """

    policy_id: str
    version: int
    draw: float | None = None
    stands: bool = False
    over: datetime | None = None

    @property
    def policy(self) -> tuple[str, int]:
        return (self.policy_id, self.version)


class Heard(NamedTuple):
    """A fact with the policies it triggered, or an event that runs listen for."""

    fact: Fact
    runs: tuple[Begun, ...] = ()

    def run_of(self, policy_id: str) -> Begun | None:
        return next((begun for begun in self.runs if begun.policy_id == policy_id), None)

    def order(self, policy_id: str) -> Order:
        """Where it stands among what concerns a policy."""
        return (self.fact.at, self.run_of(policy_id) is None, self.fact.id, self.fact.key)


Story = tuple[Heard, ...]


def with_heard(story: Story, fact: Fact, *begun: Begun) -> Story:
    """With the fact, and with what it begins beside what it has begun."""
    known = next((one for one in story if one.fact.key == fact.key), None)
    if known is None:
        return (*story, Heard(fact, begun))
    if not begun:
        return story
    names = {one.policy_id for one in begun}
    runs = (*(one for one in known.runs if one.policy_id not in names), *begun)
    return tuple(Heard(known.fact, runs) if one is known else one for one in story)


def with_standing(story: Story, fact: Fact, policy_id: str, over: datetime | None) -> Story:
    """The policy's run for the fact is not taken back any more; `over` when it has ended."""
    known = next((one.run_of(policy_id) for one in story if one.fact.key == fact.key), None)
    if known is None:
        return story  # forgotten, or begun before anything was remembered
    return with_heard(story, fact, known._replace(stands=True, over=over))


def of_policy(story: Story, policy_id: str, types: Container[str]) -> list[Heard]:
    """What concerns a policy whose runs listen for these wire types, in the order in which it happened."""
    concerned = [one for one in story if one.run_of(policy_id) or one.fact.type in types]
    return sorted(concerned, key=lambda one: one.order(policy_id))


def is_late(story: Story, fact: Fact, policy_id: str, types: Container[str]) -> bool:
    """Whether something that concerns the policy happened after this fact of the story and was heard before it."""
    entries = of_policy(story, policy_id, types)
    if entries and entries[-1].fact.key != fact.key:
        return True
    return any(over > fact.at for over in _ends(entries, policy_id))


def _ends(entries: Iterable[Heard], policy_id: str) -> list[datetime]:
    runs = (one.run_of(policy_id) for one in entries)
    return [run.over for run in runs if run and run.over]
