"""A fact comes in, a message goes out, a receipt comes back: the whole way, on real PostgreSQL and real sockets."""

from shared.testing import event, example
from tests.notifications.conftest import World, customer


async def test_a_completed_order_is_thanked_for_the_same_day_and_the_receipt_settles_it(world: World) -> None:
    await world.load_pack("thank_you")
    order = event("order.completed", example("order.completed", customer=customer()))
    await world.served.deliver(order)
    await world.send_out()
    await world.call_back()

    (send,) = await world.sends()
    assert (send["state"], send["purpose"], send["recipient_masked"]) == ("delivered", "thank_you", "138****8000")
    (message,) = world.simulator.messages.sent_as(send["id"])
    assert (message.phone, message.sign) == ("13800138000", "城市燃气")
    names = [published.name for published in await world.served.published()]
    assert names == ["notification.sent", "notification.delivered"]
    assert {published.lineage for published in await world.served.published()} == {order.lineage}
