"""Workbooks in every layout are read to the very values that stand in them; damaged ones are read or refused with a reason.

They are read in a process with the limits of the reader, a hundred in one; behind a workbook that ends it another one goes on.
HUIFANG_FUZZ_EXAMPLES is how many of each kind.
"""

import asyncio
import json
import os
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from services.gateway.adapters.sheet_reader import read
from services.gateway.adapters.sheets import CPU_SECONDS, MEMORY
from services.gateway.domain import hotline
from services.gateway.domain.documents import Options, Reading
from services.gateway.domain.headers import UnusableSheet
from services.gateway.domain.hotline_fields import layout_of
from shared.process_limits import limit_process
from shared.zone import ORG_ZONE
from tests.fuzz.workbooks import Book, damaged, sound

EXAMPLES = int(os.environ.get("HUIFANG_FUZZ_EXAMPLES", "400"))
SHARES = 4
PLAIN = Options("c", "hotline", ORG_ZONE)
LAYOUT = layout_of(PLAIN)
ROOT = Path(__file__).parents[2]


def fields_in(book: Book) -> list[dict[str, Any]]:
    """The cases of a workbook, as far as they are compared."""
    about, *lines, end = read(book.content, LAYOUT)
    assert (about["total"], end) == (len(lines), {"end": True})
    cases = []
    for _, fields, fault in lines:
        assert not fault
        outcome = hotline.read_case(fields, PLAIN)
        assert isinstance(outcome, Reading), outcome
        assert outcome.candidate is not None
        cases.append(compared(outcome.candidate.data))
    return cases


def compared(data: Any) -> dict[str, Any]:
    names = ("case_no", "closed_at", "accepted_at", "handle_result")
    return {name: data[name] for name in names} | {
        "phone": data["appellant"]["phone"],
        "dept": data["host_dept"]["name"],
    }


def expected(case: dict[str, Any]) -> dict[str, Any]:
    at = {name: case[name].replace(tzinfo=ORG_ZONE).isoformat() for name in ("closed_at", "accepted_at")}
    told = {"case_no": str(case["case_no"]), "handle_result": case["handle_result"], "dept": case["host_dept.name"]}
    return told | at | {"phone": case["appellant.phone"]}


@pytest.mark.parametrize("share", range(SHARES))
def test_every_layout_is_read_to_the_values_that_stand_in_it(share: int) -> None:
    for seed in range(share, EXAMPLES, SHARES):
        book = sound(random.Random(seed))
        assert fields_in(book) == [expected(case) for case in book.cases], seed


@pytest.mark.parametrize("share", range(SHARES))
async def test_a_damaged_workbook_is_read_or_refused_with_a_reason(share: int) -> None:
    came_to: Counter[str] = Counter()
    seed, last = share, EXAMPLES
    while seed < last:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.fuzz.test_workbooks", str(seed), str(min(seed + 100 * SHARES, last))),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        said, error = await process.communicate()
        outcomes = said.decode().splitlines()
        assert b"Traceback" not in error, (seed + len(outcomes) * SHARES, error.decode()[-3000:])
        came_to.update(outcomes)
        seed += len(outcomes) * SHARES
        if process.returncode:  # the reader's own process would have ended, and its file refused
            came_to["ended"] += 1
            seed += SHARES
    assert came_to.keys() <= {"read", "refused", "ended"}, came_to
    assert came_to["read"] * 20 > came_to.total()
    assert came_to["refused"] * 20 > came_to.total()
    assert came_to["ended"] * 20 < came_to.total()


def main(first: int, last: int) -> None:
    """One word for each workbook."""
    limit_process(MEMORY, CPU_SECONDS)
    for seed in range(first, last, SHARES):
        content = damaged(random.Random(seed))
        try:
            lines = list(read(content, LAYOUT))
            json.dumps(lines)
            print("read" if lines[0]["total"] == len(lines) - 2 else f"{seed}: a total of {lines[0]}", flush=True)
        except UnusableSheet as error:
            told = any("\u4e00" <= letter <= "\u9fff" for letter in str(error))
            print("refused" if told else f"{seed}: refused without a reason: {error}", flush=True)
        except MemoryError:
            print("refused", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
