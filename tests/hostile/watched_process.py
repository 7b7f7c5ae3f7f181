"""A service that looks at itself when asked: `python -m tests.hostile.watched_process SERVICE PORT FILE HEAD_SECONDS`.

SIGUSR1 has it write a `Look` to the file, as JSON; the file is there when it is whole. HEAD_SECONDS is how long the head of a
request may take.
"""

import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deploy.local import serve
from shared.observability.loop_delay import LoopWatch
from shared.server import BoundedProtocol
from tests.hostile.looks import look
from tests.hostile.loop_time import Beats


def main(service: str, port: int, path: Path, head_seconds: float) -> None:
    BoundedProtocol.head_seconds = head_seconds
    beats, start = Beats(), LoopWatch.start

    def start_both(watch: LoopWatch) -> None:
        start(watch)
        beats.begin()

    def asked(*_: Any) -> None:
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(asdict(look(beats))))
        unfinished.rename(path)

    LoopWatch.start = start_both  # type: ignore[method-assign]  # every service starts one in its loop
    signal.signal(signal.SIGUSR1, asked)
    serve.main(service, port)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]))
