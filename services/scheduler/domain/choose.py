"""The choices that a policy leaves to the fact, made when a contact is planned."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from services.scheduler.domain.conditions.tree import getter
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.detail import Detail
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.how import KIND, Choice, How, text_of
from services.scheduler.domain.policy import Policy

_getter = cache(getter)


def chosen(policy: Policy, fact: Fact, customer: Customer) -> tuple[Policy, Detail]:
    """The policy with its choices made for this fact, and what the record says about them."""
    how = policy.how
    if how is None:
        return policy, {}
    questionnaire, team = policy.questionnaire, policy.team
    if how.questionnaire:
        questionnaire = _picked(how.questionnaire, fact, customer)
    if how.team:
        team = _picked(how.team, fact, customer)
    elif how.role:
        team = _of_role(how, fact.branch)
    detail: Detail = {}
    barred: tuple[str, ...] = ()
    if how.doers:
        doers = _doers(how, fact, customer)
        team, detail = _independent(how, team, doers)
        barred = _with_parts(how, doers)
    tier = how.organisation.tier_of(team)
    return replace(policy, questionnaire=questionnaire, team=team, tier=tier, barred=barred), detail


def _picked(choice: Choice, fact: Fact, customer: Customer) -> str:
    value = fact.kind if choice.by == KIND else _getter(choice.by)(fact, customer)
    return choice.cases.get(text_of(value), choice.otherwise)


def _of_role(how: How, branch: str) -> str:
    for unit in how.organisation.upwards(branch):
        for team in how.organisation.teams_of(unit):
            if team.role == how.role:
                return team.code
    return ""


def _doers(how: How, fact: Fact, customer: Customer) -> tuple[str, ...]:
    found = (_getter(path)(fact, customer) for path in how.doers)
    return tuple(dict.fromkeys(code for code in found if isinstance(code, str) and code))


def _with_parts(how: How, doers: tuple[str, ...]) -> tuple[str, ...]:
    """The doers, and the teams and units that are part of them."""
    parts = how.organisation.parts
    return tuple(dict.fromkeys((*doers, *(part for doer in doers for part in parts.get(doer, ())))))


def _independent(how: How, wanted: str, doers: tuple[str, ...]) -> tuple[str, Detail]:
    """The wanted team when it had no part in the work, else the first other one; "" when there is none."""
    if not any(how.organisation.is_part_of(wanted, doer) for doer in doers):
        return wanted, {}
    for team in _others(how, wanted):
        if not any(how.organisation.is_part_of(team, doer) for doer in doers):
            return team, {"instead_of": wanted, "doers": list(doers), "team": team}
    return "", {"instead_of": wanted, "doers": list(doers), "no_independent_team": True}


def _others(how: How, wanted: str) -> Iterator[str]:
    """Those the policy names, then the teams of the units above, the same role first."""
    yield from how.teams
    if how.team:
        yield from how.team.cases.values()
        yield how.team.otherwise
    own = how.organisation.teams.get(wanted)
    if own is None:
        return
    for unit in list(how.organisation.upwards(own.unit))[1:]:
        yield from (
            team.code for team in sorted(how.organisation.teams_of(unit), key=lambda team: team.role != own.role)
        )
