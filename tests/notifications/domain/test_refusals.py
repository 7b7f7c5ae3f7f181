"""Which replies refuse, which may refuse, and which do not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.refusals import digit_of, meaning_of

REFUSALS = """R|T|TD|N|r|td|退订|退订。|【退订】|TD退订|退订TD|回复R|回复TD退订|拒收请回复R|我要退订
请退订|退 订|退　订|0000|ＴＤ|Ｒ|T D|我想退订谢谢|退订了|麻烦退订|请帮我退订|回T退订|"退订"
退订！！！|退订🙏|🚫R|R.|(N)|全部退订|取消订阅|不要再发了|别再发了|别发短信了|请不要给我发短信
请勿打扰|拒收|拒绝接收|stop|Unsubscribe|不要再发短信给我|回复 0000|退订退订退订
申请退订此业务|我要退订，谢谢"""
DOUBTFUL = """不要，退订|不用。退订|你们太烦了|怎么退订|为什么退订不了|再发我就投诉|我已经退订过了|R了吗|滚|000|00
拉黑了|不需要这个服务|TDD|不再需要了|骚扰短信|别|T1|退钉|如何取消|已拒|什么广告|停止服务|拒绝
不用联系了"""
OTHERS = """我没有要退订|不要退订|没有退订|我不退订|我不想退订|我没说要退订|我不是要退订|谢谢|好的|收到|5|10|是
师傅很好|RTX4090|ON|TRUE|1390|请问几点上门|我的热水器又坏了|。|👍|Y|THANKS|NO1"""


def lines(texts: str) -> list[str]:
    return [one for line in texts.splitlines() for one in line.split("|")]


@pytest.mark.parametrize("content", lines(REFUSALS))
def test_what_people_write_to_refuse_refuses(content: str) -> None:
    assert meaning_of(content) == "refusal"


@pytest.mark.parametrize("content", lines(DOUBTFUL))
def test_what_may_be_a_refusal_is_for_people_to_decide(content: str) -> None:
    assert meaning_of(content) == "doubtful"


@pytest.mark.parametrize("content", lines(OTHERS))
def test_what_does_not_refuse_is_neither(content: str) -> None:
    assert meaning_of(content) == "other"


@given(st.sampled_from(["R", "td", "退订", "0000"]), st.text("！？。，…“”（）🙂🙏 \t\n　-*#", max_size=12))
def test_marks_and_blanks_around_a_refusal_change_nothing(word: str, marks: str) -> None:
    assert meaning_of(marks + word + marks) == "refusal"


@given(st.text(max_size=200))
def test_any_reply_has_a_meaning(content: str) -> None:
    assert meaning_of(content) in ("refusal", "doubtful", "other")
    assert digit_of(content) is None or meaning_of(content) == "other"


@pytest.mark.parametrize("part", ["退", "回复", "我要", "不要再", "R ", "没有要", "请勿", "a"])
def test_a_long_reply_is_read_in_linear_time(part: str) -> None:
    began = time.thread_time()
    meaning_of(part * 100_000 + "x")
    assert time.thread_time() - began < 2
