"""Everything that can be said of a pack's folder without a platform: by the services whose parts it holds, and of its files."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.commands._pack_messages import message_problems
from deploy.local.pack_folder import read_folder
from services.scheduler.domain.packs.check import check_pack
from services.scheduler.domain.packs.document import SUFFIXES
from services.visits.domain.definition import read_definition
from services.visits.domain.errors import InvalidQuestionnaire
from shared.declared.section import Problem
from shared.yaml_reader import read_yaml

QUESTIONNAIRES = "questionnaires/"
_NUMBERED = re.compile(r"第 (\d{1,3}) 题")
_NAMED = re.compile(r"^「(.*?)」")


def check_folder(folder: Path) -> list[Problem]:
    """Every mistake and doubt, by file and line; none of the folder's content is carried out or kept."""
    texts, problems = read_folder(folder)
    return sorted(
        [*problems, *problems_of(texts, folder.resolve().name)], key=lambda one: (one.file, one.line, one.key)
    )


def problems_of(texts: Mapping[str, str], name: str) -> list[Problem]:
    """Every mistake and doubt of a pack's files (path → text)."""
    problems = check_pack(texts, name)
    if any(problem.file == "" for problem in problems):
        return problems  # of a pack that is too large nothing is read
    return [*problems, *questionnaire_problems(texts), *message_problems(texts, name)]


def questionnaire_problems(texts: Mapping[str, str]) -> Iterator[Problem]:
    """What keeps questionnaires from being published, as visits tells it."""
    for path in sorted(texts):
        read = read_yaml(texts[path]) if path.startswith(QUESTIONNAIRES) and path.endswith(SUFFIXES) else None
        if read is None or read.slips:
            continue  # `check_pack` tells
        try:
            read_definition(read.value)
        except InvalidQuestionnaire as error:
            for fault in error.extra["errors"]:
                key = _key_of(fault["message"], read.value)
                yield Problem(path, key, fault["message"], read.lines.get(key, 1))


def _key_of(message: str, value: Any) -> str:
    """The question that a fault is about: by its number or its title."""
    questions = value.get("questions") if isinstance(value, dict) else None
    if numbered := _NUMBERED.search(message):
        return f"questions[{int(numbered[1]) - 1}]"
    titles = [one.get("title") for one in questions if isinstance(one, dict)] if isinstance(questions, list) else []
    named = _NAMED.match(message)
    return f"questions[{titles.index(named[1])}]" if named and named[1] in titles else ""
