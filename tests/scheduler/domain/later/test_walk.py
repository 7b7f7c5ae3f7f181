"""Time triggers from facts to plans, as pack tests and trial runs see them."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.scheduler.domain.packs.check import check_pack
from services.scheduler.domain.packs.pack import policy_of, read_pack
from services.scheduler.domain.packs.scenario_file import read_scenarios
from services.scheduler.domain.packs.schema import pack_schema
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.simulation.rehearsal import books_of, rehearse
from shared.yaml_reader import read_yaml
from tests.scheduler.builders import at, book, fact

PACK = "format: 1\nname: test\ntitle: 测试\n"
POLICY = """\
policies:
  - id: birthday
    title: 生日祝福
    trigger:
      anniversary: customer.birthday
      condition: {field: customer.level, op: eq, value: A}
    rate: all
    channel: sms
    purpose: greeting
    window: {days: all, frames: ["09:00-20:00"]}
    deadline: {hours: 11}
  - id: half-yearly
    title: 重点客户半年回访
    trigger:
      every: half_year
      at: "08:00"
      condition:
        all:
          - {field: customer.tier, op: eq, value: key}
          - {history: {contacts: true, within: {days: 90}}, op: eq, value: 0}
    rate: all
    delay: {days: 1}
    questionnaire: q
""".replace("      on_: x\n", "")
TESTS = """\
tests:
  - name: 生日当天祝福，农历生日按农历
    given:
      - {fact: customer.updated, id: U1, at: 2026-03-02 10:00, customer: {id: C1, level: A, birthday: "1986-03-21"}}
      - {fact: customer.updated, id: U2, at: 2026-03-02 10:00, customer: {id: C2, level: A, birthday: "lunar:02-03"}}
      - {fact: customer.updated, id: U3, at: 2026-03-02 10:00, customer: {id: C3, level: B, birthday: "1986-03-21"}}
    until: 2026-12-31 23:00
    expect:
      - {policy: birthday, day: 2026-03-21, due: 2026-03-21 09:00, deadline: 2026-03-21 20:00, channel: sms}
      - {policy: birthday, day: 2026-03-21, customer: C2, state: released}
  - name: 重点客户每半年一次，近期联系过的不再联系
    given:
      - {fact: customer.updated, id: U1, at: 2026-03-02 10:00, data: {tier: key}}
      - {contact: completed, id: V1, about: half-yearly/C1/2026-07-01, at: 2026-07-02 10:00}
      - {fact: customer.updated, id: U2, at: 2026-12-29 10:00, customer: C2, data: {tier: key}}
    until: 2027-01-05 00:00
    expect:
      - {policy: half-yearly, day: 2026-07-01, due: 2026-07-02 09:00, state: done}
      - {policy: half-yearly, day: 2027-01-01, due: 2027-01-04 09:00}
      - {policy: half-yearly, day: 2027-01-01, customer: C2}
