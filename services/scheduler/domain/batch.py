"""Facts in their order: what policies say to each, then one decision after the other, each seeing those before it."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from datetime import date, datetime
from uuid import UUID

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer, updated
from services.scheduler.domain.decide import Decision, decide, malformed, not_standing, plan_contact, turned
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kept.contact_result import COMPLETED
from services.scheduler.domain.kept.memory import corrected, remembered, with_newest
from services.scheduler.domain.occasion import Occasion
from services.scheduler.domain.panel import Answers, ask
from services.scheduler.domain.restraint.pauses import paused
from services.scheduler.domain.rule import Match, Rule
from services.scheduler.domain.steps.chain import NO_CHAINS, Chained, heeded_types
from services.scheduler.domain.steps.runs import Moved, hear
from services.scheduler.domain.value import Value
from services.scheduler.domain.whom.enrol import settled_entry
from services.scheduler.domain.whom.limits import Slots
from shared.contracts.registry import wire_type
from shared.practice import is_practice

Customers = MutableMapping[str, Customer]
NO_RULES: Mapping[UUID, Rule] = {}
PAUSES = "pauses"
RESULT = wire_type(COMPLETED)


class Matched(Value, frozen=True):
    """A fact with its policies' answers, and its customer as the facts up to it describe them.

    `unasked` are rules that count contacts: they are asked when it is decided, since those planned just before matter.
    So is the rule of an `occasion` that time brings. `flaw` is what makes the data of a pack's own event kind unfit to be
    decided on. Because of the fact the customer is not contacted before `pause`. One that was `withdrawn` (why) plans nothing.
    """

    fact: Fact
    answers: Answers
    customer: Customer
    flaw: str = ""
    unasked: tuple[Rule, ...] = ()
    occasion: Occasion | None = None
    pause: datetime | None = None
    withdrawn: str = ""

    @property
    def drawn(self) -> bool:
        matches = self.answers.matches
        return bool(self.unasked) or (bool(matches) and any(one.drawn for one in matches))

    @property
    def may_enter(self) -> bool:
        """Whether it may enter a population."""
        return any(one.entry for one in self.answers.matches) or any(rule.enter for rule in self.unasked)

    @property
    def wanted(self) -> bool:
        """Whether a contact or a place in a population may come of it."""
        matches = self.answers.matches
        return bool(self.unasked) or (bool(matches) and any(one.drawn or one.entry for one in matches))

    def heard(self, customer: Customer) -> Answers:
        """With what the unasked ones say."""
        if not self.unasked:
            return self.answers
        late = ask(self.unasked, self.fact, customer)
        if (occasion := self.occasion) is not None:
            matches = tuple(one._replace(policy=occasion.policy, occasion=occasion) for one in late.matches)
            late = late._replace(matches=matches)
        return self.answers + late

    @property
    def its_occasion(self) -> Occasion | None:
        matches = self.answers.matches
        return self.occasion or (matches[0].occasion if matches else None)

    def without_policies(self, reason: str) -> "Matched":
        """As it is when the fact was withdrawn: it tells of its customer, and nothing more."""
        occasion = self.its_occasion
        return Matched(
            self.fact, Answers(), self.customer, self.flaw, occasion=occasion, pause=self.pause, withdrawn=reason
        )

    @property
    def recalled(self) -> bool:
        """Whether its fact has happened before, and only now is its occasion; or has not happened at all."""
        matches = self.answers.matches
        return self.occasion is not None or (bool(matches) and matches[0].occasion is not None)


class Decided(Value, frozen=True):
    """A decision with its customer as they were before and are after it.

    `turns` are runs that the fact moved first, `entered` the matches with populations that it entered.
    """

    decision: Decision
    before: Customer
    after: Customer
    turns: tuple[Decision, ...] = ()
    entered: Sequence[Match] = ()

    @property
    def records(self) -> tuple[Decision, ...]:
        return (*self.turns, self.decision)


def match_in_order(
    book: PolicyBook, facts: Sequence[Fact], kept: Mapping[str, Customer]
) -> tuple[list[Matched], dict[str, Customer]]:
    """Ask the policies about each fact; also gives the customers as they are after all of them."""
    seen: dict[str, Customer] = {}
    matched = []
    remembers, pauses = book.remembers, book.pauses
    for fact in facts:
        until = None
        if kind := book.kinds.get(fact.type):
            fact = kind.named(fact)
            if flaw := kind.flaw(fact.data):
                matched.append(Matched(fact, Answers(), Customer(fact.customer_id), flaw))
                continue
        customer_id = fact.customer_id
        customer = seen.get(customer_id) or kept.get(customer_id) or Customer(customer_id)
        if customer_id:
            customer = updated(customer, fact)
            if remembers and (paths := remembers.get(fact.type)) is not None:
                customer = customer._replace(memory=with_newest(customer.memory, remembered(fact, paths)))
            if (
                remembers
                and (after := corrected(customer.memory, fact, remembers.get(RESULT, ()))) is not customer.memory
            ):
                customer = customer._replace(memory=after)
            if pauses and (calls := book.at(fact.at).pauses.get(fact.type)):
                customer, until = paused(customer, fact, calls)
            seen[customer_id] = customer
        panel = book.at(fact.at).panel_for(fact.type)
        matched.append(Matched(fact, panel.ask(fact, customer), customer, unasked=panel.late, pause=until))
    return matched, seen


def _settled(match: Match, closed_until: date) -> Match:
    """With the population that the fact really enters."""
    if match.entry is None or match.policy.drawing is None:
        return match
    return match._replace(entry=settled_entry(match.entry, match.policy.drawing, closed_until))


def match_occasions(
    occasions: Sequence[Occasion], kept: Mapping[str, Customer], rules: Mapping[UUID, Rule] = NO_RULES
) -> list[Matched]:
    """Occasions have been matched and drawn before, but for those that time brings: `rules` by the occasions' keys.

    Their customers are as later facts have described them.
    """
    return [_matched(one, kept, rules.get(one.key)) for one in occasions]


def _matched(occasion: Occasion, kept: Mapping[str, Customer], rule: Rule | None) -> Matched:
    fact = occasion.fact
    customer = kept.get(fact.customer_id) or Customer(fact.customer_id)
    if rule is not None:
        return Matched(fact, Answers(), customer, unasked=(rule,), occasion=occasion)
    return Matched(fact, Answers((), (Match(occasion.policy, occasion=occasion),)), customer)


def decide_in_order(
    matched: Sequence[Matched],
    plans: Customers,
    chained: Chained = NO_CHAINS,
    closed: Sequence[date] | None = None,
    slots: Slots | None = None,
) -> Iterator[Decided]:
    """Decide one by one. `plans` are the customers somebody was drawn for or whose runs listen, with contacts, open tasks
    and what they wait for; kept up to date. What a fact means to the runs that are going comes before what it begins.

    For each of them, draws are closed up to the midnight that begins the day in `closed`; None where nothing is drawn of.
    `slots` are the counts of policies with a quota or a ceiling, kept up to date; None where there are none.
    """
    types = heeded_types(chained)
    for number, one in enumerate(matched):
        if one.flaw:
            yield Decided(malformed(one.fact, one.flaw), one.customer, one.customer)
            continue
        if one.withdrawn:
            yield Decided(not_standing(one.fact, one.withdrawn, one.its_occasion), one.customer, one.customer)
            continue
        before = one.customer
        if plan := plans.get(before.id):
            before = before._replace(
                contacts=plan.contacts, open=plan.open, waiting=plan.waiting, asked=plan.asked, story=plan.story
            )
        answers = one.heard(before)
        if is_practice(before.id):
            answers = answers._replace(matches=tuple(match.practised() for match in answers.matches))
        entered: Sequence[Match] = ()
        if closed is not None:
            answers = answers._replace(matches=tuple(_settled(match, closed[number]) for match in answers.matches))
            entered = [match for match in answers.matches if match.entry]
        heeded = one.fact.type in types and before.id and not one.recalled
        listening = hear(before, one.fact, chained, plan_contact) if heeded else Moved(before)
        decision, after = decide(one.fact, answers, listening.customer, slots, chained)
        if one.pause:
            decision = decision._replace(details=(*decision.details, {"result": PAUSES, "until": one.pause}))
        if after is not before:
            plans[before.id] = after
        yield Decided(decision, before, after, tuple(turned(turn) for turn in listening.turns), entered)
