"""One service as one process: `python -m deploy.local.serve visits 8102 [0.0.0.0]`."""

import importlib
import os
import signal
import sys

from shared.safety import UnsafeSettings

GRACE_SECONDS = 10


def main(service: str, port: int, host: str = "127.0.0.1") -> None:
    """Serve until SIGTERM, or until a loop of the service has ended; requests in hand get GRACE_SECONDS to finish."""
    import uvicorn  # the supervisor imports this module too, and needs none of it

    from shared.server import BoundedProtocol

    app = importlib.import_module(f"services.{service}.app").create_app()
    try:
        app.state.service.settings.require_safe(service)
    except UnsafeSettings as error:
        sys.exit(str(error))  # the reasons alone; from within uvicorn they would end a traceback
    app.state.give_up = lambda: os.kill(os.getpid(), signal.SIGTERM)  # and its supervisor starts a new one
    uvicorn.run(
        app,
        host=host,
        port=port,
        http=BoundedProtocol,
        ws="none",
        log_config=None,  # the service configures logging itself
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn believes them of anybody on this machine; see `shared.front_door`
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:4])
