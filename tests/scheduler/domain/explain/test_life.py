"""What became of a task is told in words, down to why a message did not arrive."""

from datetime import UTC, datetime

import pytest

from services.scheduler.domain.explain.life import life_of, message_entry
from tests.scheduler.builders import book, fact, judge

AT = datetime(2026, 3, 2, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "reason", "word"),
    [
        ("notification.failed", "MOBILE_NOT_ON_SERVICE", "消息未送达：手机停机或空号。"),
        ("notification.suppressed", "opted_out", "消息未发送：客户已退订。"),
        ("notification.failed", "isv.NEW_CODE", "消息未送达：服务商代码 isv.NEW_CODE。"),
        ("notification.delivered", "", "消息已送达。"),
    ],
)
def test_why_a_message_failed_is_said_in_words(name: str, reason: str, word: str) -> None:
    (task,) = judge(book({}), fact())[1].open
    told = life_of(task, AT, [message_entry(name, {"reason": reason}, AT)])
    assert any(line.endswith(word) for line in told)
