"""Every link of a document to another file leads there."""

import re
from pathlib import Path

import pytest

from tests.guide.blocks import DOCS, pages

ROOT = DOCS.parent
PAGES = [*pages(), *sorted(ROOT.glob("*.md"))]
_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    links = _LINK.findall(_FENCED.sub("", page.read_text("utf-8")))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []
