"""Old forms in a pack are rewritten by a command: the rest of a file stays byte for byte, and the meaning stays too."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.commands._pack_check import problems_of
from deploy.commands._pack_migrate import NotMigrated, rewritten
from deploy.commands.pack import app

QUESTIONNAIRE = """\
# 客户服务部 2026 年版
id: visit
title: "上门回访"
opening: 您好   # 照读
closing: 再见
questions:
  - {id: came, kind: yes_no, title: 到场, ask: 来了吗？, required: true}
  - id: parts
    kind: multiple
    title: 换件
    ask: 换了什么？
    # 来了才问
    when: {question: came, eq: yes}   # 见 3.2
    options:
      - {value: valve, label: 阀}
      - {value: "hose", label: 软管}
  - id: rate
    kind: rating
    title: 评分
    ask: 几分？
    when:
      # 没换软管
      question: parts
      ne: hose
    role: satisfaction
  - id: words
    kind: text
    title: 意见
    ask: 为什么？
    when:
      any:
        # 分低
        - question: rate
          lt: 3 # 三分以下
        - {question: came, in: [no, unclear]}
"""
REWRITTEN = """\
# 客户服务部 2026 年版
id: visit
title: "上门回访"
opening: 您好   # 照读
closing: 再见
questions:
  - {id: came, kind: yes_no, title: 到场, ask: 来了吗？, required: true}
  - id: parts
    kind: multiple
    title: 换件
    ask: 换了什么？
    # 来了才问
    when: {field: came, op: eq, value: yes}   # 见 3.2
    options:
      - {value: valve, label: 阀}
      - {value: "hose", label: 软管}
  - id: rate
    kind: rating
    title: 评分
    ask: 几分？
    # 没换软管
    when: {all: [{field: parts, op: exists}, {not: {field: parts, op: contains, value: hose}}]}
    role: satisfaction
  - id: words
    kind: text
    title: 意见
    ask: 为什么？
    # 分低
    # 三分以下
    when: {any: [{field: rate, op: lt, value: 3}, {field: came, op: in, value: [no, unclear]}]}
"""
TEMPLATE = """\
name: told
title: 告知
channel: email
category: notice
subject: 告知
text: 您好，您的事已办结。
rules:
  - where: {grade: major, "customer.level": [A, B], note: 'a # b', memo: "yes: no"}  # 大事
    id: major
    events: [complaint.opened]
    purpose: told
    template: told
  - {id: less, events: [complaint.resolved], where: {grade: null}, purpose: told, template: told}
"""
REWRITTEN_TEMPLATE = """\
name: told
title: 告知
channel: email
category: notice
subject: 告知
text: 您好，您的事已办结。
rules:
  - condition:
      all:
        - {field: grade, op: eq, value: major}
        - {field: customer.level, op: in, value: [A, B]}
        - {field: note, op: eq, value: "a # b"}
        - {field: memo, op: eq, value: "yes: no"}  # 大事
    id: major
    events: [complaint.opened]
    purpose: told
    template: told
  - {id: less, events: [complaint.resolved], condition: {field: grade, op: exists, value: false}, purpose: told, template: told}
"""
PACK = {
    "pack.yaml": "format: 1\nname: p\ntitle: 包\n",
    "policies/a.yaml": (
        "id: p.1\ntitle: 一\ntrigger: {events: [repair.closed]}\nrate: all\nchannel: phone\nquestionnaire: visit\n"
    ),
}


def test_only_the_conditions_are_rewritten() -> None:
    assert rewritten("questionnaires/visit.yaml", QUESTIONNAIRE) == (REWRITTEN, 3)
    assert rewritten("templates/told.yaml", TEMPLATE) == (REWRITTEN_TEMPLATE, 2)


@pytest.mark.parametrize(
    ("path", "text"), [("questionnaires/visit.yaml", REWRITTEN), ("templates/told.yaml", REWRITTEN_TEMPLATE)]
)
def test_what_is_rewritten_is_left_alone_and_sound(path: str, text: str) -> None:
    assert rewritten(path, text) == (text, 0)
    assert [one for one in problems_of(PACK | {path: text}, "p") if one.file == path] == []


@pytest.mark.parametrize(
    ("path", "text", "places"),
    [
        (
            "questionnaires/visit.yaml",
            QUESTIONNAIRE,
            [("questions[1].when", 13), ("questions[2].when", 21), ("questions[3].when", 30)],
        ),
        ("templates/told.yaml", TEMPLATE, [("rules[0].where", 8), ("rules[1].where", 13)]),
    ],
)
def test_an_old_form_is_a_mistake_with_its_line_that_names_the_command(
    path: str, text: str, places: list[tuple[str, int]]
) -> None:
    wrong = [one for one in problems_of(PACK | {path: text}, "p") if one.file == path]
    assert [(one.key, one.line) for one in wrong] == places
    assert all("huifang pack migrate" in one.message and not one.warning for one in wrong)


def test_a_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(NotMigrated, match=r"templates/a\.yaml:2"):
        rewritten("templates/a.yaml", "name: a\n\trules: []\n")


def test_the_command_rewrites_a_folder_and_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    for path, text in {**PACK, "questionnaires/visit.yaml": QUESTIONNAIRE, "templates/told.yaml": TEMPLATE}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    answer = CliRunner().invoke(app, ["migrate", str(folder)])
    assert (answer.exit_code, "questionnaires/visit.yaml：改写了 3 处" in answer.output) == (0, True)
    assert (folder / "questionnaires/visit.yaml").read_text("utf-8") == REWRITTEN
    assert (folder / "policies/a.yaml").read_text("utf-8") == PACK["policies/a.yaml"]
    again = CliRunner().invoke(app, ["migrate", str(folder)])
    assert (again.exit_code, "没有旧写法" in again.output) == (0, True)


def test_of_a_folder_with_a_faulty_file_nothing_is_rewritten(tmp_path: Path) -> None:
    for path, text in {"questionnaires/visit.yaml": QUESTIONNAIRE, "templates/told.yaml": "name: [\n"}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    answer = CliRunner().invoke(app, ["migrate", str(tmp_path)])
    assert (answer.exit_code, "没有改动" in answer.output) == (1, True)
    assert (tmp_path / "questionnaires/visit.yaml").read_text("utf-8") == QUESTIONNAIRE
