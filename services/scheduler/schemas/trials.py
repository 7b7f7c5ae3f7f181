"""Trial runs."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.scheduler.domain.packs.organisation import MOST_AGENTS
from services.scheduler.schemas.policies import PACK_EXAMPLE, PackIn
from services.scheduler.store.trials import StoredTrial
from shared.bodies import Body

Seats = Annotated[int, Field(ge=0, le=MOST_AGENTS)]


class TrialIn(Body):
    """试算：草稿编号，或策略包内容。"""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"pack": PACK_EXAMPLE, "days": 7, "agents": {"hotline": 4}}]}
    )

    most_bytes = 1 << 20  # a whole pack

    draft_id: UUID | None = Field(default=None, description="草稿编号")
    pack: PackIn | None = Field(default=None, description="策略包内容，不用草稿时")
    days: int = Field(default=30, ge=1, le=366, description="用最近多少天收到的事实")
    agents: dict[str, Seats] = Field(default={}, max_length=1_000, description="班组 → 坐席数；没有写的班组算一人")


class TrialOut(BaseModel):
    """一次试算的进度。"""

    id: str = Field(description="试算编号")
    pack: str = Field(description="策略包")
    title: str = Field(description="名称")
    state: str = Field(description="queued 排队、running 进行中、done 完成、failed 失败、cancelled 已取消")
    done: int = Field(description="已处理的事实数（草稿与现行各一遍）")
    total: int = Field(description="要处理的事实数")
    days: int = Field(description="用最近多少天的事实；0 为上传的文件")
    error: str = Field(description="失败的原因")
    created_at: datetime = Field(description="创建时间")
    created_by: str = Field(description="创建者")

    @classmethod
    def of(cls, stored: StoredTrial) -> "TrialOut":
        names = ("pack", "title", "state", "done", "total", "error", "created_at", "created_by")
        fields = {name: getattr(stored, name) for name in names}
        return cls(id=str(stored.id), days=stored.request["days"], **fields)


class TrialDetail(TrialOut):
    """一次试算的结果。"""

    result: dict[str, Any] | None = Field(
        description="完成后：outcomes 决定、ends 任务的结局、loads 每日每班组的电话与能力、merged 合并、capped 达上限、"
        "late 无法按时联系、difference 与现行策略的不同（only_draft 只在草稿、only_published 只在现行、moved 时间不同）"
    )

    @classmethod
    def with_result(cls, stored: StoredTrial) -> "TrialDetail":
        return cls(**TrialOut.of(stored).model_dump(), result=dict(stored.result) if stored.result else None)
