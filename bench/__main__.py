"""`make bench`: measure the rows, print them, write bench/results.json and docs/benchmarks.md.

Environment variables `HUIFANG_BENCH_…` make rows smaller, to try them; such a run is not recorded, nor is one of few rounds.
"""

import argparse
import importlib
import json
import os
import pkgutil
import platform
from pathlib import Path
from types import ModuleType

import uvloop

import bench
from bench.harness import Row, servers
from shared.embedded.processes import usable_memory

TRIAL_SIZE = "HUIFANG_BENCH_"
HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
REPORT = HERE.parent / "docs" / "benchmarks.md"
FEWEST_ROUNDS = 5
HEAD = """# Benchmarks

Written by `make bench`; `make bench ARGS="G1 R1"` measures these rows alone and leaves the others as they were. Both sides of a
ratio are measured on the same broker and database, order A B B A. Figures are medians with their least and greatest. Servers:
embedded PostgreSQL (fsync on, shared buffers a quarter of the memory, at most 2 GB) and Apache Kafka, one node.
"""
RATIOS = """
## Ratios

A and B are the two sides that the row's name gives, in their unit.

| Id | What (A / B) | A / B | least – greatest | Goal | Reached | A | B | Unit | Rounds | Measured |
|---|---|---:|---|---:|---|---:|---:|---|---:|---|
"""
ABSOLUTES = """
## Figures of this machine

| Id | What | Measured | least – greatest | Goal | Reached | Unit | Rounds | Measured on |
|---|---|---:|---|---:|---|---|---:|---|
"""


def rows() -> dict[str, ModuleType]:
    """Row modules by id: every `bench/p1_….py`, `g…`, `l…`, `d…`, `r…`, `u…`."""
    names = sorted(
        m.name for m in pkgutil.iter_modules(bench.__path__) if m.name[0] in "pgldru" and m.name[1].isdigit()
    )
    return {name.split("_")[0].upper(): importlib.import_module(f"bench.{name}") for name in names}


async def measure(wanted: list[str], rounds: int) -> list[Row]:
    measured = []
    async with servers() as running:
        for row_id, module in rows().items():
            if not wanted or row_id in wanted:
                print(f"{row_id}: {(module.__doc__ or '').splitlines()[0]}", flush=True)
                measured.append(await module.measure(running, rounds))
    return measured


def merged(measured: list[Row]) -> list[Row]:
    """The rows of the last report, those measured now in the place of their earlier selves."""
    known = [Row(**row) for row in json.loads(RESULTS.read_text())] if RESULTS.exists() else []
    return sorted({row.id: row for row in [*known, *measured]}.values(), key=lambda row: (row.id[0], int(row.id[1:])))


def report(measured: list[Row]) -> str:
    ratios = [_ratio(row) for row in measured if not row.absolute]
    absolutes = [_absolute(row) for row in measured if row.absolute]
    memory = f"{usable_memory() / 2**30:.0f} GiB"
    machine = f"{os.cpu_count()} cores, {memory}, {platform.machine()}, Python {platform.python_version()}"
    parts = [HEAD, f"\nMachine: {machine}.\n"]
    for title, lines in ((RATIOS, ratios), (ABSOLUTES, absolutes)):
        parts += [title, *lines] if lines else []
    return "".join(parts)


def _ratio(row: Row) -> str:
    return (
        f"| {row.id} | {row.name} | **{row.value:.2f}** | {row.min:.2f} – {row.max:.2f} | {_goal(row)} | {row.ours:,.0f} "
        f"| {row.rival:,.0f} | {row.unit} | {row.rounds} | {row.measured} |\n"
    )


def _absolute(row: Row) -> str:
    return (
        f"| {row.id} | {row.name} | **{row.value:,.1f}** | {row.min:,.1f} – {row.max:,.1f} | {_goal(row)} | {row.unit} "
        f"| {row.rounds} | {row.measured} |\n"
    )


def _goal(row: Row) -> str:
    return f"{'≤' if row.at_most else '≥'} {row.goal:,g} | {'yes' if row.reached else 'no'}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help="ids such as P1; all without")
    parser.add_argument("--rounds", type=int, default=FEWEST_ROUNDS)
    options = parser.parse_args()
    measured = uvloop.run(measure([row.upper() for row in options.rows], options.rounds))
    print("\n" + report(measured))
    if options.rounds < FEWEST_ROUNDS or any(name.startswith(TRIAL_SIZE) for name in os.environ):
        print("A trial, too small to be recorded.")
        return
    together = merged(measured)
    RESULTS.write_text(json.dumps([row.as_json() for row in together], ensure_ascii=False, indent=2) + "\n")
    REPORT.write_text(report(together))


if __name__ == "__main__":
    main()
