"""What the scheduler's HTTP interface takes and gives."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.scheduler.commands.explain import Answer
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.explain.decision import NO_MATCH, explain
from services.scheduler.domain.task import NAMES
from services.scheduler.schemas.policies import Moment
from services.scheduler.store.decisions import StoredDecision
from services.scheduler.store.tasks import StoredTask
from shared.bodies import Body
from shared.documents import shallow
from shared.practice import AboutCustomer
from shared.privacy import mask_text

EVENT_EXAMPLE: dict[str, Any] = {
    "id": "试算-1",
    "source": "/erp/test",
    "type": "repair.closed",
    "time": "2026-03-02T16:05:00+08:00",
    "data": {"work_order_no": "WX1", "result": "repaired", "customer": {"id": "C1", "name": "陈静"}},
}


class DecisionOut(AboutCustomer):
    """对一个事件的决定：结果与每条策略的理由。"""

    event_id: str = Field(description="发送方给出的事件编号")
    source: str = Field(description="来源")
    event_type: str = Field(description="事件类型")
    at: datetime = Field(description="事件发生时间")
    decided_at: datetime | None = Field(default=None, description="决定时间；试算时为空")
    outcome: str = Field(
        description="planned 已计划、merged 已合并、capped 达上限、quota_reached 数量已满、refused 拒访、no_customer 无客户、"
        "enrolled 已列入总量待抽取、sampled_out 未抽中、no_policy_matches 没有策略匹配、malformed 数据有误、"
        "withdrawn 事实已撤回、waiting 等待事件、"
        "skipped 不需要下一步、stopped 流程终止、ignored 已有流程、wait_expired 没有等到事件、corrected 结果已更正"
    )
    reason: str = Field(description="一句话说明")
    explanation: list[str] = Field(description="逐条策略的中文说明")
    policies: list[dict[str, Any]] = Field(description="逐条策略的明细：条件、抽样号、上限、时段、任务")

    @classmethod
    def of(cls, stored: StoredDecision, titles: dict[str, str]) -> "DecisionOut":
        sentences = explain(stored.outcome, stored.details, titles)
        names = ("event_id", "source", "event_type", "customer_id", "at", "decided_at", "outcome")
        fields = {name: getattr(stored, name) for name in names}
        return cls(**fields, reason=_reason(stored.outcome, sentences), explanation=sentences, policies=stored.details)

    @classmethod
    def tried(cls, decision: Decision, titles: dict[str, str]) -> "DecisionOut":
        fact, details = decision.fact, list(decision.details)
        sentences = explain(decision.outcome, details, titles)
        return cls(
            event_id=fact.id,
            source=fact.source,
            event_type=fact.name,
            customer_id=fact.customer_id,
            at=fact.at,
            outcome=decision.outcome,
            reason=_reason(decision.outcome, sentences),
            explanation=sentences,
            policies=details,
        )


def _reason(outcome: str, sentences: list[str]) -> str:
    return NO_MATCH if outcome == "no_policy_matches" else sentences[0].rstrip("。")


class PartOut(BaseModel):
    """一个事实的决定，或一个任务的经过。"""

    about: str = Field(description="关于什么")
    sentences: list[str] = Field(description="逐句说明")


class ExplainOut(BaseModel):
    """为什么回访或不回访：结论与全部经过。"""

    found: bool = Field(description="是否已有决定")
    answer: str = Field(description="一句话结论")
    parts: list[PartOut] = Field(description="先是各个事实与决定，后是各个任务与其经过")

    @classmethod
    def of(cls, answer: Answer) -> "ExplainOut":
        parts = [PartOut(about=part.about, sentences=part.sentences) for part in answer.parts]
        return cls(found=answer.found, answer=answer.answer, parts=parts)


class TryIn(Body):
    """要试算的事件（CloudEvents 字段）。"""

    model_config = ConfigDict(json_schema_extra={"examples": [EVENT_EXAMPLE]})

    id: str = Field(default="try", min_length=1, max_length=256, description="事件编号，抽样按它计算")
    source: str = Field(default="/try", min_length=1, max_length=256, description="来源")
    type: str = Field(min_length=1, max_length=256, description="事件类型，短名或全名")
    time: Moment = Field(default=None, description="发生时间；空为现在")
    data: Annotated[dict[str, Any], AfterValidator(shallow)] = Field(default={}, description="事件数据")


class TaskOut(AboutCustomer):
    """一个回访任务。"""

    id: str = Field(description="任务编号")
    state: str = Field(
        description="planned 已计划、released 已下达、done 已完成、failed 未成功、cancelled 已取消、expired 已过期"
    )
    state_name: str = Field(description="状态的中文名")
    reason: str = Field(description="未下达或未成功的原因")
    policy_id: str = Field(description="策略编号")
    policy_version: int = Field(description="策略版本")
    step: str = Field(description="策略有多步时，是其中哪一步")
    combined: list[str] = Field(description="并入此任务的其他策略")
    customer_name: str = Field(description="客户姓名")
    branch: str = Field(description="分公司")
    kind: str = Field(description="业务种类")
    channel: str = Field(description="渠道")
    team: str = Field(description="班组")
    priority: int = Field(description="优先级，1 最高")
    purpose: str = Field(description="用途：followup 回访、greeting 关怀、notice 告知")
    round: int = Field(description="轮次，2 为二次回访")
    questionnaire: str = Field(description="问卷编号")
    case_id: str | None = Field(description="投诉编号；与投诉无关时为空")
    matters: list[dict[str, Any]] = Field(description="事项（不含原始数据）")
    due_at: datetime = Field(description="最早联系时间")
    deadline_at: datetime | None = Field(description="时限")
    warn_at: datetime | None = Field(description="提醒将到期的时间")
    provisional: bool = Field(description="时间是否因放假安排尚未公布而暂定")
    deferred: int = Field(description="到期后推迟了几次；仍在计划中时，reason 为最近一次的原因")
    held_until: datetime | None = Field(description="到期时不在接触时段内，等到此时再下达；没有等过时为空")
    planned_at: datetime = Field(description="计划时间")
    changed_at: datetime = Field(description="最近变化的时间")

    @classmethod
    def of(cls, stored: StoredTask) -> "TaskOut":
        task = stored.task
        names = (set(cls.model_fields) & set(task.__struct_fields__)) - {"id", "matters", "combined"}
        return cls(
            id=str(task.id),
            state_name=NAMES[task.state],
            combined=list(task.combined),
            provisional=task.provisional,
            customer_name=str(task.card.get("name", "")),
            matters=[{name: matter[name] for name in matter if name != "facts"} for matter in task.matters],
            held_until=next((entry["opens"] for entry in reversed(stored.life) if "opens" in entry), None),
            planned_at=stored.planned_at,
            changed_at=stored.changed_at,
            **{name: getattr(task, name) for name in names},
        )


class CancelIn(Body):
    """取消任务。"""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "客户已来电说明", "lawful": True}]})

    reason: Annotated[str, AfterValidator(mask_text)] = Field(min_length=1, max_length=200, description="取消的理由")
    lawful: bool = Field(default=False, description="是否为正当理由（正当理由取消的不计入应访）")
