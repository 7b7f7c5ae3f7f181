"""Customers who asked for erasure: what their facts came in is emptied, what was written back about them says codes alone."""

from collections.abc import Collection

from services.gateway.store import erasing
from shared.auth import Principal
from shared.contracts.erasures import CustomerErased
from shared.erasure.kept import ErasureRecord, find_erasure, keep_erasure
from shared.errors import InvalidInput
from shared.http import audit
from shared.ids import new_id
from shared.messaging import Work
from shared.privacy import Sealer


async def erase(work: Work, sealer: Sealer, customers: Collection[str]) -> None:
    accepted = await erasing.identities_of(work.session, customers, work.now())
    if accepted:
        await erasing.empty_messages(work.session, accepted, sealer.seal_bytes(b""), work.now())
        await erasing.erase_results(work.session, accepted, work.now())


async def ask(work: Work, principal: Principal, sealer: Sealer, customer_id: str) -> ErasureRecord:
    """Tell every service that a customer is to be erased; asked for again, they all begin anew. Raises InvalidInput for a
    blank name, under which every service keeps what is nobody's."""
    if not customer_id:
        raise InvalidInput("请填写客户编号")
    customer: str = sealer.protect({"id": customer_id})["id"]  # as facts have it: some are known by their number
    told = CustomerErased(customer_id=customer, asked_at=work.now(), asked_by=principal.id)
    await keep_erasure(work, told)
    work.publish(told, key=customer, lineage=str(new_id()))
    await audit(work, principal, "customer.erased", customer)
    record = await find_erasure(work.session, customer)
    assert record is not None
    return record
