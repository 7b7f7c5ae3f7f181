"""The work rules as the API tells and takes them."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from services.visits.domain.results import ResultCode
from services.visits.domain.work_rules import RulesVersion
from services.visits.domain.work_rules_document import RulesDocument
from shared.bodies import WRITTEN, Body
from shared.contracts.visits import AttemptResult
from shared.hours import frames_text
from shared.privacy import mask_text

Reason = Annotated[str, Field(min_length=1, max_length=500), WRITTEN, AfterValidator(mask_text)]


class PlanRulesIn(Body):
    rules: RulesDocument = Field(description="作业规则")


class SetRulesIn(PlanRulesIn):
    reason: Reason = Field(description="为什么修改")


class RulesVersionOut(BaseModel):
    """一版作业规则。"""

    version: int = Field(description="版本；第 1 版为部署的设置")
    at: datetime | None = Field(description="何时设定；从未修改过时为空")
    by: str = Field(description="谁设定的")
    reason: str = Field(description="为什么修改")

    @classmethod
    def of(cls, kept: RulesVersion) -> "RulesVersionOut":
        return cls(version=kept.version, at=kept.at, by=kept.by, reason=kept.reason)


class RulesOut(RulesVersionOut):
    rules: dict[str, Any] = Field(description="作业规则，与设定时的写法相同")

    @classmethod
    def of(cls, kept: RulesVersion) -> "RulesOut":
        return cls(**dict(RulesVersionOut.of(kept)), rules=RulesDocument.of(kept.rules).plain)


class ChangeOut(BaseModel):
    field: str = Field(description="哪一项；结果代码按代码列出")
    before: Any = Field(description="原来的值；原来没有时为空")
    after: Any = Field(description="改为的值；不再有时为空")


class PlanOut(BaseModel):
    """改动的内容与要留意的事。"""

    changes: list[ChangeOut] = Field(description="改动的各项；为空即没有改动")
    warnings: list[str] = Field(description="请留意的事")

    @classmethod
    def of(cls, changes: tuple[tuple[str, Any, Any], ...], warnings: tuple[str, ...]) -> "PlanOut":
        return cls(
            changes=[ChangeOut(field=field, before=old, after=new) for field, old, new in changes],
            warnings=list(warnings),
        )


class SetRulesOut(PlanOut):
    version: int = Field(description="现在的版本")


class ResultCodeOut(BaseModel):
    code: str = Field(description="结果代码")
    label: str = Field(description="中文名称")
    means: AttemptResult = Field(description="相当于平台的哪个代码；指标与事件按它计")
    group: str = Field(description="在小结中归入哪一组")
    shortcut: str = Field(description="坐席工作台快捷键；没有时为空")
    connected: bool = Field(description="是否接通")
    ending: str | None = Field(description="单据如何结束；为空表示按重拨计划再拨")
    retry_after: str = Field(description="重拨间隔；next_working_day 下一工作日，其余为 ISO 8601 时长，以分钟计")
    retry_hours: str = Field(description="再次联系安排在哪些时段，如 18:00-20:00；不限时为空")
    most: int = Field(description="该结果最多出现几次")
    needs_note: bool = Field(description="是否必须填写备注")
    needs_answers: bool = Field(description="是否必须已有答案")
    retired: bool = Field(description="已停用：不能再选，以往的记录照常显示")

    @classmethod
    def of(cls, code: ResultCode) -> "ResultCodeOut":
        plain = {name: getattr(code, name) for name in cls.model_fields if not name.startswith("retry_")}
        return cls(**plain, retry_after=_retry_after(code), retry_hours=frames_text(code.frames))


def _retry_after(code: ResultCode) -> str:
    if isinstance(code.wait, str):
        return code.wait
    return f"PT{-(-code.wait // timedelta(minutes=1))}M"
