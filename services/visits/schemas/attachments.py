"""Photographs and signatures as shown."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.visits.domain.attachments import Attachment, Kind


class AttachmentOut(BaseModel):
    id: UUID = Field(description="编号")
    kind: Kind = Field(description="photo 照片、signature 客户签名")
    media_type: str = Field(description="内容类型")
    width: int = Field(description="宽（像素）")
    height: int = Field(description="高（像素）")
    size: int = Field(description="大小（字节）")
    at: datetime = Field(description="上传时间")
    agent: str = Field(description="上传的坐席")
    attempt_id: UUID | None = Field(description="随哪一次联系提交；还没有提交的为空")

    @classmethod
    def of(cls, attachment: Attachment) -> "AttachmentOut":
        return cls.model_validate(asdict(attachment))
