"""What policy owners send is bounded when it is accepted; what is not, is refused with its reason and never with a 500."""

from typing import Any

import pytest

from services.scheduler.app import create_app
from services.scheduler.settings import SchedulerSettings
from shared.testing import serve
from tests.scheduler.builders import contents

DEEP = '{"a":' * 300 + "1" + "}" * 300
EVENT = '"type": "repair.closed", "data": {"customer": {"id": "C1"}, "work_order_no": "W1"}'
PACK = {"name": "test", "files": contents({"id": "p1", "events": ["repair.closed"]})}
ASKED: dict[str, tuple[str, str]] = {
    "the end of time": ("/api/v1/policies/try", f'{{{EVENT}, "time": "9999-12-31T23:59:59+08:00"}}'),
    "the beginning of time": ("/api/v1/policies/try", f'{{{EVENT}, "time": "0001-01-01T00:00:00+00:00"}}'),
    "deep data": ("/api/v1/policies/try", f'{{"type": "repair.closed", "data": {DEEP}}}'),
    "a deep pack": ("/api/v1/packs", "[" * 20_000),
    "a pack that is none": ("/api/v1/packs", '{"name": "a", "files": 5}'),
}


@pytest.mark.parametrize(("path", "body"), ASKED.values(), ids=ASKED)
async def test_what_can_not_be_counted_with_is_refused(service_dsn: Any, clock: Any, path: str, body: str) -> None:
    async with serve(create_app, SchedulerSettings, await service_dsn("scheduler"), clock=clock) as served:
        client = served.client("policy_owner")
        answer = await client.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 422), answer.text
        assert answer.json()["title"]


@pytest.mark.parametrize("valid_from", ["9999-12-31T23:59:59+08:00", "0001-01-01T00:00:00+00:00"])
async def test_no_version_begins_outside_of_the_calendar(service_dsn: Any, clock: Any, valid_from: str) -> None:
    async with serve(create_app, SchedulerSettings, await service_dsn("scheduler"), clock=clock) as served:
        client = served.client("policy_owner")
        for path in ("/api/v1/packs", "/api/v1/packs/plan", "/api/v1/drafts"):
            answer = await client.post(path, json=PACK | {"valid_from": valid_from})
            assert answer.status_code == 422, answer.text


async def test_a_draft_can_be_read_when_it_can_no_longer_be_published(service_dsn: Any, clock: Any) -> None:
    """Its policy's id has come to belong to another pack."""
    other = {"name": "other", "files": contents({"id": "p1", "events": ["repair.closed"]}, name="other")}
    async with serve(create_app, SchedulerSettings, await service_dsn("scheduler"), clock=clock) as served:
        client = served.client("policy_owner")
        draft = (await client.post("/api/v1/drafts", json=PACK)).json()
        assert (await client.post("/api/v1/packs", json=other)).is_success
        read = await client.get(f"/api/v1/drafts/{draft['id']}")
        assert (read.status_code, read.json()["plan"], read.json()["state"]) == (200, None, "open")
        assert (await client.post(f"/api/v1/drafts/{draft['id']}/publish", json={})).status_code == 409
        assert (await client.post(f"/api/v1/drafts/{draft['id']}/discard")).status_code == 204
