"""The steps of a policy (R05.1, R05.2, R09.1): the chain of contacts that one fact starts. `run` moves along it.

Repetitions and other channels are steps of their own: step `weekly` repeated is `weekly`, `weekly.2` …, and its contact by
SMS where the phone failed `weekly.2.sms`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache

from services.scheduler.domain.kept.contact_result import TOOK_PLACE
from services.scheduler.domain.policy import Chain, Content, Endless, Fallback, Heed, Origin, Policy, Step
from services.scheduler.domain.when.amounts import deadline_of

Chained = Mapping[tuple[str, int], Policy]
NO_CHAINS: Chained = {}
Heeded = Mapping[str, frozenset[str]]
FIRST = "first"  # what the rounds of a repetition may count from
ENDLESS, UNTIL, PER_WEEK = "endless", "until", "per_week"
MOST_ROUNDS_KEPT = 1024
REACHED: Content = {"field": "result", "op": "in", "value": [*TOOK_PLACE]}
ANYTHING: Content = {"field": "result", "op": "exists", "value": True}


def chains_of(policies: Iterable[Policy]) -> Chained:
    """Those with several steps, by id and version."""
    return {(policy.id, policy.version): policy for policy in policies if policy.chain}


def heeded_types(chained: Chained) -> set[str]:
    """The wire types that any run listens for."""
    return {wire for policy in chained.values() if policy.chain for wire in policy.chain.types}


def types_of(policy_id: str, chained: Chained) -> frozenset[str]:
    """The wire types that the policy's runs listen for, whatever their version."""
    chains = [policy.chain for policy in chained.values() if policy.chain and policy.id == policy_id]
    return frozenset(wire for chain in chains for wire in chain.types)


def listeners(wire: str, chained: Chained) -> set[str]:
    """The policies whose runs listen for such events."""
    return {policy.id for policy in chained.values() if policy.chain and wire in policy.chain.types}


def heeded_by(chained: Chained) -> Heeded:
    """The wire types that runs listen for, each with the paths by which an event without a customer is recognised."""
    found: dict[str, set[str]] = defaultdict(set)
    for policy in chained.values():
        for heed in policy.chain.heeds if policy.chain else ():
            for wire in heed.types:
                found[wire] |= {heed.same} - {""}
    return {wire: frozenset(paths) for wire, paths in found.items()}


