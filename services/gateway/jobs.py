"""What the gateway does as time passes: understand raw messages, work through uploads, post results, forget old data."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway import commands
from services.gateway.adapters import webhooks
from services.gateway.adapters.front_certificate import shown_certificate
from services.gateway.adapters.sheets import OpenSheet, open_sheet
from services.gateway.commands import erasing
from services.gateway.commands.keys import tell_again
from services.gateway.commands.people import tell_again as tell_people_again
from services.gateway.domain.credentials import live
from services.gateway.domain.documents import Options
from services.gateway.domain.headers import UnusableSheet, unread_phone_column
from services.gateway.domain.hotline_fields import layout_of
from services.gateway.domain.sheets import SheetRow
from services.gateway.domain.sign_in import FORGET_AFTER
from services.gateway.domain.writeback import Answer
from services.gateway.settings import GatewaySettings
from services.gateway.store import deliveries, endpoints, facts, imports, messages, people
from services.gateway.store.deliveries import Claimed
from services.gateway.store.endpoints import Endpoint
from services.gateway.store.imports import Leased
from services.gateway.store.messages import Pending
from shared.erasure import Erasure
from shared.jobs import Job
from shared.messaging import Work
from shared.messaging.transient import is_transient
from shared.observability.catalogue import counter, gauge
from shared.runtime import Runtime

log = structlog.get_logger(__name__)

MESSAGES = 200
ROWS = 100  # they are judged in the event loop
DELIVERIES = 20
POSTS_AT_ONCE = 4  # to one receiver
FORGET = 5000
SOURCES = 60
RAW_PENDING = gauge("huifang_gateway_raw_pending", "Raw messages not yet canonicalised", "待识别的原始消息数")
RAW_AGE = gauge(
    "huifang_gateway_raw_age_seconds", "Machine time since the oldest raw message that is not canonicalised is due",
    "原始消息待识别时长", "s",
)  # fmt: skip
REFUSED = counter(
    "huifang_gateway_refused_total", "Raw messages that became no fact, by source and why", "未能接收的消息数",
    labels={"source": SOURCES, "reason": ("rejected", "ignored")},
)  # fmt: skip
WRITEBACK_PENDING = gauge(
    "huifang_gateway_writeback_pending", "Results not yet taken by their receiver", "待回写结果数"
)
WRITEBACK_AGE = gauge(
    "huifang_gateway_writeback_age_seconds", "Machine time since the oldest result not yet taken by its receiver arose",
    "待回写结果的最长等待", "s",
)  # fmt: skip
WRITEBACK_FAILED = gauge(
    "huifang_gateway_writeback_failed", "Results of the last day that were given up", "近一日放弃回写的结果数"
)

CERTIFICATE_BEGINS = gauge(
    "huifang_gateway_front_certificate_begins_timestamp_seconds", "Since when the front door's certificate is valid",
    "访问证书生效时间", "timestamp", labels={"name": 4},
)  # fmt: skip
CERTIFICATE_ENDS = gauge(
    "huifang_gateway_front_certificate_ends_timestamp_seconds", "When the front door's certificate ends",
    "访问证书到期时间", "timestamp", labels={"name": 4},
)  # fmt: skip


async def canonicalise(runtime: Runtime) -> int:
    """Understand a portion of raw messages; when that fails as a whole, each on its own, so that one can't hold others."""
    async with runtime.db.work(background=True) as work:
        leased = await commands.lease_messages(work, MESSAGES)
    if not leased:
        return 0
    async with _counting_no_lost_database(
        runtime, lambda session: messages.give_back(session, leased, _machine(runtime))
    ):
        await _canonicalise_all(runtime, leased)
    return len(leased)


def _machine(runtime: Runtime) -> datetime:
    return runtime.clock.machine()


@asynccontextmanager
async def _counting_no_lost_database(
    runtime: Runtime, give_back: Callable[[AsyncSession], Awaitable[None]]
) -> AsyncIterator[None]:
    """A database that goes away meanwhile is no fault of the work in hand and does not count against it."""
    try:
        yield
    except Exception as error:
        if is_transient(error):
            async with runtime.db.work(background=True) as work:
                await give_back(work.session)
        raise


async def _canonicalise_all(runtime: Runtime, leased: Sequence[Pending]) -> None:
    try:
        await _canonicalise(runtime, leased)
    except Exception as error:
        if is_transient(error):
            raise
        log.exception("canonicalising_failed")
        for message in leased:
            await _canonicalise_alone(runtime, message)


