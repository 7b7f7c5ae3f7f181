"""A served app that commands can reach: it really listens, and `run.json` names it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn

from shared.testing.served import Served


@asynccontextmanager
async def listening(served: Served, var: Path, roles: Sequence[str]) -> AsyncIterator[str]:
    """Serve it on a free port, as the platform whose folder `var` is; commands have the keys of these roles.

    Gives its address.
    """
    accepting = socket.create_server(("127.0.0.1", 0))  # connections wait here until the server takes them
    address = f"http://127.0.0.1:{accepting.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(served.app, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[accepting]))
    keys = {role: f"test-{role}" for role in roles}
    (var / "run.json").write_text(json.dumps({"services": {served.runtime.service.name: address}, "keys": keys}))
    yield address
    server.should_exit = True
    await serving
