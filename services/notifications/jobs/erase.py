"""What notifications do for customers who asked for erasure."""

from collections.abc import Sequence

from services.notifications.commands import erasing
from shared.erasure import Erasure
from shared.messaging import Work
from shared.runtime import Runtime


async def erase(runtime: Runtime, work: Work, due: Sequence[Erasure]) -> None:
    await erasing.erase(work, runtime.sealer, [one.customer for one in due])
