"""Customers who asked for erasure: nobody contacts them again, and codes alone are known of them."""

from collections.abc import Sequence

from services.scheduler.domain.later.erasing import CUSTOMER_ERASED, erased, prompt_key, refusals
from services.scheduler.domain.later.recall import Prompt
from services.scheduler.procedures import recall
from services.scheduler.procedures.policies import PolicyCache
from services.scheduler.procedures.turn import take_turn
from services.scheduler.store import customers as customer_store
from services.scheduler.store import erasing, tasks
from shared.erasure import Erasure
from shared.messaging import Work


async def erase(work: Work, cache: PolicyCache, due: Sequence[Erasure]) -> None:
    """They refuse every way of contact, known or not, so what is planned is not released; what is out is taken back.

    Of what is known first only codes are left: what is told of tasks that are taken back says no more.
    """
    names = [one.customer for one in due]
    turn = await take_turn(work.session, names)
    await turn.add_refusals({one.customer: refusals(one.asked_at) for one in due})
    after = [erased(customer) for customer in (await turn.of(names)).values()]
    await turn.learn(after)
    await customer_store.save_memories(work.session, after)
    await tasks.find_open(work.session, names, lock=True)  # nobody releases one with what is overwritten now
    await erasing.overwrite(work.session, names)
    policies = await cache.open(work.session)
    prompts = {
        one.customer: [(Prompt(CUSTOMER_ERASED, prompt_key(one.customer, one.asked_at), work.now()), None)]
        for one in due
    }
    await recall.look_again(work, policies, prompts)