"""
FILES = {
    "pack.yaml": PACK,
    "policies/a.yaml": POLICY,
    "questionnaires/q.yaml": "id: q\n",
    "tests/t.yaml": TESTS,
}
VALID = Draft202012Validator(pack_schema())


def test_a_pack_tests_its_time_triggers() -> None:
    assert [str(one) for one in check_pack(FILES, "test")] == []
    books = books_of([policy_of(draft.content, 1) for draft in read_pack(FILES).drafts])
    scenarios = read_scenarios(FILES, set(), [])
    assert [rehearse(scenario, books) for scenario in scenarios] == [[], []]


def test_the_whole_passes_an_editors_schema() -> None:
    for name in ("policies/a.yaml", "tests/t.yaml"):
        VALID.validate(_texts(read_yaml(FILES[name]).value))


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _texts(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return value if isinstance(value, str | int | float | bool) else str(value)


def test_finishing_triggers_nothing_new() -> None:
    simulation = Simulation(book({"trigger": {"every": "week", "on": "tue"}, "delay": {"days": 9}, "merge": False}))
    simulation.happen(fact("customer.updated", time=at("2026-03-02 10:00")))
    simulation.advance(at("2026-03-10 10:00"))
    simulation.finish()
    assert [task.event_id for task in simulation.tasks.values()] == ["p1/C1/2026-03-03", "p1/C1/2026-03-10"]
    assert {task.state for task in simulation.tasks.values()} == {"released"}


def test_a_percentage_draws_customers_once_a_turn() -> None:
    rules = book({"trigger": {"every": "week", "on": "tue"}, "rate": 30, "merge": False})
    simulation = Simulation(rules)
    for number in range(200):
        simulation.happen(fact("customer.updated", id=f"u{number}", customer=f"C{number}", time=at("2026-03-02 10:00")))
    simulation.advance(at("2026-03-03 10:00"))
    assert 40 <= len(simulation.tasks) <= 80
    outcomes = [one.outcome for one in simulation.decisions.values() if one.occasion]
    assert len(outcomes) == 200
    assert {"planned", "sampled_out"} == set(outcomes)


def test_time_can_trigger_several_steps() -> None:
    steps = [{"id": "first"}, {"id": "again", "from": "planned", "delay": {"days": 2}}]
    simulation = Simulation(book({"trigger": {"every": "month", "on": 10}, "steps": steps, "merge": False}))
    simulation.happen(fact("customer.updated", time=at("2026-03-02 10:00")))
    simulation.advance(at("2026-03-20 10:00"))
    planned = [(task.step, task.due_at) for task in simulation.tasks.values()]
    assert planned == [("first", at("2026-03-10 09:00")), ("again", at("2026-03-12 09:00"))]


TRIGGER = "      anniversary: customer.birthday\n      condition: {field: customer.level, op: eq, value: A}\n"
MISTAKES = [
    ("every: fortnight", "every", "以下之一：week"),
    ("every: week\n      on: 2", "on", "以下之一：mon"),
    ("every: week\n      on: tuesday", "on", "是否想写 tue"),
    ("every: month\n      on: 32", "on", "1 到 31"),
    ("every: year\n      on: '3-15'", "on", '如 "03-15"'),
    ("every: quarter\n      on: 1", "on", "spread: true"),
    ("every: week\n      on: tue\n      spread: true", "on", "请删去其一"),
    ("every: week\n      at: 9点", "at", '如 "09:00"'),
    ("every: year\n      seasons: [{from: '11-01'}]", "seasons[0].to", "缺少此项"),
    ("every: year\n      seasons: [{from: '11-31', to: '03-31'}]", "seasons[0].from", "月日"),
    ("every: year\n      calendar: lunar", "calendar", "没有这个配置项"),
    ("anniversary: birthday", "anniversary", "如 customer.birthday"),
    ("anniversary: customer.birthday\n      calendar: moon", "calendar", "solar"),
    ("anniversary: customer.birthday\n      offset: {weeks: 1}", "offset", "应写且只写一个单位"),
    ("anniversary: customer.birthday\n      offset: {days: -400}", "offset.days", "-366 到 366"),
    ("anniversary: customer.birthday\n      once: 'yes'", "once", "true 或 false"),
    ("anniversary: customer.birthday\n      events: [repair.closed]", "anniversary", "只能写一种"),
]
ONLY_CHECK = [
    ("every: week\n      condition: {field: result, op: eq, value: x}", "condition.field", "没有事件"),
    (
        "every: week\n      condition: {history: {events: [repair.closed], same: result}, op: ge, value: 1}",
        "condition.history.same",
        "没有事件可比",
    ),
]


@pytest.mark.parametrize(("wrong", "key", "says"), MISTAKES + ONLY_CHECK)
def test_a_mistake_is_told_where_it_stands(wrong: str, key: str, says: str) -> None:
    files = FILES | {"policies/a.yaml": POLICY.replace(TRIGGER, f"      {wrong}\n", 1)}
    found = [one for one in check_pack(files, "test") if one.file == "policies/a.yaml"]
    assert any(one.key == f"policies[0].trigger.{key}" and says in one.message for one in found), found


@pytest.mark.parametrize("wrong", [wrong for wrong, _, _ in MISTAKES])
def test_an_editor_sees_a_mistake_of_form(wrong: str) -> None:
    assert not VALID.is_valid(read_yaml(POLICY.replace(TRIGGER, f"      {wrong}\n", 1)).value)


def test_time_triggers_may_draw_of_those_whose_turn_it_is() -> None:
    files = FILES | {"policies/a.yaml": POLICY.replace("rate: all", "rate: {exact: 20, of: day}", 1)}
    assert [one for one in check_pack(files, "test") if not one.warning] == []
