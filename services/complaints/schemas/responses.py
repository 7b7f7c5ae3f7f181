"""What complaints says over HTTP; phones are masked."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.complaints.domain.case import FINAL, IN_WORK, Case, Ending, Entry, State, What
from services.complaints.domain.limits import Limits
from shared.contracts.common import Matter
from shared.contracts.complaints import Grade, Origin
from shared.practice import is_practice
from shared.privacy import Sealer

LABELS: dict[What, str] = {
    "opened": "立案",
    "assigned": "派发",
    "resolved": "整改完成，待二次回访",
    "reopened": "退回重办",
    "closed": "闭环",
    "rejected": "驳回",
    "escalated": "提级督办",
    "remarked": "主管复核备注",
    "promised": "承诺答复时间",
    "followed_up": "二次回访结果",
    "problem_found": "补充问题件",
    "visit_corrected": "回访记录更正",
    "visit_reopened": "回访重新打开",
    "number_corrected": "客户号码更正",
    "joined": "同一次回访的反映并入",
    "hotline_repeated": "12345 再次转办",
    "deadline_moved": "放假安排公布，整改期限重新计算",
    "erased": "按客户要求删除其个人信息，投诉照常办理",
}


class CustomerOut(BaseModel):
    id: str = Field(description="客户编号")
    name: str = Field(description="客户称呼")
    phone_masked: str = Field(description="脱敏电话")
    level: str = Field(description="客户等级")
    do_not_contact: bool = Field(description="免打扰")


class CaseOut(BaseModel):
    """列表与变更应答中的投诉。"""

    id: UUID = Field(description="编号")
    case_no: str = Field(description="投诉编号")
    origin: Origin = Field(description="来源：visit 回访 / hotline 12345 / manual 人工登记")
    origin_id: str = Field(description="来源单编号")
    customer: CustomerOut = Field(description="客户")
    practice: bool = Field(description="练习：不对外发送、不回写、不计数")
    kind: str = Field(description="业务类别")
    branch: str = Field(description="分公司")
    description: str = Field(description="投诉内容（已脱敏）")
    reasons: list[str] = Field(description="原因标签")
    state: State = Field(
        description="opened 待派发 / assigned 整改中 / resolved 待二次回访 / reopened 重办中 / closed / rejected"
    )
    grade: Grade = Field(description="major 重大 / general 一般 / opinion 意见")
    level: int = Field(description="提级次数")
    round: int = Field(description="第几轮整改")
    important: bool = Field(description="重要投诉（同一事项连续投诉或多次返工）")
    responsible_unit: str = Field(description="责任单位")
    owner: str = Field(description="首问负责人")
    done_by: str = Field(description="作业班组或单位")
    opened_at: datetime = Field(description="立案时间")
    deadline_at: datetime = Field(description="整改期限")
    provisional: bool = Field(description="整改期限是否暂定：该年放假安排尚未公布，公布后重新计算")
    overdue: bool = Field(description="是否超时（按工作时间计）")
    remaining_working_seconds: int | None = Field(description="剩余工作时间（秒），负数为已超时；无需倒计时则为空")
    assigned_at: datetime | None = Field(description="派发时间；未派发时为空")
    resolved_at: datetime | None = Field(description="整改完成时间；未完成时为空")
    closed_at: datetime | None = Field(description="闭环时间；未闭环时为空")
    next_reply_at: datetime | None = Field(description="承诺客户的下次答复时间")
    measures: str = Field(description="整改措施")
    in_time: bool = Field(description="至今各轮整改是否均在期限内")
    outcome: Ending | None = Field(description="闭环结果")
    close_reason: str = Field(description="闭环的理由")
    first_rating: int | None = Field(description="首次评价，1–5")
    final_rating: int | None = Field(description="二次回访评价（以此为准）")
    version: int = Field(description="版本；修改时作为 If-Match")


class MatterOut(BaseModel):
    event_id: str = Field(description="事件编号")
    event_type: str = Field(description="事件类型")
    at: datetime = Field(description="时间")
    subject: str = Field(description="单号")
    title: str = Field(description="事由")
    facts: dict[str, Any] = Field(description="来源单据（已脱敏）")


class EntryOut(BaseModel):
    at: datetime = Field(description="时间")
    what: What = Field(description="发生了什么")
    text: str = Field(description="事项")
    actor: str = Field(description="经办人；system 为系统")
    detail: dict[str, Any] = Field(description="详情")


class CaseDetail(CaseOut):
    """投诉及其全部经过。"""

    lineage: str = Field(description="全链路编号：从最初的业务事实到最后的结果")
    matters: list[MatterOut] = Field(description="涉及的事项")
    timeline: list[EntryOut] = Field(description="经过，先后为序")


class Assigned(BaseModel):
    id: UUID = Field(description="投诉的编号")
    assigned: bool = Field(description="是否已派发")
    problem: str = Field(description="未派发的原因；已派发则为空")


class BulkAssigned(BaseModel):
    items: list[Assigned] = Field(description="逐件的结果")


class UnitStats(BaseModel):
    unit: str = Field(description="责任单位")
    cases: int = Field(description="投诉数")
    open: int = Field(description="未闭环数")
    overdue: int = Field(description="超时数")
    important: int = Field(description="重要投诉数")
    in_time: int = Field(description="按时完成数")


class Stats(BaseModel):
    """统计表（R03.6、R03.8）。"""

    total: int = Field(description="投诉总数")
    open: int = Field(description="未了结")
    overdue: int = Field(description="超时")
    important: int = Field(description="重要投诉")
    by_state: dict[str, int] = Field(description="各状态的数量")
    by_grade: dict[str, int] = Field(description="各等级的数量")
    by_unit: list[UnitStats] = Field(description="各责任单位的数量")


def shown(case: Case, limits: Limits, sealer: Sealer, now: datetime) -> CaseOut:
    return CaseOut(**_common(case, limits, sealer, now))


def shown_whole(case: Case, entries: list[Entry], limits: Limits, sealer: Sealer, now: datetime) -> CaseDetail:
    return CaseDetail(
        **_common(case, limits, sealer, now),
        lineage=case.lineage,
        matters=[_matter(matter, sealer) for matter in case.matters],
        timeline=[
            EntryOut(
                at=entry.at,
                what=entry.what,
                text=LABELS[entry.what],
                actor=entry.actor,
                detail=sealer.masked_tree(entry.detail),
            )
            for entry in entries
        ],
    )


def _common(case: Case, limits: Limits, sealer: Sealer, now: datetime) -> dict[str, Any]:
    values = {name: getattr(case, name) for name in CaseOut.model_fields if hasattr(case, name)}
    return values | {
        "practice": is_practice(case.customer.id),
        "customer": CustomerOut(
            id=case.customer.id,
            name=case.customer.name,
            phone_masked=case.customer.phone_masked or sealer.masked(case.customer.phone),
            level=case.customer.level,
            do_not_contact=case.customer.do_not_contact,
        ),
        "overdue": case.is_overdue(now),
        "remaining_working_seconds": _remaining_seconds(case, limits, now),
    }


def _remaining_seconds(case: Case, limits: Limits, now: datetime) -> int | None:
    return int(limits.remaining(case.deadline_at, now).total_seconds()) if case.state in IN_WORK else None


def _matter(matter: Matter, sealer: Sealer) -> MatterOut:
    return MatterOut(**sealer.masked_tree(matter.model_dump()))


def stats_of(counts: Iterable[Mapping[str, Any]]) -> Stats:
    """The sheet out of counts by unit, state and grade."""
    by_state: Counter[str] = Counter()
    by_grade: Counter[str] = Counter()
    units: dict[str, Counter[str]] = {}
    for count in counts:
        by_state[count["state"]] += count["cases"]
        by_grade[count["grade"]] += count["cases"]
        unit = units.setdefault(count["responsible_unit"], Counter())
        unit.update({name: count[name] for name in ("cases", "overdue", "important", "in_time")})
        unit["open"] += 0 if count["state"] in FINAL else count["cases"]
    return Stats(
        total=by_state.total(),
        open=sum(unit["open"] for unit in units.values()),
        overdue=sum(unit["overdue"] for unit in units.values()),
        important=sum(unit["important"] for unit in units.values()),
        by_state=dict(by_state),
        by_grade=dict(by_grade),
        by_unit=[
            UnitStats(unit=code, **{name: unit[name] for name in UnitStats.model_fields.keys() - {"unit"}})
            for code, unit in sorted(units.items())
        ],
    )
