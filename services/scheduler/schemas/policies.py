"""Packs, drafts, policies and their versions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.scheduler.commands.packs import PackPlan
from services.scheduler.domain.kinds import Kind
from services.scheduler.domain.packs.differences import Difference
from services.scheduler.domain.packs.plan import Change
from services.scheduler.domain.whom.selection import rate_of, whom_text
from services.scheduler.store.drafts import StoredDraft
from services.scheduler.store.policies import StoredPolicy, StoredVersion
from shared.bodies import Body
from shared.declared.section import EARLIEST, LATEST
from shared.moments import Written
from shared.privacy import mask_text
from shared.zone import ORG_ZONE


def zoned(at: datetime | None) -> datetime | None:
    """A time without a zone is the organisation's; those of other centuries can't be counted with."""
    if at is not None and not EARLIEST <= at.year <= LATEST:
        raise ValueError(f"年份应在 {EARLIEST} 到 {LATEST} 之间")
    return at if at is None or at.tzinfo else at.replace(tzinfo=ORG_ZONE)


Moment = Annotated[datetime | None, AfterValidator(zoned), Written]
Note = Annotated[str, AfterValidator(mask_text)]
PACK_EXAMPLE: dict[str, Any] = {
    "name": "demo",
    "files": {
        "pack.yaml": "format: 1\nname: demo\ntitle: 示例策略包\n",
        "policies/repair.yaml": (
            "id: repair-all\ntitle: 维修全部回访\ntrigger: {events: [repair.closed]}\nrate: all\n"
            "delay: {days: 1}\ndeadline: {working_days: 3}\nquestionnaire: gas-repair\nteam: hotline\n"
        ),
    },
}


class PackIn(Body):
    """策略包：各文件路径与内容。"""

    model_config = ConfigDict(json_schema_extra={"examples": [PACK_EXAMPLE]})

    name: str = Field(description="策略包名称，须与 pack.yaml 中一致")
    files: dict[str, str] = Field(description="路径 → 文件内容（YAML 文本）；须有 pack.yaml")
    valid_from: Moment = Field(default=None, description="从何时的事实起生效；空为立即")
    note: Note = Field(default="", max_length=500, description="草稿的说明")


class DifferenceOut(BaseModel):
    """一个键的不同。"""

    key: str = Field(description="键")
    title: str = Field(description="键的中文名")
    before: Any = Field(description="原来的值；空为没有")
    after: Any = Field(description="新的值；空为没有")
    text: str = Field(description="一句话说明")

    @classmethod
    def each(cls, found: Sequence[Difference]) -> "list[DifferenceOut]":
        return [cls(**one._asdict(), text=str(one)) for one in found]


class PolicyResult(BaseModel):
    """一条策略会怎样。"""

    id: str = Field(description="策略编号")
    title: str = Field(description="名称")
    result: str = Field(
        description="created 新建、changed 新版本、unchanged 未变、restored 废止后重新启用、withdrawn 已不在包中，废止"
    )
    version: int = Field(description="此后的最新版本")
    valid_from: datetime | None = Field(description="从何时的事实起如此；空为立即")
    differences: list[DifferenceOut] = Field(description="与当前版本逐键比较")

    @classmethod
    def of(cls, change: Change) -> "PolicyResult":
        names = ("id", "title", "result", "version", "valid_from")
        return cls(
            **{name: getattr(change, name) for name in names}, differences=DifferenceOut.each(change.differences)
        )


class KindResult(BaseModel):
    """一类事件会怎样。"""

    event: str = Field(description="事件名")
    result: str = Field(description="created 新增、changed 有变化、unchanged 未变、withdrawn 不再声明")


class PackOut(BaseModel):
    """发布策略包会改变或已改变什么。"""

    name: str = Field(description="策略包名称")
    title: str = Field(description="中文名称")
    policies: list[PolicyResult] = Field(description="逐条策略")
    kinds: list[KindResult] = Field(description="包自己的事件种类")

    @classmethod
    def of(cls, plan: PackPlan) -> "PackOut":
        kinds = [KindResult(event=event, result=result) for event, result in plan.kinds.items()]
        policies = [PolicyResult.of(change) for change in plan.changes]
        return cls(name=plan.pack.name, title=plan.pack.title, policies=policies, kinds=kinds)


class DraftOut(BaseModel):
    """一份草稿：尚未发布的策略包。"""

    id: str = Field(description="草稿编号")
    pack: str = Field(description="策略包")
    title: str = Field(description="名称")
    note: str = Field(description="说明")
    state: str = Field(description="open 待发布、published 已发布、discarded 已放弃")
    created_at: datetime = Field(description="创建时间")
    created_by: str = Field(description="创建者")
    settled_at: datetime | None = Field(description="发布或放弃的时间")
    settled_by: str = Field(description="由谁发布或放弃；待发布时为空")

    @classmethod
    def of(cls, stored: StoredDraft) -> "DraftOut":
        return cls(**{name: getattr(stored, name) for name in DraftOut.model_fields if name != "id"}, id=str(stored.id))


class DraftDetail(DraftOut):
    """一份草稿的文件，以及现在发布会改变什么。"""

    files: dict[str, str] = Field(description="路径 → 文件内容")
    plan: PackOut | None = Field(description="现在发布会改变什么；已处理的草稿为空")

    @classmethod
    def with_plan(cls, stored: StoredDraft, plan: PackPlan | None) -> "DraftDetail":
        fields = DraftOut.of(stored).model_dump()
        return cls(**fields, files=dict(stored.files), plan=PackOut.of(plan) if plan else None)


class PublishIn(Body):
    """发布草稿。"""

    model_config = ConfigDict(json_schema_extra={"examples": [{"valid_from": "2026-12-01T00:00:00+08:00"}]})

    valid_from: Moment = Field(default=None, description="从何时的事实起生效；空为立即")


class RetireIn(Body):
    """废止策略。"""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "制度已修订"}]})

    reason: Note = Field(min_length=1, max_length=200, description="废止的理由")
    at: Moment = Field(default=None, description="从何时的事实起不再适用；空为立即")


class KindOut(BaseModel):
    """策略包声明的一类事件。"""

    event: str = Field(description="事件名")
    title: str = Field(description="中文名称")
    packs: list[str] = Field(description="声明它的策略包")
    definition: dict[str, Any] = Field(description="数据的 JSON Schema")

    @classmethod
    def of(cls, kind: Kind, packs: list[str]) -> "KindOut":
        return cls(event=kind.event, title=kind.title, packs=packs, definition=dict(kind.schema))


class PolicyOut(BaseModel):
    """一条策略的最新版本。"""

    id: str = Field(description="策略编号")
    title: str = Field(description="名称")
    pack: str = Field(description="所属策略包")
    version: int = Field(description="最新版本")
    enabled: bool = Field(description="是否启用")
    valid_from: datetime | None = Field(description="最新版本从何时的事实起适用，之前由上一版决定；空为发布时起")
    valid_until: datetime | None = Field(description="策略从何时的事实起废止；空为没有")
    clauses: list[str] = Field(description="依据的条款")
    events: list[str] = Field(description="触发事件")
    rate: float = Field(description="抽取百分比，100 为全部，0 为按数量抽取")
    whom: str = Field(description="回访多少：全部、20%、每日总量的 20%、每周 5 件")
    team: str = Field(description="班组")
    changed_at: datetime = Field(description="最近变化的时间")
    changed_by: str = Field(description="最近由谁修改")

    @classmethod
    def of(cls, stored: StoredPolicy) -> "PolicyOut":
        return cls(**_policy(stored))


class VersionOut(BaseModel):
    """一条策略的一个版本；发布后内容不变。"""

    version: int = Field(description="第几版")
    hash: str = Field(description="内容的 SHA-256")
    loaded_at: datetime = Field(description="发布时间")
    loaded_by: str = Field(description="发布者")
    valid_from: datetime | None = Field(description="从何时的事实起适用；空为发布时起")
    valid_until: datetime | None = Field(description="从何时的事实起废止；空为没有")
    content: dict[str, Any] = Field(description="完整内容，含默认值")

    @classmethod
    def of(cls, stored: StoredVersion) -> "VersionOut":
        return cls(**vars(stored))


class PolicyDetail(PolicyOut):
    """一条策略及其所有版本。"""

    revision: int = Field(description="修改时作为 If-Match")
    versions: list[VersionOut] = Field(description="所有版本，新的在前")

    @classmethod
    def with_versions(cls, stored: StoredPolicy, versions: list[StoredVersion]) -> "PolicyDetail":
        found = [VersionOut.of(version) for version in versions]
        return cls(**_policy(stored), revision=stored.revision, versions=found)


class DiffOut(BaseModel):
    """一条策略两个版本的不同。"""

    id: str = Field(description="策略编号")
    before: int = Field(description="原版本")
    after: int = Field(description="新版本")
    differences: list[DifferenceOut] = Field(description="逐键的不同")


def _policy(stored: StoredPolicy) -> dict[str, Any]:
    content = stored.content
    fields = {name: content[name] for name in ("title", "clauses", "team")}
    fields |= {"rate": rate_of(content["rate"]), "whom": whom_text(content["rate"])}
    names = ("id", "pack", "version", "enabled", "valid_from", "valid_until", "changed_at", "changed_by")
    return fields | {"events": content["trigger"]["events"]} | {name: getattr(stored, name) for name in names}
