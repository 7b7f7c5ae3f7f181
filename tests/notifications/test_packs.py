"""The packs' templates can be used as they are, and the rules that come with them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.notifications.domain.lint import parse_rule, parse_template
from services.notifications.domain.rules import FESTIVAL, Rule
from shared.conditions.tree import asked_for

PACKS = Path(__file__).parents[2] / "deploy" / "packs"
FILES = sorted(PACKS.glob("*/templates/*.yaml"))


def load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


def rules_of(pack: str) -> list[Rule]:
    files = sorted((PACKS / pack / "templates").glob("*.yaml"))
    return [parse_rule(rule) for file in files for rule in load(file)["rules"]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_template_of_a_pack_is_without_findings_and_its_rules_use_it(path: Path) -> None:
    document = load(path)
    template = parse_template({key: value for key, value in document.items() if key != "rules"})
    assert {parse_rule(rule).template for rule in document["rules"]} == {template.name}


def test_no_two_templates_or_rules_of_the_packs_share_a_name() -> None:
    documents = [load(path) for path in FILES]
    templates = [document["name"] for document in documents]
    rules = [rule["id"] for document in documents for rule in document["rules"]]
    assert len(set(templates)) == len(templates)
    assert len(set(rules)) == len(rules)


def test_every_rule_about_a_policy_names_one_of_its_own_pack() -> None:
    for path in FILES:
        policies = {
            policy["id"]
            for file in (path.parents[1] / "policies").glob("*.yaml")
            for policy in load(file).get("policies", [load(file)])
        }
        named = {name for rule in load(path)["rules"] for name in asked_for(rule.get("condition"), "policy_id")}
        assert named <= policies, path


def test_festivals_are_greeted_by_the_phone_shop_and_promotion_needs_consent() -> None:
    """R10.2."""
    rules = {rule.id: rule for rule in rules_of("r10-phone-shop") if FESTIVAL in rule.events}
    assert set(rules) == {"shop-festival", "shop-promotion"}
    assert rules["shop-promotion"].needs_consent


def test_a_major_complaint_is_reported_to_managers_at_once() -> None:
    """R13.3."""
    (rule,) = [rule for rule in rules_of("r13-complaints") if rule.audience == "manager"]
    assert (rule.events, rule.condition, rule.when) == (
        ("complaint.opened",),
        {"field": "grade", "op": "eq", "value": "major"},
        "at_once",
    )
