"""No accepted configuration makes a later event fail: sound ones, mildly changed, meet the events that use them."""

import os
import random
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from services.gateway.commands.messages import READERS
from services.gateway.domain.documents import Reading
from services.gateway.domain.facts import judge, with_read_numbers
from services.gateway.domain.options import check_options, check_zone, options_of
from services.gateway.schemas import SourceOptions
from services.notifications.domain.contacts import Contact, updated
from services.notifications.domain.errors import RuleRejected, TemplateRejected
from services.notifications.domain.lint import parse_rule, parse_template
from services.notifications.domain.planning import Versioned, called_off_by, fact_of, plan
from services.notifications.domain.rules import applying
from services.scheduler.domain.packs.pack import PackInvalid, read_pack
from services.scheduler.domain.simulation import rehearsal
from services.scheduler.domain.simulation.rehearsal import books_of, rehearse
from services.scheduler.domain.simulation.scenario import DrawMode, Scenario, Step
from services.visits.domain.answering import assess, missing, validated, visible
from services.visits.domain.definition import read_definition
from services.visits.domain.errors import InvalidAnswers, InvalidQuestionnaire
from shared.privacy import Sealer
from shared.testing.events import NOON, event
from shared.testing.served import DATA_KEY
from tests.hostile.mild import STRANGE, mildly_changed, strange
from tests.scheduler.builders import MONDAY, as_yaml, contents

EXAMPLES = int(os.environ.get("HUIFANG_HOSTILE_EXAMPLES", "300"))
SHARE = 0.3  # of the examples that must be accepted, or the property says little
SEALER = Sealer.from_text(DATA_KEY)
SOUND: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "sound.yaml").read_text("utf-8"))
DATA: dict[str, Any] = SOUND["fact"]
DATA["customer"]["phone"] = SEALER.seal("+8613800138000")


def accepted_at_least(taken: int, examples: int) -> None:
    assert taken >= examples * SHARE, f"{taken} of {examples} accepted"


VALUES = ("data.amount", "data.list", "data.text", "data.at", "data.no", "data", "at", "number", "customer.name")
CONSTANTS = ("1", "0.5", "1e999", "'a'", "none", "true", "9" * 400, "''", "'%s'")
FILTERS = ("default('-', true)", "d(1)", "trim", "upper", "int", "first", "last", "length", "day", "minute", "excerpt")
TESTS = ("defined", "none", "number", "divisibleby 0", "in 'ab'", "mapping", "eq 1", "lower", "nosuch", "sameas none")


def expression(chance: random.Random) -> str:
    """A parameter's source, mostly of allowed parts."""
    value = chance.choice(VALUES)
    for _ in range(chance.randrange(3)):
        value = f"{value} | {chance.choice(FILTERS)}"
    form = chance.choice(
        ("{{{{ {v} }}}}", "{{% if {v} {o} {c} %}}甲{{% else %}}乙{{% endif %}}", "{{{{ '甲' if {w} is {t} else {c} }}}}",
         "{{{{ {w}[{c}] }}}}", "{{{{ {w}.{n} }}}}")
    )  # fmt: skip
    return form.format(
        v=value, w=chance.choice(VALUES), o=chance.choice(("==", "<", ">=", "in", "not in")), c=chance.choice(CONSTANTS),
        t=chance.choice(TESTS), n=chance.choice(("items", "x", "__class__", "0")),
    )  # fmt: skip


@pytest.mark.parametrize("share", range(4))
def test_no_template_and_no_rule_makes_an_event_fail(share: int) -> None:
    taken = 0
    for seed in range(share, EXAMPLES * 4, 4):
        chance = random.Random(seed)
        document = mildly_changed(SOUND["template"], chance)
        if isinstance(params := document.get("params"), dict) and params:
            params[chance.choice(list(params))] = expression(chance)
        try:
            template = parse_template(document)
            rule = parse_rule(mildly_changed(SOUND["rule"], chance))
        except (TemplateRejected, RuleRejected):
            continue
        taken += 1
        for data in (DATA, {}, *(strange(DATA, chance) for _ in range(4))):
            sent = event("test.fact", data)
            fact = fact_of(sent)
            called_off_by(sent.name, data)
            applying([rule], fact.name, data)
            for contact in (None, updated(Contact("C1"), sent.name, data, NOON)):
                plan(fact, rule, Versioned(1, template), contact, NOON)
    accepted_at_least(taken, EXAMPLES)


