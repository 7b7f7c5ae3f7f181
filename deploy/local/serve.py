"""One service as one process: `python -m deploy.local.serve visits 8102`."""

import importlib
import sys

import uvicorn

from shared.embedded.processes import LOOPBACK

GRACE_SECONDS = 10


def main(service: str, port: int) -> None:
    """Serve until SIGTERM; requests in hand get GRACE_SECONDS to finish."""
    create_app = importlib.import_module(f"services.{service}.app").create_app
    uvicorn.run(
        create_app,
        factory=True,
        host=LOOPBACK,
        port=port,
        log_config=None,  # the service configures logging itself
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
