import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from services.notifications.models import metadata
from shared.migrations import upgrade
from shared.testing import assert_models_match

CONTACTS = """
INSERT INTO contact (customer_id, seen_at, name, phone, email, birthday, birthday_key, level, branch, do_not_contact)
VALUES ('C1', now(), '', '', '', '1990/2/28', '', '', '', true), ('C2', now(), '', '', '', '--05-01', '05-01', '', '', false)
"""
REPLIES = """
INSERT INTO reply (provider, sequence, recipient, content, customer_id, digit, refused, received_at)
SELECT 'aliyun', content, 'sealed:v1:x', content, 'C1', digit, refused, now() FROM (VALUES
    ('我要退订', NULL, false), ('TD!', NULL, false), ('好的', NULL, false), ('5', 5::smallint, false), ('退订', NULL, true)
) row (content, digit, refused)
"""


async def test_the_models_are_what_the_migrations_make(service_dsn: Callable[[str], Awaitable[str]]) -> None:
    await assert_models_match(await service_dsn("notifications"), metadata)


async def test_contacts_kept_before_stay_and_a_no_that_nobody_said_goes(
    service_dsn: Callable[[str], Awaitable[str]],
) -> None:
    dsn = await service_dsn("")
    await asyncio.to_thread(upgrade, "notifications", dsn, "0001")
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(CONTACTS)
        await asyncio.to_thread(upgrade, "notifications", dsn)
        rows = await connection.fetch("SELECT do_not_contact, birthday_key FROM contact ORDER BY customer_id")
    finally:
        await connection.close()
    assert [tuple(row) for row in rows] == [(True, "02-28"), (None, "05-01")]


async def test_contacts_of_before_are_known_to_their_branch(service_dsn: Callable[[str], Awaitable[str]]) -> None:
    dsn = await service_dsn("")
    await asyncio.to_thread(upgrade, "notifications", dsn, "0018")
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(CONTACTS)
        await connection.execute("UPDATE contact SET branch = 'CD' WHERE customer_id = 'C1'")
        await asyncio.to_thread(upgrade, "notifications", dsn)
        rows = await connection.fetch("SELECT units FROM contact ORDER BY customer_id")
    finally:
        await connection.close()
    assert [row["units"] for row in rows] == [["CD"], []]


async def test_replies_of_before_that_may_have_been_refusals_wait_for_people(
    service_dsn: Callable[[str], Awaitable[str]],
) -> None:
    dsn = await service_dsn("")
    await asyncio.to_thread(upgrade, "notifications", dsn, "0003")
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(REPLIES)
        await asyncio.to_thread(upgrade, "notifications", dsn)
        rows = await connection.fetch('SELECT content, decided_at FROM doubtful_reply ORDER BY content COLLATE "C"')
    finally:
        await connection.close()
    assert [tuple(row) for row in rows] == [("TD!", None), ("我要退订", None)]
