"""Every action that the code writes to the audit log is done once through the API, and its entry is read back: who did what
to which object, what was before, and no number of anybody."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from shared.clock import ManualClock
from shared.testing import serve
from tests.architecture.audited import NUMBER, Acts
from tests.architecture.audited_gateway import of_gateway
from tests.architecture.audited_others import of_analytics, of_complaints, of_notifications
from tests.architecture.audited_scheduler import of_scheduler
from tests.architecture.audited_visits import of_visits
from tests.architecture.parts import SERVICES, SETTINGS, create_app, settings_class
from tests.architecture.test_audit_words import written
from tests.architecture.test_personal_data import everything_in

ROOT = Path(__file__).parents[2]
DRIVEN: dict[str, Callable[[Acts], Awaitable[None]]] = {
    "analytics": of_analytics,
    "complaints": of_complaints,
    "gateway": of_gateway,
    "notifications": of_notifications,
    "scheduler": of_scheduler,
    "visits": of_visits,
}
# need a page, a provider, a line or a customer's answer; read back there
ELSEWHERE = {
    "login": "shared/test_sessions.py",
    "logout": "shared/test_sessions.py",
    "login.failed": "gateway/test_issued_passwords.py",
    "person.provided": "gateway/test_oidc.py",
    "person.password_changed": "gateway/test_signing_in.py",
    "attachment.previewed": "visits/test_materials.py",
    "visit.corrected": "visits/test_corrections.py",
    "visit.result_corrected": "visits/test_result_corrections.py",
    "recording.opened": "visits/test_lines.py",
    "stray_reply.settled": "visits/test_digit_replies.py",
}
SHARED = {"dead_letter.replayed": "visits", "dead_letter.discarded": "visits", "audit.exported": "analytics"}


@pytest.mark.parametrize("service", SERVICES)
async def test_every_action_leaves_its_entry(
    service: str, service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock, tmp_path: Path
) -> None:
    settings = SETTINGS.get(service, {}) | ({"files": str(tmp_path / "files")} if service == "visits" else {})
    dsn = await service_dsn(service)
    async with serve(create_app(service), settings_class(service), dsn, clock=clock, **settings) as served:
        acts = Acts(served)
        await DRIVEN[service](acts)
        assert acts.done == actions_of(service)
        assert NUMBER not in (await everything_in(served))["audit_log"]


def actions_of(service: str) -> set[str]:
    """What is to be done at a service; shared code's actions at the one that stands for all."""
    where = written()[0]
    return {
        action
        for action, owners in where.items()
        if action not in ELSEWHERE and service in (owners - {"shared"} or {SHARED[action]})
    }


def test_what_is_read_back_elsewhere_is() -> None:
    assert ELSEWHERE.keys() <= written()[0].keys()
    missing = {action for action, test in ELSEWHERE.items() if f'"{action}"' not in (ROOT / "tests" / test).read_text()}
    assert missing == set()
