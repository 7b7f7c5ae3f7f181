"""The files of a pack, as the platform and the commands without one take them: its YAML texts, and nothing from elsewhere."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.declared.section import Problem

MOST_ENTRIES = 2_000
LARGEST_FILE = 1 << 20  # bytes; the check tells what a pack may be
NOTES = (".md", ".txt")  # for people, beside the pack's files
ORDINARY = ("README", "LICENSE", "CHANGELOG", "NOTICE")


def read_files(folder: Path) -> dict[str, str]:
    """The YAML texts of a pack, by path within it. Raises PackInvalid for what can't be taken as it is.

    Bytes that are not UTF-8 become U+FFFD, for the check to tell.
    """
    from services.scheduler.domain.packs.pack import (
        PackInvalid,  # loads the rules, which starting the platform need not
    )

    texts, problems = read_folder(folder)
    if wrong := [one for one in problems if not one.warning]:
        raise PackInvalid(wrong)
    return texts


def read_folder(folder: Path) -> tuple[dict[str, str], "list[Problem]"]:
    """The YAML texts by path, and what else lies in the folder: mistakes, and warnings of files that nobody reads."""
    from shared.declared.section import Problem

    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for number, path in enumerate(_entries(folder)):
        if number == MOST_ENTRIES:
            problems.append(
                Problem("", "", f"目录里有 {MOST_ENTRIES} 个以上的文件，不像一个策略包；请只放策略包的文件")
            )
            break
        shown = _shown(path.relative_to(folder).as_posix())
        wrong, doubt = _reason(path, shown)
        if wrong or doubt:
            problems.append(Problem(shown, "", wrong or doubt, warning=not wrong))
        elif _is_content(path):
            try:
                texts[shown] = path.read_text("utf-8", errors="replace")
            except OSError as error:
                problems.append(Problem(shown, "", f"无法读取：{error.strerror}"))
    return texts, problems


def _entries(folder: Path) -> Iterator[Path]:
    """Files of the folder and below, links of any kind as they are; what is hidden is somebody else's."""
    for above, folders, files in os.walk(folder):
        links = [name for name in folders if Path(above, name).is_symlink()]
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in links)
        yield from (Path(above, name) for name in sorted([*files, *links]))


def _reason(path: Path, shown: str) -> tuple[str, str]:
    """Why a file can't be taken, or why it is left out; both empty for one of the pack, or a note beside it."""
    from shared.characters import unseen

    if path.is_symlink():
        return "是链接，不读别处的文件；请放入文件本身", ""
    if not path.is_file():
        return "不是普通文件，请删去", ""
    if odd := unseen(shown):
        return f"文件名里有看不见的字符（{odd}），请改名", ""
    if not _is_content(path):
        return "", "" if _is_note(path) else "没有人读此文件，只读 .yaml 和 .yml；不用的请移出此目录"
    if path.name.startswith("."):
        return "", "没有人读隐藏文件；要用请改名，不用请删去"
    return ("文件太大，请分成几个文件" if path.stat().st_size > LARGEST_FILE else ""), ""


def _is_content(path: Path) -> bool:
    from services.scheduler.domain.packs.document import SUFFIXES

    return path.suffix in SUFFIXES


def _is_note(path: Path) -> bool:
    return path.name.startswith((".", *ORDINARY)) or path.suffix in NOTES


def _shown(path: str) -> str:
    """A path whose name is not UTF-8 can be shown too."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
