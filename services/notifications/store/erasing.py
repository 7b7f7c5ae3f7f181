"""What is known of customers who asked for erasure, overwritten; how often and when they were contacted stays."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.domain.addresses import refused_as
from services.notifications.domain.refusals import FORGOTTEN, forgotten
from shared.privacy import Sealer

# a reply of a number that nobody was known to have belongs to whoever has it now
_NUMBERS = text("""
    SELECT number FROM contact, unnest(ARRAY[phone] || phones || wrong_phones || ARRAY[email]) AS number
    WHERE customer_id = ANY(:customers) AND number <> '' UNION
    SELECT recipient FROM send WHERE customer_id = ANY(:customers) AND audience = 'customer' AND recipient <> ''
""")
_THEIRS = "(customer_id = ANY(:customers) OR (customer_id = '' AND recipient = ANY(:numbers)))"
_CONTACT = text("""
    UPDATE contact SET name = '', phone = '', phones = '{}', email = '', birthday = '', birthday_key = '',
        wrong_phones = '{}', older = '{}', do_not_contact = true
    WHERE customer_id = ANY(:customers)
""")
_CONSENT = text("""
    UPDATE consent SET how = '', text = '', revoked_at = coalesce(revoked_at, :now) WHERE customer_id = ANY(:customers)
""")
# S608: constants only
_REPLY = text(f"""
    UPDATE reply SET content = '', recipient = '{FORGOTTEN}' || gen_random_uuid()
    WHERE recipient NOT LIKE '{FORGOTTEN}%' AND {_THEIRS}
""")  # noqa: S608
_RECEIPT = text(f"""
    UPDATE receipt SET recipient = '{FORGOTTEN}' || gen_random_uuid() FROM send
    WHERE send.id = receipt.send_id AND send.customer_id = ANY(:customers) AND send.audience = 'customer'
      AND receipt.recipient NOT LIKE '{FORGOTTEN}%'
""")  # noqa: S608
_DOUBTFUL = text(f"""
    UPDATE doubtful_reply SET content = '', recipient = '', remark = '', refuses = coalesce(refuses, true),
        decided_by = CASE WHEN decided_at IS NULL THEN 'erasure' ELSE decided_by END, decided_at = coalesce(decided_at, :now)
    WHERE {_THEIRS}
""")  # noqa: S608
_OPT_OUTS = text(f"SELECT DISTINCT recipient FROM opt_out WHERE recipient <> '' AND {_THEIRS}")  # noqa: S608
_FORGET = text("""
    UPDATE opt_out SET recipient = coalesce(told.kept, opt_out.recipient), note = ''
    FROM opt_out AS own LEFT JOIN unnest(CAST(:before AS text[]), CAST(:after AS text[])) AS told (number, kept)
         ON told.number = own.recipient
    WHERE own.id = opt_out.id
      AND (own.customer_id = ANY(:customers) OR (own.customer_id = '' AND own.recipient = ANY(:numbers)))
""")


async def forget(session: AsyncSession, sealer: Sealer, customers: Sequence[str], now: datetime) -> None:
    """Overwrite everything but the ledger of messages (`sends.lock_all_of`), which has to know the numbers until then."""
    known = (await session.execute(_NUMBERS, {"customers": list(customers)})).scalars().all()
    theirs = {"customers": list(customers), "numbers": sorted({refused_as(one, sealer) for one in known})}
    refused = list((await session.execute(_OPT_OUTS, theirs)).scalars())
    await session.execute(_FORGET, theirs | {"before": refused, "after": [forgotten(one, sealer) for one in refused]})
    await session.execute(_REPLY, theirs)
    await session.execute(_RECEIPT, {"customers": list(customers)})
    await session.execute(_DOUBTFUL, theirs | {"now": now})
    await session.execute(_CONSENT, {"customers": list(customers), "now": now})
    await session.execute(_CONTACT, {"customers": list(customers)})
