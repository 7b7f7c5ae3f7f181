"""Routes over a service's dead letters: list, replay (as it is or mended), discard. For operators."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, BaseModel, Field

from shared.auth import Principal, Role, require_whole_organisation
from shared.bodies import Body
from shared.errors import Conflict, HuifangError, InvalidInput
from shared.http import ReadSession, SealerDep, WorkDep, audit
from shared.messaging import dead_letters
from shared.messaging.dead_letters import DeadLetter
from shared.messaging.partitions import PartitionMissing
from shared.messaging.transient import is_transient
from shared.pagination import Cursor, Limit, Page, paged, time_and_id
from shared.privacy import ForeignToken, Sealer, mask_text

router = APIRouter(prefix="/api/v1/dead-letters", tags=["死信"])
# a dead letter could not be read, so nobody knows whose it is
Operator = Annotated[Principal, Depends(require_whole_organisation(Role.OPS))]


Note = Annotated[str, Field(max_length=2000), AfterValidator(mask_text)]


class ReplayFailed(Conflict):
    title = "重放仍未成功，死信保持待处理"
    code = "replay-failed"


class DeadLetterOut(BaseModel):
    """运维人员所见的死信，个人信息已脱敏。"""

    id: UUID = Field(description="死信编号")
    consumer: str = Field(description="消费者")
    event_id: str = Field(description="事件编号")
    event_type: str = Field(description="事件类型")
    state: str = Field(description="open 待处理 / replayed 已重放 / discarded 已丢弃")
    error_type: str = Field(description="错误类别")
    error: str = Field(description="错误原因（已脱敏）")
    attempts: int = Field(description="尝试次数")
    origin: str = Field(description="主题/分区/位移")
    preview: str = Field(description="原文开头（已脱敏）")
    note: str = Field(description="处理说明")
    created_at: datetime = Field(description="成为死信的时间")
    settled_at: datetime | None = Field(description="处理完毕的时间")


class Replay(Body):
    most_bytes = 1 << 20  # an event's data

    data: dict[str, Any] | None = Field(default=None, description="更正后的事件数据；不填则按原文重放")
    note: Note = Field(default="", description="处理说明")


class Discard(Body):
    note: Note = Field(min_length=1, description="丢弃原因")


def _shown(letter: DeadLetter) -> DeadLetterOut:
    record = letter.record
    return DeadLetterOut(
        id=letter.id,
        consumer=letter.consumer,
        event_id=letter.event_id,
        event_type=letter.event_type,
        state=letter.state,
        error_type=letter.error_type,
        error=letter.error,
        attempts=letter.attempts,
        origin=f"{record.topic}/{record.partition}/{record.offset}",
        preview=letter.preview(),
        note=letter.note,
        created_at=letter.created_at,
        settled_at=letter.settled_at,
    )


@router.get("", summary="死信列表")
async def list_letters(
    request: Request,
    session: ReadSession,
    _: Annotated[Principal, Depends(require_whole_organisation(Role.OPS, Role.AUDITOR))],
    state: Annotated[Literal["open", "replayed", "discarded"], Query(description="状态")] = "open",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DeadLetterOut]:
    consumers = [runner.consumer.id for runner in request.app.state.runtime.consumers]
    rows = await dead_letters.list_dead_letters(session, consumers, state, time_and_id(cursor), limit + 1)
    items, following = paged(rows, limit, lambda letter: (letter.created_at, letter.id))
    return Page(items=[_shown(letter) for letter in items], next_cursor=following)


@router.post("/{letter_id}/replay", summary="重放一封死信")
async def replay(
    letter_id: UUID, body: Replay, request: Request, work: WorkDep, sealer: SealerDep, principal: Operator
) -> DeadLetterOut:
    letter = await dead_letters.lock_dead_letter(work.session, letter_id)
    runner = next(r for r in request.app.state.runtime.consumers if r.consumer.id == letter.consumer)
    arrived = await dead_letters.revive(work, letter, _protected(body.data, sealer))
    await runner.processor.ensure_days({arrived.event.day})
    try:
        await runner.processor.apply_in(work, [arrived])
    except PartitionMissing as missing:
        await runner.db.partitions.ensure(missing.table, missing.days)
        raise
    except Exception as error:
        if isinstance(error, HuifangError) or is_transient(error):
            raise
        raise ReplayFailed(mask_text(f"{type(error).__name__}: {error}")) from error
    await dead_letters.settle(work, letter, "replayed", body.note)
    await audit(work, principal, "dead_letter.replayed", str(letter_id), mended=body.data is not None)
    return _shown(letter)


def _protected(data: dict[str, Any] | None, sealer: Sealer) -> dict[str, Any] | None:
    try:
        return None if data is None else sealer.protect(data)
    except ForeignToken as error:
        raise InvalidInput("数据中含有不是本系统加密的号码，请填原号码") from error


@router.post("/{letter_id}/discard", summary="丢弃一封死信")
async def discard(letter_id: UUID, body: Discard, work: WorkDep, principal: Operator) -> DeadLetterOut:
    letter = await dead_letters.lock_dead_letter(work.session, letter_id)
    await dead_letters.settle(work, letter, "discarded", body.note)
    await audit(work, principal, "dead_letter.discarded", str(letter_id), note=body.note)
    return _shown(letter)
