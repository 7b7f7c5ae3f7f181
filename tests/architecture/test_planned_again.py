"""What people do to policies and planned tasks with strange bodies can be read and listed again; later facts are decided."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.testing import Served
from tests.architecture.test_change_again import SENT, changing
from tests.architecture.test_read_again import ask, bodies, fields_of, list_again
from tests.scheduler.builders import contents
from tests.scheduler.conftest import apply, empty
from tests.scheduler.test_handlers import sent

__all__ = ["empty"]
LATER = {"delay": {"days": 1}, "deadline": {"working_days": 3}, "merge": False}
SOUND = {"reason": "客户来电"}


def strange(served: Served, path: str) -> Iterator[tuple[int, Any]]:
    (operation,) = [each[2] for each in changing(served) if each[1] == path]
    return enumerate(bodies(SOUND, fields_of(operation, served.app.openapi()), path, SENT))


@pytest.mark.parametrize("path", ["/api/v1/tasks/{task_id}/cancel", "/api/v1/policies/{policy_id}/retire"])
async def test_what_was_done_to_it_can_be_read_and_listed_again(empty: Served, path: str) -> None:
    everybody = [{"id": f"p{number}", **LATER} for number in range(SENT)]
    await apply(empty, contents(*everybody))
    async with empty.client() as client:
        for number, body in strange(empty, path):
            await empty.deliver(sent("repair.closed", f"C{number}", id=f"e{number}"))
            tasks = (await ask(client, "GET", "/api/v1/tasks", params={"customer_id": f"C{number}"})).json()["items"]
            own = tasks[0]["id"] if "task" in path else f"p{number}"
            thing = path.replace("{task_id}", own).replace("{policy_id}", own)
            shown = thing.rpartition("/")[0]
            headers = {"If-Match": (await ask(client, "GET", shown)).headers.get("ETag", '"1"')}
            changed = await ask(client, "POST", thing, body, headers=headers)
            assert number or changed.is_success, f"a sound body is refused: {changed.text}"
            assert (await ask(client, "GET", shown)).is_success, (thing, body)
        await empty.deliver(sent("repair.closed", "C-later", id="e-later"))
        await list_again(empty, client, {"customer_id": "C-later"})
        decided = await ask(client, "GET", "/api/v1/decisions", params={"customer_id": "C-later"})
    assert decided.json()["items"]
    assert await empty.dead_letters() == []
