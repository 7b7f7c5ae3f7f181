"""How much of a raw message is shown, and that no number shows at the place where it is cut."""

import time

import orjson
import pytest

from services.gateway.domain.preview import preview

NUMBER = "13800138000"
BODIES = {
    "json": orjson.dumps({"note": f"电话 {NUMBER}，", "phone": NUMBER, "more": [f"{NUMBER};", {NUMBER: 1}, "x" * 100]}),
    "text": f"电话 {NUMBER}，请回电 {NUMBER};".encode() * 3,
}


@pytest.mark.parametrize("name", BODIES)
def test_wherever_it_is_cut_no_number_shows(name: str) -> None:
    for limit in range(1, 150):
        shown = preview(BODIES[name], limit)
        assert NUMBER[:8] not in shown
        assert len(shown) <= limit + 1


def test_a_short_message_is_shown_whole() -> None:
    assert orjson.loads(preview(BODIES["json"])) == {
        "note": "电话 138****8000，",
        "phone": "138****8000",
        "more": ["138****8000;", {"138****8000": 1}, "x" * 100],
    }


def test_the_beginning_of_a_long_message_takes_no_longer_than_it_is() -> None:
    body = orjson.dumps({"notes": ["86 " * 100_000] * 3})
    started = time.thread_time()
    assert preview(body, 500).startswith('{"notes":["86 86 ')
    assert time.thread_time() - started < 0.05
