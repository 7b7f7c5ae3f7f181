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


def main() -> None:
    """Standard input is the pickled TrialRequest of our parent; the argument names the file."""
    request: TrialRequest = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from our own parent
    try:
        _tell(result=_run(request, Path(sys.argv[1])))
    except BadFact as error:
        _tell(error=str(error))


def _run(request: TrialRequest, file: Path) -> dict[str, Any]:
    with file.open("rb") as texts:
        lines = read_lines(texts)
    draft, published = request.draft.simulation(), request.published.simulation()
    total = 2 * len(lines)
    play(draft, lines, lambda done: _tell(done=done, total=total))
    play(published, lines, lambda done: _tell(done=len(lines) + done, total=total))
    return report(draft, published, request)


def _tell(**values: Any) -> None:
    sys.stdout.buffer.write(orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
