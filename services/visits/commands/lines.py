"""Calls through a telephone line: placed by the agent, told of by the line, kept with the attempt, listened to."""

from uuid import UUID

from services.visits.domain import lines
from services.visits.domain.errors import CallNotFound, PhoneUnknown, RecordingNotFound
from services.visits.domain.lines import LineCall, LineReport
from services.visits.domain.work_rules import WorkRules
from services.visits.procedures import calls
from services.visits.procedures.held import lock
from services.visits.store import lines as store
from shared.auth import Principal
from shared.http import audit
from shared.ids import new_id
from shared.messaging import Work
from shared.privacy import Sealer


async def begin_call(
    work: Work, principal: Principal, visit_id: UUID, sealer: Sealer, rules: WorkRules
) -> tuple[LineCall, str | None]:
    """A new call to the visit's customer, with the number to dial; the call that is going on already, with None.

    Raises what `calls.dial` raises, and PhoneUnknown.
    """
    visit, numbers = await calls.dial(work, principal, visit_id, sealer, rules)
    running = await store.newest(work.session, visit_id, principal.id)
    if running and running.stage != "ended":
        return running, None
    if not numbers:
        raise PhoneUnknown("请向受理单位或客户索取号码，随下一次呼叫结果填入 corrected_phone")
    call = LineCall(
        id=new_id(),
        visit_id=visit_id,
        agent=principal.id,
        phone_masked=visit.customer.phone_masked,
        placed_at=work.clock.machine(),
    )
    await store.add(work.session, call)
    return call, numbers[0]


async def give_up(work: Work, call_id: UUID) -> None:
    """The line did not take the call."""
    await hear_line(work, call_id, LineReport("ended", work.clock.machine(), "failed"))


async def hear_line(work: Work, call_id: UUID, report: LineReport) -> LineCall:
    """Keep what the line tells of a call. Raises CallNotFound."""
    call = await store.lock(work.session, call_id)
    if call is None:
        raise CallNotFound
    heard = lines.hear(call, report)
    if heard != call:
        await store.save(work.session, heard)
    return heard


async def open_recording(work: Work, principal: Principal, visit_id: UUID, attempt_id: UUID) -> str:
    """Where the recording of an attempt can be heard; every look is audited (X4). Raises RecordingNotFound."""
    visit, _ = await lock(work, principal, visit_id)
    call = await store.of_attempt(work.session, visit_id, attempt_id)
    if call is None:
        raise RecordingNotFound
    await audit(work, principal, "recording.opened", str(visit_id), call=str(call.id), customer_id=visit.customer.id)
    return call.recording
