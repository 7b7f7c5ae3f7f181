from typing import Any

import pytest

from services.scheduler.domain.packs.check import check_pack
from services.scheduler.domain.packs.pack import PackInvalid, policy_of, read_pack, read_parts
from services.scheduler.domain.policy import Chain
from services.scheduler.domain.when.amounts import Deadline, Delay
from tests.scheduler.builders import contents, policies

RAIN = {"events": ["weather.rained"], "same": "area", "within": {"days": 90}}


def chain(*steps: dict[str, Any], **policy: Any) -> Chain:
    (read,) = policies({**policy, "steps": list(steps)})
    assert read.chain is not None
    return read.chain


def mistakes(*steps: dict[str, Any], **policy: Any) -> dict[str, str]:
    """Key → message of what is wrong with a policy of these steps."""
    with pytest.raises(PackInvalid) as caught:
        policies({**policy, "steps": list(steps)})
    return {problem.key.removeprefix("policies[0]."): problem.message for problem in caught.value.problems}


def test_a_policy_without_steps_is_a_single_contact() -> None:
    (policy,) = policies({})
    assert policy.chain is None


def test_a_step_takes_over_what_the_policy_says_and_changes_what_it_says_itself() -> None:
    first, again = chain(
        {"id": "first", "deadline": {"hours": 24}},
        {"id": "again", "from": "planned", "delay": {"days": 2}, "team": "other"},
        team="hotline",
        deadline={"days": 9},
    ).steps
    assert (first.policy.step, first.policy.team, first.policy.deadline) == ("first", "hotline", Deadline(24, "hours"))
    assert (again.policy.step, again.policy.team, again.policy.deadline) == ("again", "other", Deadline(9, "days"))
    assert (first.policy.id, again.policy.delay, again.origin) == ("p1", Delay(2, "days"), "planned")


def test_a_step_does_without_what_it_sets_to_none() -> None:
    (first,) = chain(
        {"id": "first", "deadline": "none", "target": "none"}, deadline={"days": 9}, target={"days": 1}
    ).steps
    assert (first.policy.deadline, first.policy.target) == (None, None)


def test_a_step_asking_about_the_last_result_counts_from_when_it_took_place() -> None:
    unhappy = {"field": "result", "op": "eq", "value": "dissatisfied"}
    _, again = chain({"id": "first"}, {"id": "again", "if": unhappy}).steps
    assert (again.origin, again.condition) == ("took_place", unhappy)


def test_a_step_counting_from_when_the_last_took_place_needs_that_it_did() -> None:
    _, again = chain({"id": "first"}, {"id": "again", "from": "took_place"}).steps
    assert again.condition == {"field": "result", "op": "in", "value": ["completed", "dissatisfied", "problem"]}


def test_repetitions_are_steps_that_count_from_each_other() -> None:
    repeat = {"every": {"days": 3}, "times": 3}
    steps = chain({"id": "call", "delay": {"days": 1}, "repeat": repeat}).steps
    assert [(step.name, step.policy.delay.amount, step.origin) for step in steps] == [
        ("call", 1, "event"),
        ("call.2", 3, "planned"),
        ("call.3", 3, "planned"),
    ]


def test_another_channel_is_tried_at_once_and_says_the_rest_as_its_step() -> None:
    (first,) = chain(
        {
            "id": "first",
            "delay": {"days": 7},
            "team": "a",
            "fallback": [{"channel": "sms"}, {"channel": "email", "when": ["expired"]}],
        }
    ).steps
    sms, email = first.fallbacks
    assert (sms.policy.step, sms.policy.channel, sms.policy.team, sms.policy.delay) == (
        "first.sms",
        "sms",
        "a",
        Delay(),
    )
    assert (sms.when, email.when) == (("unreachable", "invalid_number"), ("expired",))


def test_a_window_by_channel_holds_for_the_channels_of_a_step() -> None:
    by_sms = [{"channel": "sms", "frames": ["20:00-21:00"]}]
    (policy,) = policies({"steps": [{"id": "first", "fallback": [{"channel": "sms"}]}]}, windows=by_sms)
    assert policy.chain is not None
    assert [str(opens) for opens, _ in policy.chain.policies["first.sms"].window.frames] == ["20:00:00"]


