from typing import Any

import pytest

from services.scheduler.domain.ledger.caps import Cap
from services.scheduler.domain.packs.pack import PackInvalid, read_pack
from services.scheduler.domain.when.amounts import Deadline, Delay
from shared.yaml_reader import read_yaml
from tests.scheduler.builders import PACK_FILE, contents, policies

POLICY = "id: p1\ntitle: 策略\ntrigger: {events: [repair.closed]}\nrate: all\n"


def problems(policy: str = POLICY, head: str = PACK_FILE, path: str = "policies/a.yaml") -> list[tuple[str, str, str]]:
    with pytest.raises(PackInvalid) as caught:
        read_pack({"pack.yaml": head, path: policy})
    return [(one.file, one.key, one.message) for one in caught.value.problems]


def test_a_policy_gets_what_it_says_and_the_pack_says_for_it() -> None:
    (policy,) = policies(
        {
            "rate": 20,
            "delay": {"days": 1},
            "deadline": {"working_days": 3},
            "channel": "sms",
            "cap": "unblocked",
            "guards": ["case_open"],
            "clauses": ["R01.1"],
        },
        caps=[{"limit": 2, "per": "quarter"}, {"limit": 1, "per": "days", "days": 7}],
        window={"days": "all", "frames": ["10:30-11:30"]},
    )
    assert (policy.rate, policy.delay, policy.deadline) == (20, Delay(1, "days"), Deadline(3, "working_days"))
    assert policy.caps == (Cap(2, "quarter"), Cap(1, "days", 7))
    assert policy.window.days == "all"
    assert (policy.channel, policy.participation, policy.guards, policy.clauses) == (
        "sms",
        "unblocked",
        ("case_open",),
        ("R01.1",),
    )
    assert policy.seed == "test"


def test_the_same_content_has_the_same_hash_however_it_is_written() -> None:
    reordered = "rate: all\ntrigger:\n  events:\n    - repair.closed\ntitle: 策略\npriority: 5\nid: p1\n"
    first = read_pack({"pack.yaml": PACK_FILE, "policies/a.yaml": POLICY}).drafts[0]
    second = read_pack({"pack.yaml": PACK_FILE, "policies/b.yaml": reordered}).drafts[0]
    assert first.hash == second.hash
    assert first.hash != read_pack(contents({"priority": 4})).drafts[0].hash


def test_a_file_may_hold_several_policies_and_one_may_start_disabled() -> None:
    pack = read_pack(contents({"id": "a"}, {"id": "b", "enabled": False}))
    assert [(draft.id, draft.enabled) for draft in pack.drafts] == [("a", True), ("b", False)]


def test_other_folders_of_a_pack_are_left_alone() -> None:
    files = {"pack.yaml": PACK_FILE, "policies/a.yaml": POLICY, "questionnaires/q.yaml": "id: q\nquestions: []\n"}
    assert len(read_pack(files).drafts) == 1


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        ("rate: 120", "rate", "0 到 100"),
        ("rate: true", "rate", "all"),
        ("rates: 20", "rates", "是否想写 rate"),
        ("id: 大写", "id", "编号"),
        ("title: 7", "title", "中文名称"),
        ("trigger: {events: []}", "trigger.events", "事件名"),
        ("trigger: {events: ['a b']}", "trigger.events", "事件名只含"),
        ("trigger: {event: [x]}", "trigger.event", "是否想写 events"),
        ("trigger: repair.closed", "trigger", "触发条件"),
        ("delay: {days: 1, hours: 2}", "delay", "只写一个单位"),
        ("delay: {quarters: 1}", "delay.quarters", "working_days"),
        ("delay: {days: -1}", "delay.days", "0 到"),
        ("deadline: 3", "deadline", "时长"),
        ("window: {days: weekdays}", "window.days", "working"),
        ("window: {frames: ['9:00-12:00']}", "window.frames", "09:00-12:00"),
        ("window: {frames: ['14:00-18:00', '09:00-12:00']}", "window.frames", "先后"),
        ("window: {frames: ['12:00-09:00']}", "window.frames", "起早止晚"),
        ("cap: never", "cap", "exempt"),
        ("channel: fax", "channel", "phone"),
        ("priority: 0", "priority", "1 到 9"),
        ("purpose: sales", "purpose", "followup"),
        ("merge: 'no'", "merge", "true 或 false"),
        ("guards: [open]", "guards", "case_open"),
        ("enabled: 1", "enabled", "true 或 false"),
    ],
)
def test_a_mistake_names_file_key_and_what_to_write(change: str, key: str, says: str) -> None:
    name = change.partition(":")[0]
    kept = "".join(line + "\n" for line in POLICY.splitlines() if not line.startswith(f"{name}:"))
    found = problems(kept + change + "\n")
    assert any((file, where) == ("policies/a.yaml", key) and says in message for file, where, message in found)


