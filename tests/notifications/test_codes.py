"""A customer's code reaches the provider, and nobody else who looks."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from shared.privacy.codes import HIDDEN, seal_code
from shared.testing import event, example
from tests.notifications.conftest import SEALED, SEALER, World

CODE = "7K3QF-9M2XP"
LINEAGE = "L1"


async def invite(world: World, invitation: str = "019cb8a4-5c00-7b1e-9d2a-4be1c0a7f6d3", code: str = CODE) -> None:
    customer = example("visit.invited")["customer"] | {"id": "C1", "phone": SEALED}
    told = example(
        "visit.invited",
        invitation_id=invitation,
        code=seal_code(SEALER, code),
        customer=customer,
        expires_at="2026-03-05T10:00:00+08:00",
    )
    await world.served.deliver(event("visit.invited", told, key="C1", lineage=LINEAGE, time=world.clock.now()))


@pytest.fixture
async def inviting(world: World) -> World:
    await world.load_pack("survey_code")
    return world


async def test_the_provider_is_handed_the_code_and_records_hide_it(inviting: World) -> None:
    await invite(inviting)
    await inviting.send_out()
    (send,) = await inviting.sends()
    (sent,) = inviting.simulator.messages.sent_as(send["id"])
    assert CODE in str(sent)
    assert (send["state"], send["purpose"]) == ("accepted", "survey")
    assert CODE not in str(send)
    assert f"输入编号{HIDDEN}，2026年3月5日 10:00前有效" in send["text"]
    async with inviting.served.client("agent") as client:
        panel = (await client.get("/fragments/messages", params={"customer_id": "C1"})).text
    assert CODE not in panel
    async with inviting.served.runtime.db.read() as session:
        kept = str((await session.execute(text("SELECT to_jsonb(send) FROM send"))).scalars().all())
    assert CODE not in kept


async def test_a_code_that_serves_no_more_is_not_sent(inviting: World) -> None:
    inviting.clock.advance(timedelta(hours=13))  # 23:00: notices wait until morning
    await invite(inviting)
    await inviting.send_out()
    ended = example("visit.invitation_ended")
    await inviting.served.deliver(event("visit.invitation_ended", ended, key="C1", lineage=LINEAGE))
    inviting.clock.advance(timedelta(hours=10))
    await inviting.send_out()
    (send,) = await inviting.sends()
    assert (send["state"], send["reason"]) == ("suppressed", "invitation_ended")


async def test_who_is_invited_again_is_sent_the_new_code(inviting: World) -> None:
    await invite(inviting)
    await inviting.send_out()
    await invite(inviting, "019cb8a4-5c00-7b1e-9d2a-4be1c0a7f6d4", "11111-22222")
    await inviting.send_out()
    assert len(await inviting.sends()) == 2
    sent = [str(inviting.simulator.messages.sent_as(send["id"])) for send in await inviting.sends()]
    assert sum("11111-22222" in one for one in sent) == sum(CODE in one for one in sent) == 1


async def test_a_failed_one_is_sent_again_with_its_code(inviting: World) -> None:
    inviting.behave(failed=1, receipt_seconds=0)
    await invite(inviting)
    await inviting.send_out()
    await inviting.call_back()
    (failed,) = await inviting.sends()
    assert failed["state"] == "failed"
    async with inviting.served.client("supervisor") as client:
        again = (await client.post(f"/api/v1/sends/{failed['id']}/resend")).json()
    await inviting.send_out()
    assert CODE not in str(again)
    assert CODE in str(inviting.simulator.messages.sent_as(again["id"]))


async def test_that_a_customer_may_not_be_sent_the_code_is_told(inviting: World) -> None:
    async with inviting.served.client("supervisor") as client:
        refused = await client.post("/api/v1/opt-outs", json={"customer_id": "C1", "channel": "sms", "scope": "all"})
    assert refused.is_success, refused.text
    await invite(inviting)
    await inviting.send_out()
    (send,) = await inviting.sends()
    assert (send["state"], send["reason"]) == ("suppressed", "opted_out")
    (told,) = await inviting.served.published("notification.suppressed")
    assert (told.data["send_id"], told.data["reason"]) == (send["id"], "opted_out")
    assert told.data["cause_id"] == "019cb8a4-5c00-7b1e-9d2a-4be1c0a7f6d3"


async def test_without_a_text_the_invitation_is_on_record(world: World) -> None:
    await invite(world)
    (send,) = await world.sends()
    assert (send["state"], send["reason"], send["template"]) == ("suppressed", "no_template", "")
    assert await world.served.published("notification.suppressed") == []  # somebody may write it, and send it again


async def test_our_own_people_are_sent_no_code(world: World) -> None:
    """A rule that tells managers of invitations tells them no code."""
    await world.load_pack("major_complaint")
    async with world.served.client("policy_owner") as client:
        template = {
            "name": "told", "title": "告知", "channel": "email", "category": "notice", "subject": "邀请",
            "text": "编号 {{ code }}", "params": {"code": "{{ data.code }}"}, "sample": {"code": "x"}, "review": "approved",
            "rules": [
                {"id": "told", "events": ["visit.invited"], "purpose": "x", "template": "told", "audience": "manager"}
            ],
        }  # fmt: skip
        answer = await client.post("/api/v1/templates", json=template)
        assert answer.status_code == 200, answer.text
    await invite(world)
    await world.send_out()
    (mail,) = [world.mailbox.shown(name) for name in world.mailbox.names()]
    assert f"编号 {HIDDEN}" in str(mail)


async def test_a_follow_up_by_message_with_questions_waits_for_its_invitation(inviting: World) -> None:
    released = example("followup.released", task_id="T1", channel="sms", purpose="followup")
    assert released["questionnaire"]
    await inviting.served.deliver(event("followup.released", released))
    assert await inviting.sends() == []
