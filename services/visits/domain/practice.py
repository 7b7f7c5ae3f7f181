"""The practice call: a visit that is made for one agent, is nobody else's, and of which nobody hears.

It is like any other until its end. Given back, left until the lease runs out, or ended without a result, it is over.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.visits.domain.visit import State, Visit
from shared.contracts.common import CustomerCard, Matter
from shared.practice import PRACTICE, practice_id

OVER = "practice_over"
DAY = timedelta(days=1)
QUESTIONNAIRE = "practice-call"
DEFINITION: Mapping[str, Any] = {
    "id": QUESTIONNAIRE,
    "title": "练习回访",
    "opening": "您好，请问是{称呼}吗？这里是客户服务中心。您家的{事项}已经办结，想了解一下情况，通话会有录音，您看方便吗？",
    "closing": "感谢您的配合，再见。",
    "questions": [
        {
            "id": "fixed", "kind": "yes_no", "title": "故障排除", "ask": "报修的故障现在修好了吗，使用正常吗？",
            "required": True, "role": "resolved",
        },
        {
            "id": "satisfaction", "kind": "single", "title": "总体满意度",
            "ask": "总的来说，您对这次维修非常满意、满意、一般、不满意，还是非常不满意？",
            "required": True, "role": "satisfaction",
            "options": [
                {"value": "very_satisfied", "label": "非常满意"},
                {"value": "satisfied", "label": "满意"},
                {"value": "basically", "label": "一般"},
                {"value": "dissatisfied", "label": "不满意"},
                {"value": "very_dissatisfied", "label": "非常不满意"},
            ],
            "objections": [{"heard": "这个我说不好", "reply": "没关系，您就按平时的感觉说一个，好吗？"}],
        },
        {
            "id": "reasons", "kind": "multiple", "title": "不满意原因", "ask": "很抱歉没有让您满意。请问主要是哪方面的问题？",
            "required": True, "role": "reason",
            "when": {"field": "satisfaction", "op": "in", "value": ["dissatisfied", "very_dissatisfied"]},
            "options": [
                {"value": "quality", "label": "没有修好"},
                {"value": "late", "label": "没有按约定时间上门"},
                {"value": "attitude", "label": "服务态度差"},
            ],
        },
        {"id": "suggestion", "kind": "text", "title": "意见建议", "ask": "您还有什么意见或者建议吗？", "role": "remark"},
    ],
}  # fmt: skip


def practice_call(
    id_: UUID, agent: str, branch: str, team: str, questionnaire_version: int, now: datetime, lease_until: datetime
) -> Visit:
    """A call that the agent holds from the start; `lease_until` is machine time."""
    matter = Matter(
        event_id=f"{PRACTICE}{id_}",
        event_source="/huifang/practice",
        event_type="repair.closed",
        at=now - DAY,
        subject="LX0001",
        title="燃气灶维修（练习）",
        facts={
            "work_order_no": "LX0001",
            "result": "repaired",
            "closed_at": (now - DAY).isoformat(),
            "product": {"category": "燃气灶"},
            "fault": {"description": "打不着火"},
            "measures": "更换点火针",
            "engineer": {"name": "练习师傅"},
        },
    )
    return Visit(
        id=id_,
        task_id=f"{PRACTICE}{id_}",
        policy_id="practice",
        policy_version=1,
        round=1,
        customer=CustomerCard(id=practice_id(agent), name="练习客户"),
        matters=(matter,),
        kind="repair.closed",
        branch=branch,
        team=team,
        channel="phone",
        priority=9,
        questionnaire=QUESTIONNAIRE,
        questionnaire_version=questionnaire_version,
        case_id=None,
        due_at=now,
        deadline_at=now + DAY,
        lineage=f"{PRACTICE}{id_}",
        state=State.CLAIMED,
        rank=9,
        agent=agent,
        lease_until=lease_until,
        cancel_reason=OVER,
        released_at=now,
    )
