"""The process of a trial run: it reads its request and a file of facts, tells how far it is, and last the report.

Rules are computed here and not in the service's own process, where they would keep everything else waiting.
"""

import pickle
import sys
from pathlib import Path
from typing import Any

import orjson

from services.scheduler.domain.simulation.fact_lines import BadFact, play, read_lines
from services.scheduler.domain.simulation.report import TrialRequest, report
from shared.process_limits import limit_process


def main() -> None:
    """Standard input is the pickled TrialRequest of our parent; the arguments are the file, and bytes and seconds at most."""
    file, memory, cpu = sys.argv[1:]
    limit_process(int(memory), int(cpu))
    request: TrialRequest = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from our own parent
    try:
        _tell(result=_run(request, Path(file)))
    except BadFact as error:
        _tell(error=str(error))


def _run(request: TrialRequest, file: Path) -> dict[str, Any]:
    with file.open("rb") as texts:
        lines = read_lines(texts)
    until = request.until
    lines = [line for line in lines if until is None or line.fact.at < until]
    draft, published = request.draft.simulation(), request.published.simulation()
    total = 2 * len(lines)
    play(draft, lines, lambda done: _tell(done=done, total=total), until)
    play(published, lines, lambda done: _tell(done=len(lines) + done, total=total), until)
    draft.finish()
    published.finish()
    return report(draft, published, request)


def _tell(**values: Any) -> None:
    sys.stdout.buffer.write(orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
