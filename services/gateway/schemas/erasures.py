"""Erasures of customers as HTTP takes and gives them."""

from datetime import datetime

from pydantic import ConfigDict, Field

from services.gateway.schemas import Out
from shared.bodies import Body
from shared.erasure.kept import ErasureRecord


class ErasureIn(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"customer_id": "C0001017"}})

    customer_id: str = Field(min_length=1, max_length=64, description="客户编号；编号本身、统计数与拒访记录保留")


class ErasureOut(Out):
    """一位客户的个人信息删除。"""

    customer_id: str = Field(description="客户编号")
    asked_at: datetime = Field(description="登记时间")
    asked_by: str = Field(description="登记人")
    erased_at: datetime | None = Field(description="接入服务首次清理完毕的时间；其他服务同时各自清理")
    done_at: datetime | None = Field(description="不再会有晚到的消息、不再复查的时间")

    @classmethod
    def of(cls, record: ErasureRecord) -> "ErasureOut":
        return cls(
            customer_id=record.customer,
            asked_at=record.asked_at,
            asked_by=record.asked_by,
            erased_at=record.erased_at,
            done_at=record.done_at,
        )