def test_content_of_a_policy_without_steps_has_not_changed() -> None:
    (draft,) = read_pack(contents({})).drafts
    assert not {"steps", "stop", "again"} & set(draft.content)
    assert policy_of(draft.content, 1).chain is None


WRONG: list[tuple[dict[str, str], list[dict[str, Any]]]] = [
    ({"steps": "应至少写一个步骤"}, []),
    ({"steps[0].id": "缺少此项"}, [{"team": "a"}]),
    ({"steps[0].id": "编号"}, [{"id": "First.1"}]),
    ({"steps[1].id": "步骤编号 a 写了两次"}, [{"id": "a"}, {"id": "a"}]),
    (
        {"steps[0].if": "trigger.condition"},
        [{"id": "a", "from": "event", "if": {"field": "result", "op": "eq", "value": "x"}}],
    ),
    ({"steps[0].from": "第一步没有上一步"}, [{"id": "a", "from": "planned"}]),
    ({"steps[1].from": "took_place"}, [{"id": "a"}, {"id": "b", "from": "planned", "wait": RAIN}]),
    ({"steps[0].trigger": "整条策略"}, [{"id": "a", "trigger": {"events": ["x"]}}]),
    ({"steps[0].rate": "整条策略"}, [{"id": "a", "rate": 20}]),
    ({"steps[0].chanel": "是否想写 channel"}, [{"id": "a", "chanel": "sms"}]),
    ({"steps[0].channel": "以下之一"}, [{"id": "a", "channel": "fax"}]),
    ({"steps[0].delay": "单位"}, [{"id": "a", "delay": {"days": 1, "hours": 1}}]),
    ({"steps[0].wait.events": "缺少此项"}, [{"id": "a", "wait": {"within": {"days": 1}}}]),
    ({"steps[0].wait.events": "weather.rained"}, [{"id": "a", "wait": {"events": ["*"], "within": {"days": 1}}}]),
    ({"steps[0].wait.within": "最多等多久"}, [{"id": "a", "wait": {"events": ["weather.rained"]}}]),
    ({"steps[0].wait.wihtin": "是否想写 within"}, [{"id": "a", "wait": {**RAIN, "wihtin": {"days": 1}}}]),
    ({"steps[0].repeat.times": "2 到 100"}, [{"id": "a", "repeat": {"every": {"days": 1}, "times": 1}}]),
    ({"steps[0].repeat.every": "相隔多久"}, [{"id": "a", "repeat": {"times": 2}}]),
    ({"steps[0].repeat.every": "再等一次"}, [{"id": "a", "wait": RAIN, "repeat": {"times": 2, "every": {"days": 1}}}]),
    ({"steps[0].fallback[0].channel": "缺少此项"}, [{"id": "a", "fallback": [{"when": ["expired"]}]}]),
    ({"steps[0].fallback[0].channel": "已经用过"}, [{"id": "a", "fallback": [{"channel": "phone"}]}]),
    (
        {"steps[0].fallback[0].when": "是否想写 unreachable"},
        [{"id": "a", "fallback": [{"channel": "sms", "when": ["unreached"]}]}],
    ),
    ({"steps[0].fallback[0].wen": "是否想写 when"}, [{"id": "a", "fallback": [{"channel": "sms", "wen": []}]}]),
]


@pytest.mark.parametrize(("wrong", "steps"), WRONG)
def test_a_mistake_in_a_step_is_named_with_what_to_write(wrong: dict[str, str], steps: list[dict[str, Any]]) -> None:
    found = mistakes(*steps)
    for key, message in wrong.items():
        assert message in found.get(key, ""), found


def test_a_mistake_of_the_policy_is_told_once_and_not_for_every_step() -> None:
    found = mistakes({"id": "a"}, {"id": "b"}, channel="fax")
    assert list(found) == ["channel"]


def test_stop_and_again_are_for_policies_with_steps() -> None:
    with pytest.raises(PackInvalid) as caught:
        policies({"stop": {"events": ["order.completed"]}, "again": "restart"})
    assert [problem.key for problem in caught.value.problems] == ["policies[0].stop", "policies[0].again"]