ANSWERS: tuple[Any, ...] = (1, 2, 5, 1.5, "yes", "no", "partly", "unclear", "a", ["a"], ["b", "a"], "无", 0, *STRANGE)


def test_no_questionnaire_makes_an_answer_fail() -> None:
    taken = 0
    for seed in range(EXAMPLES * 4):
        chance = random.Random(seed)
        try:
            questionnaire = read_definition(mildly_changed(SOUND["questionnaire"], chance))
        except InvalidQuestionnaire:
            continue
        taken += 1
        valid: dict[str, Any] = {}
        for question, answer in product(questionnaire.questions, chance.sample(ANSWERS, 12)):
            try:
                valid |= validated(questionnaire, {question.id: answer})
            except InvalidAnswers:
                continue
            meant = assess(questionnaire, valid)
            assert meant.rating in (None, 1, 2, 3, 4, 5)
            assert meant.complete is not bool(missing(visible(questionnaire, valid), meant.answers))
            assert meant.score is None or abs(meant.score) < 1e15
    accepted_at_least(taken, EXAMPLES * 4)


ZONES = ("Asia/Shanghai", "UTC", "Etc/GMT+12", "Pacific/Kiritimati", "Asia", "../UTC", "Factory", "localtime", "")


@pytest.mark.parametrize("kind", SOUND["messages"])
def test_no_source_makes_a_message_fail(kind: str) -> None:
    sound, message = SOUND["hotline" if kind == "hotline" else "source"], SOUND["messages"][kind]
    usual = sound if kind in ("hotline", "generic") else sound | {"words": {}}
    taken = 0
    for seed in range(EXAMPLES):
        chance = random.Random(seed)
        stored = mildly_changed(usual, chance)
        zone = chance.choice(ZONES)
        try:
            stored = SourceOptions.model_validate(stored).model_dump()
        except ValidationError:
            continue
        if check_zone(zone) + check_options(kind, stored):
            continue
        taken += 1
        options = options_of("s", kind, zone, stored)
        for body in (message, {}, *(strange(message, chance) for _ in range(8))):
            reading = READERS[kind](body, options)
            if isinstance(reading, Reading) and reading.candidate:
                judge(with_read_numbers(reading.candidate), NOON, SEALER)
    accepted_at_least(taken, EXAMPLES)


def files_of(pack: dict[str, Any]) -> dict[str, str]:
    files = contents(*pack.get("policies", ()), **pack.get("pack", {}))
    files["organisation.yaml"] = as_yaml(pack.get("organisation", {}))
    return files | {"kinds/test.yaml": as_yaml({"kinds": pack.get("kinds", [])})}


def what_happens(chance: random.Random) -> Scenario:
    """Facts that the policies are about, contacts about them, a case, a refusal, and weeks without anything."""
    at, steps = MONDAY, []
    for number in range(6):
        name = chance.choice(("repair.closed", "test.fact"))
        data = DATA if number % 3 == 0 else strange(DATA, chance) | {"customer": DATA["customer"]}
        steps.append(Step("fact", name, f"e{number}", at, {"id": "C1"}, data=data))
        at += timedelta(days=chance.choice((1, 2, 9)))
        result = chance.choice(("completed", "callback_agreed", "no_answer", "wrong_number", "refused"))
        said = {"rating": chance.choice((1, 5)), "callback_at": at + timedelta(days=1), "final": True}
        steps.append(Step("contact", result, f"v{number}", at, {"id": "C1"}, f"e{number}", said))
    steps.append(Step("opt_out", "sms", "o", at, {"id": "C1"}))
    draw: DrawMode = chance.choice(("all", "all", "real", "none"))
    return Scenario("t", 1, "t", "", draw, tuple(steps), at + timedelta(days=120), (), ())


def test_no_pack_makes_a_fact_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "BROKEN", ())  # nothing is forgiven
    taken = 0
    for seed in range(EXAMPLES // 4):
        chance = random.Random(seed)
        try:
            pack = read_pack(files_of(mildly_changed(SOUND["pack"], chance)), "test")
        except PackInvalid:
            continue
        taken += 1
        rehearse(what_happens(chance), books_of(pack.policies, pack.kinds))
    accepted_at_least(taken, EXAMPLES // 4)
