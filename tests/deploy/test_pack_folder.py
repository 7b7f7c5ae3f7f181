"""What lies in a pack's folder beside its files is told, and never read; a folder with mistakes is not applied."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.commands._pack_check import check_folder
from deploy.commands.pack import app
from deploy.local.contents import PackRefused, apply_pack
from deploy.local.pack_folder import read_files, read_folder
from services.scheduler.domain.packs.pack import PackInvalid
from shared.declared.section import Problem

POLICY = "id: a\ntitle: 甲\ntrigger: {events: [repair.closed]}\nrate: all\nquestionnaire: q\n"
QUESTIONNAIRE = """\
id: q
title: 问卷
opening: 您好
closing: 再见
questions:
  - id: satisfaction
    kind: single
    title: 满意度
    ask: 您满意吗？
    role: satisfaction
    options:
      - {value: satisfied, label: 满意}
      - {value: dissatisfied, label: 不满意}
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    for path, text in {
        "pack.yaml": "format: 1\nname: small\ntitle: 小\n",
        "policies/a.yaml": POLICY,
        "questionnaires/q.yaml": QUESTIONNAIRE,
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return folder


def told(folder: Path, file: str) -> Problem:
    (problem,) = [one for one in check_folder(folder) if one.file == file]
    return problem


def test_a_small_pack_has_no_problems(pack: Path) -> None:
    assert check_folder(pack) == []


def test_a_link_is_not_followed(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("password: 123\n")
    (pack / "policies" / "b.yaml").symlink_to(tmp_path / "secret.yaml")
    (pack / "tests").symlink_to(tmp_path)
    for file in ("policies/b.yaml", "tests"):
        assert "是链接" in told(pack, file).message
        assert not told(pack, file).warning
    assert "password" not in str(read_folder(pack)[0])
    with pytest.raises(PackInvalid, match="是链接"):
        read_files(pack)


def test_what_is_no_ordinary_file_is_told(pack: Path) -> None:
    os.mkfifo(pack / "policies" / "pipe.yaml")
    assert "不是普通文件" in told(pack, "policies/pipe.yaml").message


@pytest.mark.parametrize(
    "name", ["policies/a.yaml~", "policies/b.YAML", "policies/c.json", "table.xlsx", "policies/.b.yaml"]
)
def test_a_file_that_nobody_reads_is_doubted(pack: Path, name: str) -> None:
    (pack / name).write_bytes(b"\xff\x00")
    assert "没有人读" in told(pack, name).message
    assert told(pack, name).warning


def test_notes_beside_the_files_are_fine(pack: Path) -> None:
    for name in ("README.md", "LICENSE", ".gitignore", "policies/notes.txt"):
        (pack / name).write_text("说明")
    (pack / ".git").mkdir()
    (pack / ".git" / "config.yaml").write_text("a: 1")
    assert check_folder(pack) == []


def test_a_name_that_hides_something_is_told(pack: Path) -> None:
    (pack / "policies" / "a\u202elmay.yaml").write_text(POLICY)
    assert any("看不见的字符" in one.message for one in check_folder(pack))
    (pack / os.fsdecode(b"policies/\xff.yaml")).write_text(POLICY)
    assert CliRunner().invoke(app, ["check", str(pack)]).exit_code == 1


def test_a_large_file_is_told_and_not_read(pack: Path) -> None:
    with (pack / "policies" / "big.yaml").open("wb") as file:
        file.truncate(1 << 32)
    assert "文件太大" in told(pack, "policies/big.yaml").message


QUESTIONS = {
    "kind: single": ("kind: singel", "questions[0].kind", 7, "是否想写 single"),
    "role: satisfaction": ("role: satisfied", "questions[0].role", 10, "是否想写 satisfaction"),
    "{value: satisfied, label: 满意}": ("{value: happy, label: 满意}", "questions[0]", 6, "应为"),
    "title: 问卷": ("titel: 问卷", "titel", 2, "是否想写 title"),
    "您好": ("您好 {customer.nmae}", "", 1, "变量 {customer.nmae} 不存在"),
}


@pytest.mark.parametrize("right", QUESTIONS)
def test_a_questionnaire_that_visits_would_refuse_is_told_with_its_place(pack: Path, right: str) -> None:
    wrong, key, line, says = QUESTIONS[right]
    file = pack / "questionnaires" / "q.yaml"
    file.write_text(QUESTIONNAIRE.replace(right, wrong, 1), "utf-8")
    problem = next(one for one in check_folder(pack) if (one.file, one.key) == ("questionnaires/q.yaml", key))
    assert (problem.line, problem.warning) == (line, False)
    assert says in problem.message


@pytest.mark.parametrize("text", ["name: [", "5", "name: t\nrules: 5\n", "text: '{{ (((('\nname: t\n"])
def test_a_broken_template_is_told(pack: Path, text: str) -> None:
    (pack / "templates").mkdir()
    (pack / "templates" / "t.yaml").write_text(text)
    assert any(one.file == "templates/t.yaml" and not one.warning for one in check_folder(pack))


def test_a_folder_without_policies_is_not_applied(pack: Path) -> None:
    (pack / "policies" / "a.yaml").rename(pack / "policies" / "a.yaml.bak")
    assert any("没有策略" in one.message and not one.warning for one in check_folder(pack))


def test_a_folder_that_can_not_be_taken_is_not_applied(pack: Path, tmp_path: Path) -> None:
    (pack / "policies" / "b.yaml").symlink_to(tmp_path / "b.yaml")
    with pytest.raises(PackRefused, match="是链接"):
        list(apply_pack({"services": {}, "keys": {}}, pack))
