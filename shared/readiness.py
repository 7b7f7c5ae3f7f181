"""Whether a process can do its work now."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from sqlalchemy import text

from shared.privacy import mask_text
from shared.runtime import Runtime


async def not_ready(runtime: Runtime) -> dict[str, str]:
    """Why this process can't do its work now; empty when it can."""
    reasons: dict[str, str] = {}
    checks: dict[str, Callable[[], Awaitable[Any]]] = {"postgres": lambda: _query(runtime)}
    for name, check in runtime.service.checks.items():
        checks[name] = partial(check, runtime)
    for name, run in checks.items():
        try:
            await run()
        except Exception as error:
            reasons[name] = mask_text(f"{type(error).__name__}: {error}")
    if runtime.settings.consumer_enabled:
        for runner in runtime.consumers:
            if runner.halted or not runner.joined:
                reasons[f"consumer {runner.consumer.id}"] = runner.halted or runner.last_error or "joining its group"
    if runtime.settings.relay_enabled and runtime.relay.last_error:
        reasons["relay"] = runtime.relay.last_error
    for loop in runtime.lost_loops:
        reasons[loop] = "has ended"
    return reasons


async def _query(runtime: Runtime) -> None:
    async with runtime.db.read() as session:
        await session.execute(text("SELECT 1"))