def test_a_repetition_that_does_not_count_from_the_first_date_keeps_the_content_it_always_had() -> None:
    every = {"every": {"days": 7}, "times": 4}
    (draft,) = read_pack(contents({"steps": [{"id": "a", "repeat": {**every, "from": "last"}}]})).drafts
    assert draft.content["steps"][0]["repeat"] == {"every": {"amount": 7, "unit": "days"}, "times": 4}
    (waiting,) = read_pack(contents({"steps": [{"id": "a", "wait": {**RAIN, "anyway": False}}]})).drafts
    assert "anyway" not in waiting.content["steps"][0]["wait"]


@pytest.mark.parametrize(
    ("every", "lasts", "times"),
    [
        ({"days": 7}, {"days": 28}, 4),
        ({"days": 7}, {"days": 29}, 5),
        ({"weeks": 1}, {"days": 28}, 4),
        ({"half_months": 1}, {"months": 6}, 12),
        ({"working_days": 5}, {"working_days": 20}, 4),
    ],
)
def test_a_repetition_may_say_how_long_it_lasts(every: dict[str, int], lasts: dict[str, int], times: int) -> None:
    repeat = {"every": every, "for": lasts, "from": "first"}
    (draft,) = read_pack(contents({"steps": [{"id": "a", "repeat": repeat, "deadline": {"days": 2}}]})).drafts
    assert draft.content["steps"][0]["repeat"]["times"] == times


@pytest.mark.parametrize(
    ("step", "key", "says"),
    [
        ({"repeat": {"every": {"days": 7}, "for": {"months": 2}}}, "repeat.for", "单位应能换算"),
        ({"repeat": {"every": {"days": 7}, "for": {"days": 7}}}, "repeat.for", "算是 1 次"),
        ({"repeat": {"every": {"days": 7}, "for": {"days": 14}, "times": 2}}, "repeat.for", "只写其一"),
        ({"repeat": {"every": {"days": 7}, "endless": True, "until": "2026-12-31"}}, "repeat.endless", "只写其一"),
        ({"repeat": {"every": {"hours": 7}, "endless": True}}, "repeat.every", "至少相隔一天"),
        ({"repeat": {"every": {"days": 7}, "until": "2026 年底"}}, "repeat.until", "如 2026-12-31"),
        ({"repeat": {"every": {"days": 7}, "endless": True, "from": "first"}}, "deadline", "已过的各次会一起补上"),
        ({"repeat": {"every": {"half_months": 1}, "times": 3}}, "repeat.every", "请加 from: first"),
        ({"wait": RAIN, "repeat": {"times": 3, "from": "first"}}, "repeat.from", "不能写 from: first"),
        ({"repeat": {"every": {"days": 7}, "times": 2, "from": "begin"}}, "repeat.from", "last、first"),
        ({"repeat": {"every": {"days": 7}, "times": 2, "from": "first"}}, "deadline", "已过的各次会一起补上"),
    ],
)
def test_a_mistake_in_how_often_is_told(step: dict[str, Any], key: str, says: str) -> None:
    problems = read_parts(contents({"steps": [{"id": "a", **step}]})).problems
    assert any(one.key == f"policies[0].steps[0].{key}" and says in one.message for one in problems), problems


def test_a_repetition_without_an_end_is_the_last_step() -> None:
    endless = {"every": {"days": 7}, "endless": True}
    found = mistakes({"id": "a", "repeat": endless}, {"id": "b", "from": "planned"})
    assert "须是最后一步" in found["steps[0].repeat"]


@pytest.mark.parametrize(
    ("until", "content"), [("contract.ends_on", {"field": "contract.ends_on"}), ("2026-12-31", {"day": "2026-12-31"})]
)
def test_a_repetition_may_last_until_a_day_that_is_given_or_told_by_the_fact(until: str, content: object) -> None:
    (draft,) = read_pack(contents({"steps": [{"id": "a", "repeat": {"every": {"days": 7}, "until": until}}]})).drafts
    every = {"amount": 7, "unit": "days"}
    assert draft.content["steps"][0]["repeat"] == {"every": every, "endless": True, "until": content}


def test_a_day_that_no_event_tells_is_doubted() -> None:
    steps = [{"id": "a", "repeat": {"every": {"days": 7}, "until": "contract_until"}}]
    found = check_pack(contents({"steps": steps, "questionnaire": "none"}))
    assert any(one.key.endswith("repeat.until") and "没有 contract_until" in one.message for one in found)
