"""Everything that can be said of a pack's folder without a platform: by the services whose parts it holds, and of its files."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.commands._pack_messages import message_problems
from deploy.local.pack_folder import read_folder
from services.scheduler.domain.packs.check import check_pack
from services.scheduler.domain.packs.document import SUFFIXES, parse
from services.visits.domain.definition import read_section
from shared.declared.section import Problem

QUESTIONNAIRES = "questionnaires/"


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
        if path.startswith(QUESTIONNAIRES) and path.endswith(SUFFIXES):
            problems: list[Problem] = []
            section, slips = parse(path, texts[path], problems), len(problems)
            if section and not slips:  # of slips `check_pack` tells
                read_section(section)
                yield from problems
