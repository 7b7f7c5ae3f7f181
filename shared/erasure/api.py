"""How far a service is with the erasure of customers, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from shared.auth import Principal, Role, require_whole_organisation
from shared.erasure.kept import progress
from shared.http import ReadSession, SealerDep
from shared.privacy import PREFIX, Sealer

router = APIRouter(prefix="/api/v1/erasures", tags=["个人信息删除"])
Reader = Annotated[Principal, Depends(require_whole_organisation(Role.ADMIN))]


class ProgressOut(BaseModel):
    """一个服务清理到哪一步。"""

    heard: int = Field(description="收到的删除要求，几位客户")
    erased: int = Field(description="其中已清理几位")
    done: int = Field(description="其中复查期满几位，不再会有晚到的消息")
    waiting: list[str] = Field(description="尚未清理的客户编号，等得最久的在前，最多 20 位；是号码的已脱敏")


@router.get("/progress", summary="个人信息删除的进度", description="本服务的；各服务各自清理。")
async def get_progress(session: ReadSession, sealer: SealerDep, _: Reader) -> ProgressOut:
    found = await progress(session)
    waiting = [shown_customer(one, sealer) for one in found.waiting]
    return ProgressOut(heard=found.heard, erased=found.erased, done=found.done, waiting=waiting)


def shown_customer(customer: str, sealer: Sealer) -> str:
    """Some are known by their number."""
    return sealer.masked(customer) if customer.startswith(PREFIX) else customer
