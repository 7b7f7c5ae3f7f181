"""`make bench`: measure the rows, print them, write bench/results.json and docs/benchmarks.md."""

import argparse
import asyncio
import importlib
import json
import os
import pkgutil
import platform
from pathlib import Path

import bench
from bench.harness import Row, servers

HERE = Path(__file__).parent
REPORT = HERE.parent / "docs" / "benchmarks.md"


def rows() -> dict[str, object]:
    """Row modules by id: every `bench/p1_….py`, `g…`, `l…`, `d…`."""
    names = sorted(m.name for m in pkgutil.iter_modules(bench.__path__) if m.name[0] in "pgld" and m.name[1].isdigit())
    return {name.split("_")[0].upper(): importlib.import_module(f"bench.{name}") for name in names}


async def measure(wanted: list[str], rounds: int) -> list[Row]:
    measured = []
    async with servers() as running:
        for row_id, module in rows().items():
            if not wanted or row_id in wanted:
                print(f"{row_id}: {module.__doc__.splitlines()[0]}", flush=True)
                measured.append(await module.measure(running, rounds))  # type: ignore[attr-defined]
    return measured


def report(measured: list[Row]) -> str:
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Ratios inside one run, both sides on the same broker and database, order A B B A;",
        "median with min and max. Servers: embedded PostgreSQL (fsync on) and Apache Kafka, one node.",
        "",
        f"Last run: {os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}.",
        "",
        "| Id | What | Ratio | min – max | Goal | Ours | Rival | Unit | Rounds |",
        "|---|---|---:|---|---:|---:|---:|---|---:|",
    ]
    for row in measured:
        lines.append(
            f"| {row.id} | {row.name} | **{row.ratio:.2f}** | {row.min:.2f} – {row.max:.2f} | {row.goal:g} "
            f"| {row.ours:,.0f} | {row.rival:,.0f} | {row.unit} | {row.rounds} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help="ids such as P1; all without")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    measured = asyncio.run(measure([row.upper() for row in options.rows], options.rounds))
    table = report(measured)
    print("\n" + table)
    if not options.rows:
        (HERE / "results.json").write_text(
            json.dumps([row.as_json() for row in measured], ensure_ascii=False, indent=2) + "\n"
        )
        REPORT.write_text(table)


if __name__ == "__main__":
    main()
