"""Digits sent back to messages with questions are told with what they may answer."""

from datetime import timedelta

from shared.contracts.notifications import NotificationReplied
from tests.notifications.conftest import World
from tests.notifications.test_codes import invite


async def replied(world: World) -> list[NotificationReplied]:
    return [sent.read(NotificationReplied) for sent in await world.served.published("notification.replied")]


async def test_a_digit_is_told_with_the_questions_it_may_answer_the_newest_first(world: World) -> None:
    await world.load_pack("survey_code")
    await invite(world, "019cb8a4-5c00-7b1e-9d2a-4be1c0a7f6d3")
    await world.send_out()
    world.clock.advance(timedelta(hours=1))
    await invite(world, "019cb8a4-5c00-7b1e-9d2a-4be1c0a7f6d4", "11111-22222")
    await world.send_out()
    await world.reply(" ２。")
    (told,) = await replied(world)
    assert (told.customer_id, told.digit, told.phone_masked) == ("C1", 2, "138****8000")
    assert [one.cause_id[-1] for one in told.answers] == ["4", "3"]
    (sent, *_) = await world.served.published("notification.replied")
    assert (sent.key, sent.lineage) == ("C1", "L1")


async def test_the_same_reply_pushed_again_is_told_once(world: World) -> None:
    await world.load_pack("survey_code")
    await invite(world)
    await world.send_out()
    row = [{"phone_number": "13800138000", "content": "1", "send_time": "2026-03-02 10:01:00", "sequence_id": "77"}]
    async with world.served.client(None) as client:
        for _ in range(2):
            answer = await client.post("/ingress/v1/sms/aliyun/a-secret-of-the-callback-address/replies", json=row)
            assert answer.status_code == 200, answer.text
    assert len(await replied(world)) == 1


async def test_digits_to_nothing_that_asks_and_other_words_are_told_of_nobody(world: World) -> None:
    await world.load_pack("survey_code")
    await world.reply("1")
    await invite(world)
    await world.send_out()
    for words in ("12", "好的", "R", "0000"):
        await world.reply(words)
    world.clock.advance(timedelta(days=8))
    await world.reply("1")
    assert await replied(world) == []