async def _canonicalise(runtime: Runtime, leased: Sequence[Pending]) -> None:
    async with runtime.db.work(background=True, notify=True) as work:
        pending = await messages.lock_leased(work.session, leased)
        absorbed = await commands.canonicalise(work, runtime.sealer, pending) if pending else []
    for message, item in zip(pending, absorbed, strict=True):
        if message.practice:
            continue
        commands.count(message.kind, item.result)
        if item.result in ("rejected", "ignored"):
            REFUSED.labels(message.source, item.result).inc()


async def _canonicalise_alone(runtime: Runtime, message: Pending) -> None:
    try:
        await _canonicalise(runtime, [message])
    except Exception as error:
        if is_transient(error):
            raise
        log.exception("message_failed", message=str(message.id), source=message.source)
        async with runtime.db.work(background=True) as work:
            await commands.put_off_message(work, message)


async def import_files(runtime: Runtime) -> int:
    """Work through one uploaded file; its rows are committed in portions, so a crash repeats none of them."""
    async with runtime.db.work(background=True) as work:
        leased = await commands.lease_import(work, _lease(runtime))
        options = await commands.options_for(work, leased.source) if leased else None
    if leased is None:
        return 0
    file = leased.id
    async with _counting_no_lost_database(runtime, lambda session: imports.give_back(session, file)):
        await _work_through(runtime, leased, options)
    return 1


async def _work_through(runtime: Runtime, leased: Leased, options: Options | None) -> None:
    try:
        if options is None:
            raise UnusableSheet(f"来源 {leased.source} 已不存在")
        layout = layout_of(options)
        content = await asyncio.to_thread(runtime.sealer.unseal_bytes, leased.content)
        async with open_sheet(content, layout) as sheet:
            if name := unread_phone_column(sheet.columns, layout):
                raise UnusableSheet(f"列「{name}」像是电话却认不出来，请改为「求助号码」，或在来源设置中对应")
            await _take_all_rows(runtime, leased, sheet)
    except UnusableSheet as error:
        async with runtime.db.work(background=True) as work:
            await commands.fail_import(work, leased.id, str(error))
    except commands.LeaseLost:
        log.warning("import_lease_lost", import_id=str(leased.id))


def _lease(runtime: Runtime) -> datetime:
    return runtime.clock.machine() + timedelta(seconds=runtime.settings_as(GatewaySettings).import_lease_seconds)


async def _take_all_rows(runtime: Runtime, leased: Leased, sheet: OpenSheet) -> None:
    async with runtime.db.work(background=True) as work:
        await imports.set_total(work.session, leased.id, sheet.total)
    position = await sheet.skip(leased.position)
    while rows := await sheet.rows(ROWS):
        await _take_rows(runtime, leased, rows, position)
        position += len(rows)
    async with runtime.db.work(background=True) as work:
        await commands.finish_import(work, leased.id)


async def _take_rows(runtime: Runtime, leased: Leased, rows: Sequence[SheetRow], start: int) -> None:
    """Take a portion; one that fails is taken row by row, and a row that fails alone is reported as refused."""
    try:
        async with runtime.db.work(background=True, notify=True) as work:
            results = await commands.take_rows(work, runtime.sealer, leased, rows, start, _lease(runtime))
        for item in results if not leased.practice else ():
            commands.count("file", item.status)
    except Exception as error:
        if is_transient(error) or isinstance(error, commands.LeaseLost):
            raise
        log.exception("import_rows_failed", import_id=str(leased.id), start=start, count=len(rows))
        if len(rows) > 1:
            for index, row in enumerate(rows):
                await _take_rows(runtime, leased, [row], start + index)
            return
        async with runtime.db.work(background=True) as work:
            await commands.skip_row(work, leased, rows[0], start, _lease(runtime))


