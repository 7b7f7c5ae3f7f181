"""What people write, each by its own route: a NUL or half a character is refused by the name of its field."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from shared.clock import ManualClock
from shared.testing import serve
from tests.architecture.parts import ID, create_app, settings_class

Dsn = Callable[[str], Awaitable[str]]
REMARKED = {"refuses": True, "remark": "{bad}"}
TEMPLATE = {"name": "hello", "title": "问候{bad}", "channel": "sms"}
# service, role, path, body with {bad} in one field, that field
WRITTEN: list[tuple[str, str, str, Any, str]] = [
    ("complaints", "agent", "/api/v1/cases", {"customer": {"id": "C1"}, "description": "漏气{bad}"}, "body.description"),
    ("complaints", "supervisor", f"/api/v1/cases/{ID}/remarks", {"text": "已复核{bad}"}, "body.text"),
    ("complaints", "supervisor", f"/api/v1/cases/{ID}/resolve", {"measures": "{bad}"}, "body.measures"),
    ("notifications", "supervisor", f"/api/v1/doubtful-replies/{ID}/decision", REMARKED, "body.remark"),
    ("notifications", "supervisor", "/api/v1/opt-outs", {"customer_id": "C1", "note": "{bad}"}, "body.note"),
    ("notifications", "supervisor", "/api/v1/templates", TEMPLATE, "body.title"),
    ("notifications", "supervisor", "/api/v1/rules", {"id": "x", "events": ["a{bad}"]}, "body.events.0"),
    ("scheduler", "policy_owner", "/api/v1/packs", {"name": "p", "files": {"pack.yaml": "{bad}"}}, "body.files.pack.yaml"),
    ("scheduler", "policy_owner", "/api/v1/drafts", {"name": "p", "files": {}, "note": "{bad}"}, "body.note"),
    ("visits", "agent", f"/api/v1/visits/{ID}/attempts", {"result": "no_answer", "note": "没人{bad}"}, "body.note"),
    ("visits", "agent", f"/api/v1/visits/{ID}/answers", {"answers": {"why": "{bad}"}}, "body.answers.why"),
    ("visits", "supervisor", f"/api/v1/visits/{ID}/review", {"remark": "{bad}"}, "body.remark"),
    ("visits", "supervisor", "/api/v1/questionnaires", {"id": "q", "questions": [{"ask": "{bad}"}]}, "body.questions.0.ask"),
]  # fmt: skip


@pytest.mark.parametrize("service", sorted({row[0] for row in WRITTEN}))
async def test_notes_and_documents_are_refused_by_their_field(
    service: str, service_dsn: Dsn, clock: ManualClock
) -> None:
    app = create_app(service)
    async with serve(app, settings_class(service), await service_dsn(service), clock=clock) as served:
        for _, role, path, body, field in (row for row in WRITTEN if row[0] == service):
            for escape in (b"\\u0000", b"\\ud83d"):
                async with served.client(role) as client:
                    answer = await client.request(
                        "PUT" if path.endswith("answers") else "POST",
                        path,
                        content=orjson.dumps(body).replace(b"{bad}", escape),
                        headers={"Content-Type": "application/json", "If-Match": '"1"'},
                    )
                assert answer.status_code == 422, (path, answer.text)
                assert [error["field"] for error in answer.json()["errors"]] == [field], path
