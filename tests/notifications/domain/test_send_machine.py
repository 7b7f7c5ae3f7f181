"""The life cycle of a send, whatever happens around it (I7): every short story, and many long ones."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.notifications.send_model import World

SHORT = 5  # steps


def test_no_short_story_makes_the_provider_take_one_key_twice() -> None:
    """Every sequence of steps, those that lead to the same world once."""
    known, front = set(), [World()]
    for _ in range(SHORT):
        worlds, front = front, []
        for world in worlds:
            for number in range(len(world.steps())):
                after = world.copy()
                after.steps()[number]()
                after.check()
                if after.fingerprint() not in known:
                    known.add(after.fingerprint())
                    front.append(after)
    for world in front:
        world.check_the_end()
    assert len(known) > 1000


class LongStories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(choice=st.integers(0, 10_000))
    def something_happens(self, choice: int) -> None:
        steps = self.world.steps()
        steps[choice % len(steps)]()

    @invariant()
    def all_is_well(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        self.world.check_the_end()


LongStories.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestLongStories = LongStories.TestCase
