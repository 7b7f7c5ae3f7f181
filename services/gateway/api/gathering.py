"""Posts that arrive at the same time share a transaction: each is answered after the commit, as if it had been alone.

A transaction costs several round trips and a flush to disk, whatever is in it. Requests that come while others are being
written wait those milliseconds and go together into the next one.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway import commands
from services.gateway.commands import Receipt, Submitted
from services.gateway.domain.envelope import MOST_ITEMS
from shared.runtime import Runtime
from shared.scope import Scope

LANES = 2  # one writes while the other is read and judged


@dataclass(frozen=True, slots=True, eq=False)
class Post:
    """The events of one request, and who waits for their receipts."""

    bodies: Sequence[bytes]
    traceparent: str
    scope: Scope
    answer: asyncio.Future[list[Receipt]]


class Gathering:
    """The posts of one process that wait for their transaction."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waiting: list[Post] = []
        self._lanes = 0

    async def submit(self, bodies: Sequence[bytes], traceparent: str, scope: Scope) -> list[Receipt]:
        """Receipts of these events, after the commit. Raises what the transaction raises."""
        post = Post(bodies, traceparent, scope, asyncio.get_running_loop().create_future())
        self._waiting.append(post)
        if self._lanes < LANES:
            self._lanes += 1
            self._runtime.run_aside(self._write_waiting())
        return await post.answer

    async def _write_waiting(self) -> None:
        try:
            while posts := self._take():
                await self._write(posts)
        finally:
            self._lanes -= 1

    def _take(self) -> list[Post]:
        """The posts that came first, as many as a batch may hold; a large one is taken alone."""
        taken, events = 0, 0
        for post in self._waiting:
            events += len(post.bodies)
            if taken and events > MOST_ITEMS:
                break
            taken += 1
        posts, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return posts

    async def _write(self, posts: Sequence[Post]) -> None:
        try:
            receipts = await self._commit(posts)
        except Exception as error:
            if len(posts) > 1:  # nobody fails for what another one sent
                for post in posts:
                    await self._write([post])
            elif not posts[0].answer.done():
                posts[0].answer.set_exception(error)
            return
        for post in posts:
            mine, receipts = receipts[: len(post.bodies)], receipts[len(post.bodies) :]
            if not post.answer.done():  # the client may have left meanwhile
                post.answer.set_result(mine)

    async def _commit(self, posts: Sequence[Post]) -> list[Receipt]:
        events = [Submitted(body, post.traceparent, post.scope) for post in posts for body in post.bodies]
        async with self._runtime.db.work() as work:
            return await commands.submit(work, self._runtime.sealer, events)


def gathering_of(runtime: Runtime) -> Gathering:
    """The one of this process."""
    if "gathering" not in runtime.state:
        runtime.state["gathering"] = Gathering(runtime)
    gathering: Gathering = runtime.state["gathering"]
    return gathering
