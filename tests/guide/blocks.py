"""The fenced blocks of the documents: which files of a pack a page shows, and which parts of one.

A `yaml` block whose first line is `# policies/x.yaml` is that file of the pack that its page shows. Any other says with a
word after `yaml` what it is a part of (`FRAMES` of `test_examples`); `other` is nothing of a pack.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
HOW_TO = DOCS / "how-to"
FRAME = HOW_TO / "README.md"  # has the files that the pages beside it leave out
_BLOCK = re.compile(r"^( *)```(\w*)(?: +([^\n]*))?\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# ((?:pack|organisation|(?:policies|kinds|questionnaires|templates|tests)/[\w.-]+)\.ya?ml)\n")


@dataclass(frozen=True)
class Block:
    """One fenced block: what stands after its three ticks, and its text."""

    page: Path
    line: int
    language: str
    frame: str
    text: str

    @property
    def file(self) -> str:
        """Which file of the page's pack it is; empty = a part."""
        found = _FILE.match(self.text)
        return found[1] if found else ""

    def __str__(self) -> str:
        return f"{self.page.relative_to(DOCS)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        inner = re.sub(f"^{match[1]}", "", match[4], flags=re.MULTILINE)
        found.append(Block(page, text.count("\n", 0, match.start()) + 1, match[2], (match[3] or "").strip(), inner))
    return found


def pages() -> list[Path]:
    """Every page of the documents that people write."""
    return sorted(page for page in DOCS.rglob("*.md") if not {"generated", "adr"} & set(page.parts))


def guide() -> list[Path]:
    """The pages that teach how to write a pack; YAML in other pages is of other things."""
    written = [
        DOCS / "policies.md",
        *(DOCS / "policies").glob("*.md"),
        *DOCS.glob("tutorial*.md"),
        *HOW_TO.glob("*.md"),
    ]
    return sorted(written)


def yaml_blocks(which: Iterable[Path]) -> list[Block]:
    return [block for page in which for block in blocks_of(page) if block.language in ("yaml", "yml")]


def pack_of(page: Path) -> dict[str, str]:
    """The files of the pack that a page shows: path → text; a how-to page leaves out what stands in the frame."""
    own = {block.file: block.text for block in yaml_blocks([page]) if block.file}
    if own and page.parent == HOW_TO and page != FRAME:
        return pack_of(FRAME) | own
    return own
