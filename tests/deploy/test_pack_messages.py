"""A pack's messages are judged across its parts before a platform sees them: the lint of templates, and who has a text."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.commands._pack_messages import message_problems
from deploy.commands.pack import app
from deploy.local.pack_folder import read_files

PACKS = Path(__file__).parents[2] / "deploy" / "packs"
FOLDERS = sorted(path.parent for path in PACKS.glob("*/pack.yaml"))
HEAD = "format: 1\nname: p\ntitle: 包\n"
POLICY = """
policies:
  - id: tell
    title: 告知
    trigger: {events: [customer.updated]}
    rate: all
    channel: sms
    purpose: notice
    cap: exempt
"""
TEMPLATE = """
name: told
title: 告知短信
channel: sms
category: notice
sign: 客服
text: 尊敬的{{ name }}，您的资料已变更。
params: {name: "{{ customer.name }}"}
sample: {name: 张先生}
codes: {aliyun: SMS_1}
review: approved
rules:
  - id: told-rule
    events: [followup.released]
    condition: {field: policy_id, op: eq, value: tell}
    purpose: notice
    template: told
"""


def pack(template: str = TEMPLATE, policy: str = POLICY) -> dict[str, str]:
    files = {"pack.yaml": HEAD, "policies/a.yaml": policy}
    return files | ({"templates/told.yaml": template} if template else {})


def told(**changes: str) -> list[str]:
    return [str(problem) for problem in message_problems(pack(**changes), "p")]


def test_a_pack_with_a_text_for_each_message_has_no_findings() -> None:
    assert told() == []


def test_a_notice_without_a_template_is_told_at_its_policy() -> None:
    (found,) = told(template="")
    assert found.startswith("policies/a.yaml:3 · purpose：通知没有消息模板，不会发出")
    assert "condition: {field: policy_id, op: eq, value: tell}" in found
    (greeting,) = told(template="", policy=POLICY.replace("purpose: notice", "purpose: greeting"))
    assert "问候没有消息模板" in greeting


def test_a_rule_for_another_policy_or_a_switched_off_one_is_no_text() -> None:
    assert told(template=TEMPLATE.replace("value: tell", "value: other"))
    assert told(template=TEMPLATE + "    enabled: false\n")
    assert told(template=TEMPLATE.replace("policy_id, op: eq, value: tell", "purpose, op: in, value: [notice]")) == []
    assert told(template=TEMPLATE.replace("policy_id, op: eq, value: tell", "branch, op: eq, value: B1")) == [], (
        "only facts tell the branch"
    )


def test_a_follow_up_by_sms_without_a_text_is_doubted_only() -> None:
    (found,) = message_problems(pack("", POLICY.replace("purpose: notice", "purpose: followup")), "p")
    assert (found.warning, found.key) == (True, "channel")


def test_a_follow_up_by_sms_with_questions_wants_the_text_of_its_invitation() -> None:
    asks = POLICY.replace("purpose: notice", "purpose: followup") + "    questionnaire: ask\n"
    asking = pack(policy=asks) | {"questionnaires/ask.yaml": "id: ask\n"}
    (found,) = message_problems(asking, "p")
    assert (found.warning, "events: [visit.invited]" in found.message) == (True, True)
    text = TEMPLATE.replace("events: [followup.released]", "events: [visit.invited]")
    assert message_problems(asking | {"templates/told.yaml": text}, "p") == []


def test_a_deadline_warning_that_nobody_hears_is_told() -> None:
    warned = POLICY + "    deadline: {hours: 24}\n    warn: {hours: 4}\n"
    (found,) = message_problems(pack(policy=warned), "p")
    assert (found.key, found.warning, found.line) == ("warn", True, 3)
    assert "followup.deadline_near" in found.message
    heard = TEMPLATE + "  - {id: near, events: [followup.deadline_near], purpose: near, template: mail}\n"
    assert message_problems(pack(heard, warned), "p") == []


@pytest.mark.parametrize("limit", ["ceiling: {per_day: 5}", "quota: {limit: 5, per: week}"])
def test_a_limit_whose_reaching_nobody_hears_of_is_told(limit: str) -> None:
    limited = POLICY + f"    {limit}\n"
    (found,) = message_problems(pack(policy=limited), "p")
    assert (found.key, found.warning, found.line) == (limit.split(":")[0], True, 3)
    assert "policy.limit_reached" in found.message
    heard = TEMPLATE + "  - {id: full, events: [policy.limit_reached], purpose: full, template: mail}\n"
    assert message_problems(pack(heard, limited), "p") == []


@pytest.mark.parametrize(
    ("was", "now", "place", "advice"),
    [
        ("您的资料已变更", "请填问卷调查", "templates/told.yaml:7 · text", "回复1满意2基本满意3不满意"),
        ("codes: {aliyun: SMS_1}", "codes: {tencent: '1'}", "templates/told.yaml:10 · codes", "aliyun: 该运营商"),
        ("您的资料已变更。", "祝您新春愉快。", "templates/told.yaml:5 · category", "category: promotion"),
        ("您的资料已变更。", "您好。回T退订", "templates/told.yaml:7 · text", "请删去"),
        ('"{{ customer.name }}"', '"https://a.example/x"', "templates/told.yaml:8 · params.name", "固定网址"),
        ("purpose: notice\n", "purpose: greeting\n", "templates/told.yaml:13 · rules.told-rule", "category: promotion"),
        ("category: notice", "category: promotion", "templates/told.yaml:7 · text", "拒收请回复R"),
        ("channel: sms", "channel: fax", "templates/told.yaml", "channel"),
        (
            "op: eq, value: tell",
            "op: is, value: tell",
            "templates/told.yaml:15 · rules[0].condition.op",
            "以下之一：eq",
        ),
        (
            "{field: policy_id, op: eq",
            "{cel: 'data.a ==', op: eq",
            "templates/told.yaml:15 · rules[0].condition",
            "没有写完",
        ),
        (
            "condition: {field: policy_id, op: eq, value: tell}",
            "where: {policy_id: tell}",
            "templates/told.yaml:15 · rules[0].where",
            "huifang pack migrate",
        ),
        ("name: told", "[", "templates/told.yaml", ""),
    ],
)
def test_findings_name_file_line_key_and_what_to_write(was: str, now: str, place: str, advice: str) -> None:
    found = [each for each in told(template=TEMPLATE.replace(was, now, 1)) if each.startswith(place) and advice in each]
    assert found, told(template=TEMPLATE.replace(was, now, 1))


def test_a_promotion_without_consent_is_a_mistake_and_a_greeting_a_doubt() -> None:
    promotion = TEMPLATE.replace("category: notice", "category: promotion").replace("变更。", "变更。拒收请回复R")
    (found,) = message_problems(pack(promotion), "p")
    assert (found.warning, found.line, "needs_consent: true" in found.message) == (False, 13, True)
    (greeting,) = message_problems(pack(promotion.replace("您的资料已变更", "祝您生日快乐")), "p")
    assert greeting.warning
    assert message_problems(pack(promotion + "    needs_consent: true\n"), "p") == []


def test_the_check_command_stops_at_mistakes_and_shows_warnings(tmp_path: Path) -> None:
    for name, text in pack(template="").items():
        (tmp_path / "p" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "p" / name).write_text(text)
    result = CliRunner().invoke(app, ["check", str(tmp_path / "p")])
    assert result.exit_code == 1
    assert "通知没有消息模板" in result.output
    shop = CliRunner().invoke(app, ["check", str(PACKS / "r10-phone-shop")])
    assert (shop.exit_code, "提醒" in shop.output) == (0, True)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_packs_have_no_mistakes_in_their_messages(folder: Path) -> None:
    assert [str(each) for each in message_problems(read_files(folder), folder.name) if not each.warning] == []