@pytest.mark.parametrize(
    ("condition", "key", "says"),
    [
        ({"field": "a", "op": "equals", "value": 1}, "op", "eq"),
        ({"field": "a", "op": "in", "value": "x"}, "value", "列表"),
        ({"field": "a", "op": "gt", "value": True}, "value", "数"),
        ({"field": "a", "op": "matches", "value": "("}, "value", "正则"),
        ({"field": "a", "op": "eq"}, "value", "一个值"),
        ({"field": "a..b", "op": "exists"}, "field", "路径"),
        ({"field": "event.id", "op": "exists"}, "field", "type"),
        ({"all": []}, "all", "至少"),
        ({"any": [{"field": "a", "op": "eq", "value": None}]}, "any[0].value", "一个值"),
        ({"op": "eq", "value": 1}, "field", "缺少"),
    ],
)
def test_a_mistake_in_a_condition_is_found_where_it_is(condition: dict[str, Any], key: str, says: str) -> None:
    with pytest.raises(PackInvalid) as caught:
        read_pack(contents({"condition": condition}))
    first = caught.value.problems[0]
    assert first.key == f"policies[0].trigger.condition.{key}"
    assert says in first.message


def test_conditions_are_not_nested_for_ever() -> None:
    tree: dict[str, Any] = {"field": "a", "op": "exists"}
    for _ in range(9):
        tree = {"not": tree}
    with pytest.raises(PackInvalid, match="嵌套"):
        read_pack(contents({"condition": tree}))


def test_broken_yaml_is_told_with_its_line() -> None:
    ((file, place, _),) = problems("id: p1\n  title: [")
    assert file == "policies/a.yaml"
    assert "第 2 行" in place


def test_a_pack_needs_its_head_file_and_policies_in_their_folder() -> None:
    with pytest.raises(PackInvalid, match="缺少此文件"):
        read_pack({"policies/a.yaml": POLICY})
    assert "policies/a.yaml" in problems(path="a.yaml")[0][2]


def test_ids_are_unique_within_a_pack() -> None:
    with pytest.raises(PackInvalid, match="出现了多次"):
        read_pack(contents({"id": "a"}, {"id": "a"}))


def test_caps_of_a_pack_are_checked() -> None:
    with pytest.raises(PackInvalid) as caught:
        read_pack(contents({}, caps=[{"limit": 0, "per": "fortnight"}, {"limit": 1, "per": "days"}]))
    assert {one.key for one in caught.value.problems} == {"caps[0].limit", "caps[0].per", "caps[1].days"}


def test_every_mistake_is_told_at_once() -> None:
    assert len(problems("id: p1\ntitle: 策略\nrate: 0\npriority: 99\n")) == 3


def test_only_true_and_false_are_truth_values() -> None:
    """`on` is a key of pauses; YAML 1.1 would read it, and `off` and `no`, as a truth value."""
    text = "{on: [off, no, true_data], yes: true, no: FALSE}"
    assert read_yaml(text).value == {"on": ["off", "no", "true_data"], "yes": True, "no": False}
