"""HTML in texts of business systems."""

import pytest

from services.gateway.domain.markup import plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<div class="ql-editor read-mode"><p>滴漏</p><p>换垫圈</p></div>', "滴漏\n换垫圈"),
        ("一号<br>二号<br/>三号", "一号\n二号\n三号"), ("<td>甲</td><td>乙</td>", "甲 乙"), ("A&nbsp;&amp;&nbsp;B", "A & B"),
        ("<script>alert(1)</script><b>好</b>", "好"), ("<!-- x -->好", "好"), ("3<5 且 7>2", "3<5 且 7>2"), ("A&B", "A&B"),
        ("<无>", "<无>"), ("温度<30", "温度<30"), ("<p title='a'>甲", "甲"), ("&#0;甲", "�甲"),
    ],
)  # fmt: skip
def test_html_is_read_as_a_person_would(html: str, text: str) -> None:
    assert plain_text(html) == text