async def write_back(runtime: Runtime) -> int:
    """Post what is due. The intent is leased first: a crash in between leads to another try under the same webhook-id.

    Each receiver has a task of its own, so that a slow one delays its own results only. Returns how many tries have ended.
    """
    posting: dict[asyncio.Task[int], UUID] = runtime.state.setdefault("posting", {})
    lease = timedelta(
        seconds=runtime.settings_as(GatewaySettings).writeback_timeout * (2 + DELIVERIES // POSTS_AT_ONCE)
    )
    async with runtime.db.work(background=True) as work:
        claimed = await commands.lease_deliveries(work, posting.values(), lease, DELIVERIES)
        known = {item.id: item for item in await endpoints.list_endpoints(work.session)} if claimed else {}
    for endpoint_id in {item.endpoint_id for item in claimed}:
        mine = [item for item in claimed if item.endpoint_id == endpoint_id]
        posting[runtime.run_aside(_deliver_all(runtime, mine, known[endpoint_id]))] = endpoint_id
    if not posting:
        return 0
    ended, _ = await asyncio.wait(posting, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        del posting[task]
    return sum(task.result() for task in ended)


async def _deliver_all(runtime: Runtime, claimed: Sequence[Claimed], endpoint: Endpoint) -> int:
    turns = asyncio.Semaphore(POSTS_AT_ONCE)

    async def deliver(item: Claimed) -> None:
        async with turns:
            await _deliver(runtime, item, endpoint)

    await asyncio.gather(*map(deliver, claimed))
    return len(claimed)


async def _deliver(runtime: Runtime, claimed: Claimed, endpoint: Endpoint) -> None:
    started = time.perf_counter()
    answer = await _post(runtime, claimed, endpoint)
    millis = round((time.perf_counter() - started) * 1000)
    async with (
        _counting_no_lost_database(runtime, lambda session: deliveries.give_back(session, claimed)),
        runtime.db.work(background=True) as work,
    ):
        await commands.record_try(work, claimed, answer, millis, random.random())


async def _post(runtime: Runtime, claimed: Claimed, endpoint: Endpoint) -> Answer:
    settings, now = runtime.settings_as(GatewaySettings), runtime.clock.machine()
    secrets = [runtime.sealer.unseal(item.value) for item in live(endpoint.secrets, now)]
    body = commands.as_its_sender_knows_it(claimed.body, runtime.sealer)
    headers = webhooks.sign(body, f"msg_{claimed.id.hex}", secrets, now)
    return await webhooks.post(endpoint.url, body, headers, settings.allowed_networks, settings.writeback_timeout)


async def measure(runtime: Runtime) -> int:
    """Set the gauges; never asks to be run again at once."""
    clock = runtime.clock
    machine = clock.machine()
    async with runtime.db.read() as session:
        raw, waiting_since = await messages.count_pending(session)
        results, oldest = await deliveries.count_pending(session)
        since = clock.now() - timedelta(days=1), machine - timedelta(days=1)
        WRITEBACK_FAILED.set(await deliveries.count_failed(session, *since))
    RAW_PENDING.set(raw)
    RAW_AGE.set(max(0.0, (machine - waiting_since).total_seconds()) if waiting_since else 0.0)
    WRITEBACK_PENDING.set(results)
    WRITEBACK_AGE.set(max(0.0, (machine - clock.machine_at(oldest)).total_seconds()) if oldest else 0.0)
    return 0


async def look_at_front_door(runtime: Runtime) -> int:
    """Set the gauges of the certificate that people are shown; without TLS there is none."""
    front = urlsplit(runtime.settings.sites.get("front", ""))
    if front.scheme != "https" or not front.hostname:
        return 0
    own_way = runtime.settings_as(GatewaySettings).front_door_at
    reached = urlsplit(f"//{own_way}") if own_way else front
    try:
        found = await shown_certificate(reached.hostname or "", reached.port or 443, front.hostname)
    except (OSError, TimeoutError) as error:
        log.warning("front_certificate_not_seen", address=reached.netloc, error=repr(error))
        return 0
    CERTIFICATE_BEGINS.labels(front.hostname).set(found.begins.timestamp())
    CERTIFICATE_ENDS.labels(front.hostname).set(found.ends.timestamp())
    return 0


async def forget(runtime: Runtime) -> int:
    """Delete a portion of what has been kept long enough (business time)."""
    settings, now = runtime.settings_as(GatewaySettings), runtime.clock.now()
    keep = {
        "raw_message": settings.raw_keep_days,
        "import_file": settings.raw_keep_days,
        "event_identity": settings.identity_keep_days,
    }
    total = 0
    for table, days in keep.items():
        async with runtime.db.work(background=True) as work:
            total += await facts.forget_before(work.session, table, now - timedelta(days=days), FORGET)
    async with runtime.db.work(background=True) as work:
        total += await people.forget_failures(work.session, runtime.clock.machine() - FORGET_AFTER)
        total += await people.forget_used(work.session, runtime.clock.machine() - FORGET_AFTER)
    return total


async def tell_keys(runtime: Runtime) -> int:
    async with runtime.db.work(background=True) as work:
        return await tell_again(work)


async def tell_people(runtime: Runtime) -> int:
    async with runtime.db.work(background=True) as work:
        return await tell_people_again(work)


JOBS = (
    Job("canonicalise", 0.2, canonicalise),
    Job("import", 0.5, import_files),
    Job("write_back", 1.0, write_back),
    Job("measure", 5.0, measure),
    Job("look_at_front_door", 300.0, look_at_front_door),
    Job("forget", 300.0, forget),
    Job("tell_keys", 60.0, tell_keys),
    Job("tell_people", 60.0, tell_people),
)


async def erase(runtime: Runtime, work: Work, due: Sequence[Erasure]) -> None:
    await erasing.erase(work, runtime.sealer, [one.customer for one in due])