@dataclass(frozen=True)
class _Builder:
    """Steps of canonical content; `build` makes the policy of a whole content."""

    base: Content
    build: Callable[[Content], Policy]
    steps: list[Step] = field(default_factory=list)
    endless: list[Endless] = field(default_factory=list)

    def add(self, content: Content) -> None:
        origin, condition = content["from"], content["if"]
        if origin == "took_place" and condition is None:
            condition = REACHED
        wait, stop = _heed(content["wait"]), _heed(content.get("stop"))
        first = replace(self.build(first_contact(self.base, content)), step=content["id"])
        step = Step(first, origin, condition, wait, self._fallbacks(content), stop=stop)
        self.steps.append(step)
        repeat = content["repeat"] or {"times": 1, "every": None}
        if repeat.get(ENDLESS):
            self.endless.append(self._endless(step, content, repeat))
            return
        for number in range(2, repeat["times"] + 1):
            self.steps.append(self._repeated(step, content, number, repeat))

    def _endless(self, step: Step, content: Content, repeat: Content) -> Endless:
        """Rounds made one after the other, whatever the one before came to; after an awaited event as any repetition."""

        @lru_cache(MOST_ROUNDS_KEPT)
        def round_of(number: int) -> Step:
            again = self._repeated(step, content, number, repeat)
            if step.wait:
                return again
            return replace(again, condition=ANYTHING if again.anchored else step.condition or ANYTHING)

        until = repeat.get(UNTIL) or {}
        day = date.fromisoformat(until["day"]) if "day" in until else None
        return Endless(round_of, day, tuple(until["field"].split(".")) if "field" in until else ())

    def _repeated(self, step: Step, content: Content, number: int, repeat: Content) -> Step:
        """A repetition counts from the one before it: `every` stands in for its delay and target, and its deadline begins then.

        One that counts from the first date is so many times `every` after it, and is planned with it; of several in a week
        each has its own day of it. After an awaited event it is planned as the first one was.
        """
        named, every = {**content, "id": f"{content['id']}.{number}"}, repeat["every"]
        if repeat.get("from") == FIRST:
            later, nth = divmod(number - 1, repeat.get(PER_WEEK, 1))
            how = self._anchored_round(content["how"], every, later)
            if PER_WEEK in repeat:
                how["delay"] = _one_of_week(how["delay"], nth, repeat[PER_WEEK])
            policy = self._policy(named["id"], how)
            fallbacks = self._fallbacks(named)
            return replace(step, policy=policy, origin="planned", condition=None, fallbacks=fallbacks, anchored=True)
        how = content["how"] if every is None else self._round(content["how"], every)
        origin: Origin = "took_place" if step.origin == "took_place" else "planned"
        return replace(step, policy=self._policy(named["id"], how), origin=origin, fallbacks=self._fallbacks(named))

    def _round(self, how: Content, every: Content) -> Content:
        deadline = changed(self.base, how)["deadline"]
        after = deadline and {**deadline, "after": every}
        without = {*how.get("without", ()), *({"target"} & self.base.keys())}
        kept = {key: value for key, value in how.items() if key != "target"}
        return {**kept, "delay": every, "deadline": after, "without": without}

    def _anchored_round(self, how: Content, every: Content, number: int) -> Content:
        """How the round `number` after the first is contacted: as the first, so many times `every` later."""
        later = {**every, "amount": every["amount"] * number}
        whole = changed(self.base, how)
        moved = {key: _later(whole[key], later) for key in ("delay", "target") if whole.get(key)}
        return {**how, **moved, "deadline": whole["deadline"] and _ended_later(whole["deadline"], later)}

    def _fallbacks(self, content: Content) -> tuple[Fallback, ...]:
        return tuple(
            Fallback(self._policy(f"{content['id']}.{one['how']['channel']}", one["how"]), tuple(one["when"]))
            for one in content["fallback"]
        )

    def _policy(self, name: str, how: Content) -> Policy:
        return replace(self.build(changed(self.base, how)), step=name)


def changed(content: Content, how: Content) -> Content:
    """A policy's content as one of its steps changes it."""
    whole = {**content, **how}
    for key in whole.pop("without", ()):
        del whole[key]
    return whole


def first_contact(content: Content, step: Content) -> Content:
    """A policy's content as the first contact of one of its steps has it."""
    whole, of = changed(content, step["how"]), (step["repeat"] or {}).get(PER_WEEK)
    return {**whole, "delay": _one_of_week(whole["delay"], 0, of)} if of else whole


def _one_of_week(delay: Content, number: int, of: int) -> Content:
    """With an open day of its own: the `number`-th from 0 of so many contacts in the week that begins after the delay."""
    return {**delay, "spread": [number, of]}


def _later(amount: Content, more: Content) -> Content:
    """`more` after an amount: of one unit their sum, so that 31 January, a month and a month is 31 March."""
    if not amount["amount"]:
        return more
    if amount["unit"] == more["unit"]:
        return {**amount, "amount": amount["amount"] + more["amount"]}
    return {**more, "after": amount}


def _ended_later(deadline: Content, more: Content) -> Content:
    """A deadline counted from so much later; months and months are their sum, as of a delay."""
    if deadline["unit"] == more["unit"] == "months":
        return {**deadline, "amount": deadline["amount"] + more["amount"]}
    return {**deadline, "after": more}


def chain_of(content: Content, build: Callable[[Content], Policy]) -> Chain | None:
    """The chain of a policy's canonical content; None when the policy is a single contact."""
    if not content.get("steps"):
        return None
    own = ("steps", "stop", "again")
    builder = _Builder({key: value for key, value in content.items() if key not in own}, build)
    for step in content["steps"]:
        builder.add(step)
    return Chain(tuple(builder.steps), _heed(content["stop"]), content["again"], next(iter(builder.endless), None))


def _heed(content: Content | None) -> Heed | None:
    if content is None:
        return None
    within = content.get("within")
    until = deadline_of(within) if within else None
    return Heed(
        tuple(content["events"]),
        content["condition"],
        content.get("same", ""),
        until,
        content.get("anyway", False),
        content.get("unless", False),
        **content.get("reading", {}),
    )
