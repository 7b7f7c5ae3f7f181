"""Who asks what: questionnaire and team by the fact's data, and never by those who did the work."""

from typing import Any

import pytest

from services.scheduler.domain.customer import Customer, updated
from services.scheduler.domain.explain.decision import explain
from services.scheduler.domain.organisation import Organisation, Team, Unit, recalled
from services.scheduler.domain.packs.pack import policy_of, read_pack
from services.scheduler.domain.task import Task
from tests.scheduler.builders import PolicyBook, as_yaml, contents, fact, judge

ORGANISATION = {
    "organisation": {
        "code": "HQ",
        "title": "总部",
        "tier": "head",
        "children": [
            {
                "code": "CD",
                "title": "成都",
                "tier": "branch",
                "children": [{"code": "CD1", "title": "一站", "tier": "shop"}],
            },
            {"code": "CX", "title": "城西", "tier": "branch"},
        ],
    },
    "teams": [
        {"code": "cd", "title": "成都班", "unit": "CD", "role": "service"},
        {"code": "cd1", "title": "一站班", "unit": "CD1", "role": "service"},
        {"code": "hq-sales", "title": "销售", "unit": "HQ", "role": "sales"},
        {"code": "hq", "title": "总部班", "unit": "HQ", "role": "service"},
    ],
}


def planned(
    policy: dict[str, Any], about: Any = None, organisation: Any = ORGANISATION, **head: Any
) -> tuple[Task, str]:
    """The task that a policy plans, and how the decision is explained."""
    files = contents(policy, **head) | ({"organisation.yaml": as_yaml(organisation)} if organisation else {})
    rules = PolicyBook([policy_of(draft.content, 1) for draft in read_pack(files).drafts])
    about = about or fact()
    decision, _ = judge(rules, about, updated(Customer("C1"), about))
    return decision.tasks[0], "".join(explain(decision.outcome, decision.details, {}))


@pytest.mark.parametrize(
    ("data", "wanted"),
    [({"product": {"category": "热水器"}}, "q1"), ({"product": {"category": "灶具"}}, "q2"), ({}, "q")],
)
def test_a_questionnaire_is_chosen_by_the_product(data: dict[str, Any], wanted: str) -> None:
    choice = {"by": "product.category", "cases": {"热水器": "q1", "灶具": "q2"}, "otherwise": "q"}
    assert planned({"questionnaire": choice}, fact(data=data))[0].questionnaire == wanted


def test_choices_go_by_kind_customer_and_plain_values_too() -> None:
    policy = {"events": ["*"], "team": {"by": "customer.level", "cases": {"A": "cd"}, "otherwise": "hq"}}
    assert planned(policy, fact(level="A"))[0].team == "cd"
    assert planned(policy, fact(level="B"))[0].team == "hq"
    by_kind = {"events": ["*"], "questionnaire": {"by": "kind", "cases": {"meter.read": "m"}}}
    assert (planned(by_kind, fact("meter.read"))[0].questionnaire, planned(by_kind)[0].questionnaire) == ("m", "")
    by_flag = {"questionnaire": {"by": "is_rework", "cases": {"true": "again", "3": "third"}}}
    assert planned(by_flag, fact(data={"is_rework": True}))[0].questionnaire == "again"


@pytest.mark.parametrize(("branch", "team"), [("CD", "cd"), ("CD1", "cd1"), ("CX", "hq"), ("??", "")])
def test_a_team_by_role_is_the_branchs_own_or_the_nearest_above(branch: str, team: str) -> None:
    assert planned({"team": {"role": "service"}}, fact(data={"org": {"code": branch}}))[0].team == team


def test_whoever_did_the_work_does_not_ask_about_it() -> None:
    policy = {"team": "cd", "independent": True}
    task, said = planned(policy, fact(data={"org": {"code": "CD"}}))
    assert (task.team, task.tier) == ("hq", "head")  # of the unit above, the same role first
    assert "；作业方为 CD，不由 cd 而由 hq 回访" in said
    task, said = planned(policy, fact(data={"org": {"code": "CX"}}))
    assert (task.team, "作业方" in said) == ("cd", False)


def test_the_teams_that_a_policy_names_stand_in_first() -> None:
    policy = {"team": "cd", "independent": True, "teams": ["cd1", "hq-sales"]}
    assert planned(policy, fact(data={"org": {"code": "CD"}}))[0].team == "hq-sales"  # cd1 is below CD
    provider = fact(data={"provider": {"code": "acme"}, "org": {"code": "CX"}})
    assert planned({"team": "acme", "independent": True, "teams": ["b"]}, provider, organisation=None)[0].team == "b"


def test_other_paths_may_tell_who_did_the_work() -> None:
    policy = {"team": "hq", "independent": ["ext.team"], "teams": ["cd"]}
    assert planned(policy, fact(data={"ext": {"team": "hq"}, "org": {"code": "HQ"}}))[0].team == "cd"
    assert planned(policy, fact(data={"org": {"code": "HQ"}}))[0].team == "hq"


def test_without_an_independent_team_the_contact_is_planned_for_a_supervisor_to_assign() -> None:
    task, said = planned({"team": "hq", "independent": True}, fact(data={"org": {"code": "HQ"}}))
    assert (task.state, task.team) == ("planned", "")
    assert "作业方为 HQ，没有独立的班组，任务未指定班组，请主管指派" in said


def test_a_contact_counts_for_the_tier_of_the_team_that_makes_it() -> None:
    caps = [{"limit": 1, "per": "quarter", "tiers": ["branch"]}]
    assert planned({"team": "cd"}, caps=caps)[0].tier == "branch"
    assert planned({"team": "hq"}, caps=caps)[0].tier == "head"


def test_who_did_the_work_is_told_with_the_task_and_all_that_is_part_of_them() -> None:
    by_cd = fact(data={"org": {"code": "CD"}, "engineer": {"code": "G7"}})
    task, _ = planned({"team": "cd", "independent": True}, by_cd)
    assert set(task.barred) == {"G7", "CD", "cd", "CD1", "cd1"}
    assert planned({"team": "cd"}, by_cd)[0].barred == ()
    at_the_top, _ = planned({"team": "hq", "independent": True, "teams": ["cd"]}, fact(data={"org": {"code": "HQ"}}))
    assert (at_the_top.team, "cd" in at_the_top.barred, "hq" in at_the_top.barred) == ("cd", False, True)


def test_who_may_not_go_alone_travels_with_the_task() -> None:
    task, _ = planned({"channel": "on_site", "never_alone": ["sales"]})
    assert task.never_alone == ("sales",)


def test_what_a_version_keeps_of_the_organisation_is_enough_for_its_rules() -> None:
    units = {"HQ": Unit("HQ", tier="head"), "CD": Unit("CD", tier="branch", parent="HQ")}
    teams = {"cd": Team("cd", unit="CD", role="service")}
    kept = recalled(Organisation(units, teams).recorded())
    assert (kept.tier_of("cd"), [*kept.upwards("CD")], kept.tier_of("x")) == ("branch", ["CD", "HQ"], "")
