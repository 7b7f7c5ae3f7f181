"""Uploaded files of 12345 cases: kept at once, worked through in portions that each commit their progress."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from services.gateway.domain import hotline
from services.gateway.domain.documents import Options, Refused
from services.gateway.domain.faults import find_faults
from services.gateway.domain.options import options_of
from services.gateway.domain.problems import FieldError, joined
from services.gateway.domain.sheets import RowResult, RowStatus, SheetRow
from services.gateway.procedures.absorbing import Absorbed, Understood, absorb
from services.gateway.store import imports, sources
from services.gateway.store.imports import Leased, Summary
from shared.auth import Principal
from shared.errors import Conflict, InvalidInput, NotFound
from shared.http import audit
from shared.ids import new_id
from shared.leases import MOST_ATTEMPTS, set_aside
from shared.messaging.work import Work
from shared.privacy import Sealer

AS_PRACTICE = b"practice\0"  # before the content of a file whose digest is made
_STATUS = {
    "new": RowStatus.ACCEPTED,
    "duplicate": RowStatus.DUPLICATE,
    "rejected": RowStatus.REJECTED,
    "ignored": RowStatus.IGNORED,
}


async def add_import(
    work: Work,
    principal: Principal,
    sealer: Sealer,
    source_name: str,
    filename: str,
    content: bytes,
    practice: bool = False,
) -> Summary:
    """Keep a file for the import job; the same file for the same source again is the import there already is.

    As practice it is another one: it may come in earnest afterwards.
    """
    source = await sources.get_source(work.session, source_name)
    if source is None or source.kind != "hotline":
        raise InvalidInput(f"没有名为 {source_name[:50]} 的 12345 来源")
    digest = await asyncio.to_thread(lambda: hashlib.sha256(AS_PRACTICE + content if practice else content).digest())
    import_id = new_id()
    sealed = await asyncio.to_thread(sealer.seal_bytes, content)
    if await imports.add_import(
        work.session, import_id, source_name, filename, digest, sealed, len(content), principal.id, work.now(), practice
    ):
        await audit(work, principal, "import.uploaded", str(import_id), source=source_name, size=len(content))
    return await imports.get_same_import(work.session, source_name, digest)


async def lease_import(work: Work, lease: datetime) -> Leased | None:
    """The next file to work on. One that several workers have died of is set aside first."""
    await imports.set_aside(work.session, MOST_ATTEMPTS, set_aside(), work.clock.machine(), work.now())
    return await imports.lease_import(work.session, work.clock.machine(), lease)


async def retry_import(work: Work, principal: Principal, import_id: UUID) -> None:
    """Let a failed import go on where it stopped. Raises NotFound, or Conflict when it has not failed."""
    if not await imports.retry(work.session, import_id):
        if await imports.get_import(work.session, import_id) is None:
            raise NotFound("没有这次导入")
        raise Conflict("这次导入没有失败，或同一文件已再次上传")
    await audit(work, principal, "import.retried", str(import_id))


async def options_for(work: Work, name: str) -> Options | None:
    """How the file's source is read now; None when it has gone meanwhile."""
    source = await sources.get_source(work.session, name)
    return None if source is None else options_of(source.name, source.kind, source.zone, source.options)


async def take_rows(
    work: Work, sealer: Sealer, leased: Leased, rows: Sequence[SheetRow], start: int, lease: datetime
) -> list[RowResult]:
    """Accept rows, the first of which is the file's `start`-th, and note their results. Raises LeaseLost."""
    options = await options_for(work, leased.source)
    if options is None:
        raise LeaseLost
    understood = await asyncio.to_thread(lambda: [_understand(row, options, leased) for row in rows])
    absorbed = await absorb(work, sealer, understood)
    results = [_row_result(row.number, item) for row, item in zip(rows, absorbed, strict=True)]
    if not await imports.advance(work.session, leased.id, start, results, lease):
        raise LeaseLost
    return results


async def skip_row(work: Work, leased: Leased, row: SheetRow, index: int, lease: datetime) -> None:
    """A row that failed for a reason of ours is reported as refused, so that the others go on. Raises LeaseLost."""
    result = RowResult(row.number, RowStatus.REJECTED, reason="系统内部错误，该行未导入，请联系运维")
    if not await imports.advance(work.session, leased.id, index, [result], lease):
        raise LeaseLost


class LeaseLost(Exception):
    """Another worker has the file now: what this one did must be rolled back."""


def _understand(row: SheetRow, options: Options, leased: Leased) -> Understood:
    fields = dict(row.fields)
    checked = [FieldError("", row.fault)] if row.fault else find_faults(fields)
    return Understood(
        outcome=Refused(checked) if isinstance(checked, list) else hotline.read_case(checked, options),
        received_at=leased.created_at,
        document_source=options.source,
        practice=leased.practice,
        rephrase=partial(hotline.in_senders_words, fields=fields, options=options),
    )


def _row_result(number: int, item: Absorbed) -> RowResult:
    remarks = item.errors or item.notes
    return RowResult(
        number=number,
        status=_STATUS[item.result],
        column="、".join(dict.fromkeys(error.field for error in remarks if error.field)),
        reason=item.reason or joined(remarks),
        case_no=item.number,
        event_id=item.event_id,
    )


async def finish_import(work: Work, import_id: UUID) -> None:
    await imports.finish(work.session, import_id, "done", "", work.now())


async def fail_import(work: Work, import_id: UUID, reason: str) -> None:
    """The file as a whole can't be read."""
    await imports.finish(work.session, import_id, "failed", reason, work.now())
