"""A pack author's fuzz: whatever is written, check and test answer in seconds, in little memory and without a traceback.

`make test` takes every tenth of the packs; `make fuzz` (HUIFANG_FUZZ=1) takes all 2,000, and tells the slowest.
"""

import faulthandler
import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pytest

from deploy.commands._pack_check import problems_of
from deploy.local.pack_folder import read_files
from services.scheduler.domain.packs.pack import Pack, PackInvalid, read_pack
from services.scheduler.domain.packs.scenario_file import read_scenarios
from services.scheduler.domain.simulation.rehearsal import books_of, rehearse
from shared.declared.section import Problem
from tests.fuzz.mutations import Files, mutated

PACKS = Path(__file__).parents[2] / "deploy" / "packs"
WHOLE = os.environ.get("HUIFANG_FUZZ") == "1"
EXAMPLES = 2_000
SHARES = 20
SLOWEST = 5.0  # seconds of CPU, of a pack
STUCK = 120.0  # seconds by the clock, after which the whole run is given up
LARGEST = 500 << 10  # KiB more than before, of a share of the packs
MOST_SCENARIOS = 5  # that are rehearsed, of a mutated pack


@pytest.fixture(scope="module")
def real() -> dict[str, Files]:
    return {folder.name: read_files(folder) for folder in sorted(path.parent for path in PACKS.glob("*/pack.yaml"))}


@contextmanager
def watched(what: str) -> Iterator[None]:
    """Fails, with the place, what takes more than SLOWEST of the processor's time, also when it would never end."""

    def overdue(number: int, frame: FrameType | None) -> NoReturn:
        raise AssertionError(f"{what} takes more than {SLOWEST} s")

    faulthandler.dump_traceback_later(STUCK, exit=True)  # what never comes back from C hears no signal
    before = signal.signal(signal.SIGVTALRM, overdue)
    signal.setitimer(signal.ITIMER_VIRTUAL, SLOWEST)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def judge(files: Files, name: str, tested: bool) -> None:
    """Check the pack; publish it as far as that needs no platform; run some of its tests."""
    told = [str(problem) for problem in problems_of(files, name)]
    assert all("Traceback" not in one for one in told)
    try:
        pack = read_pack(files, name)
    except PackInvalid:
        return
    assert [draft.hash for draft in pack.drafts]
    if tested:
        run_tests(pack, files)


def run_tests(pack: Pack, files: Files) -> None:
    problems: list[Problem] = []
    policies = pack.policies
    scenarios = read_scenarios(files, {policy.id for policy in policies}, problems)
    if not problems:
        books = books_of(policies, pack.kinds)
        for scenario in scenarios[:MOST_SCENARIOS]:
            rehearse(scenario, books)


@pytest.mark.parametrize("share", range(SHARES))
def test_no_mutated_pack_takes_long_or_much_or_ends_in_a_traceback(share: int, real: dict[str, Files]) -> None:
    names = sorted(real)
    seeds = range(share, EXAMPLES, SHARES if WHOLE else SHARES * 10)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = (0.0, -1)
    for seed in seeds:
        name = names[seed % len(names)]
        files = mutated(real[name], seed)
        started = time.process_time()
        with watched(f"{name} mutated by {seed}"):
            judge(files, name, tested=seed % 4 == 0 or "tests/0.yaml" in files)
        slowest = max(slowest, (time.process_time() - started, seed))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"share {share}: slowest {slowest[0]:.2f} s (seed {slowest[1]}), {grown >> 10} MiB more")
    assert grown < LARGEST
