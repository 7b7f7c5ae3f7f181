"""What happened to a customer, or in a matter, in all services: an entry per event, told in a Chinese sentence.

An entry keeps what its sentence needs and no more: codes, not words, so that old entries are told in today's words; of a
result also the title that the deployment gave it then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.analytics.domain.labels import Labels, title_of
from services.analytics.domain.observations import Occurrence
from shared.contracts import by_name
from shared.contracts.base import INTAKE
from shared.contracts.intake import branch_of, number_of
from shared.contracts.words import (
    ATTEMPT_RESULTS,
    CASE_OUTCOMES,
    CHANNELS,
    ESCALATIONS,
    GRADES,
    PURPOSES,
    REASONS,
    SATISFACTION,
    WITHDRAWN,
    message_reason,
    word_of,
)
from shared.zone import ORG_ZONE

Details = Mapping[str, Any]
LONGEST = 200  # characters of what a person wrote
# what sentences are made of; a number is told by its column
KEPT = (
    *("reason", "channel", "purpose", "round", "policy_id", "policy_version", "due_at", "deadline_at", "changes"),
    *("result", "result_title", "talk_seconds", "agent", "attempts", "satisfaction", "rating", "effective", "reasons"),
    *("remark", "problems", "callback_at", "case_no", "grade", "level", "origin", "responsible_unit", "description"),
    *("measures", "in_time", "outcome", "final_rating", "template", "provider", "cause_id", "corrected_by"),
    *("phone_masked", "expires_at", "digit", "reopened_by", "why"),
)
OCCASIONS = {
    "drawn": "在总量中抽中",
    "reserve": "作为备选递补",
    "schedule": "周期已到",
    "anniversary": "纪念日已到",
    "awaited": "等待的事件已到",
    "follows": "上一步已结束",
}
MESSAGES = {
    "thank_you": "感谢",
    "birthday": "生日祝福",
    "festival": "节日祝福",
    "complaint_resolved": "投诉办结告知",
    "major_complaint": "重大投诉告知",
    "survey": "短信回访",
    "notice": "告知",
}
CHANGES = {"matters": "事项", "channel": "渠道", "priority": "优先级", "deadline_at": "时限"}
ORIGINS = {"visit": "回访不满意或发现问题", "hotline": "12345 工单", "manual": "人工登记"}
NOBODYS = ("policy.limit_reached", "calendar.published")  # about no customer


@dataclass(frozen=True)
class Entry:
    """What one event told: `number` is its document or case number, "" where it has none."""

    event_key: UUID
    at: datetime
    name: str
    customer: str
    lineage: str
    number: str
    branch: str
    details: Details


def entry_of(told: Occurrence, key: UUID, customer: str, lineage: str) -> Entry | None:
    """What the event `key` adds to its customer's timeline; None where it is about nobody."""
    if not customer or told.name in NOBODYS:
        return None
    data = told.data
    number = data.get("number") or data.get("case_no") or number_of(data)
    is_fact = _is_fact(told.name)
    branch = branch_of(data) if is_fact else data.get("branch")
    details = _of_fact(data) if is_fact else {name: _short(data[name]) for name in KEPT if data.get(name)}
    return Entry(key, told.at, told.name, customer, lineage or told.id, str(number), str(branch or ""), details)


def _is_fact(name: str) -> bool:
    declared = by_name(name)
    return declared is None or declared.topic == INTAKE


def _of_fact(data: Details) -> Details:
    """Of facts only why they were withdrawn is kept: the rest is the sender's, and stays where it is needed."""
    return {"reason": data["reason"]} if data.get("reason") in WITHDRAWN else {}


def _short(value: Any) -> Any:
    return f"{value[:LONGEST]}…" if isinstance(value, str) and len(value) > LONGEST else value


def sentence(entry: Entry, labels: Labels) -> str:
    """What happened, in Chinese, without the moment; units and kinds of events by the names that `labels` has for them."""
    if tell := SENTENCES.get(entry.name):
        return tell(entry, _named(entry.details, labels))
    title = title_of(entry.name, labels.kinds) or entry.name
    if not _is_fact(entry.name):
        return title
    return f"收到业务事实：{title}{f'，单号 {entry.number}' if entry.number else ''}"


def _named(said: Details, labels: Labels) -> Details:
    """With the name of the unit that answers for it in place of the code, where facts have told one."""
    code = said.get("responsible_unit", "")
    return {**said, "responsible_unit": labels.branches[code]} if code in labels.branches else said


def _withdrawn(entry: Entry, said: Details) -> str:
    number = f" {entry.number}" if entry.number else ""
    return f"单据{number} 撤回：{word_of(WITHDRAWN, said.get('reason', ''))}"


def _follow_up(said: Details) -> str:
    if said.get("purpose", "followup") != "followup":
        return word_of(PURPOSES, said["purpose"])
    return "二次回访" if said.get("round", 1) > 1 else "回访"


def _planned(_: Entry, said: Details) -> str:
    until = f"，{_moment(said['deadline_at'])} 前完成" if said.get("deadline_at") else ""
    how = word_of(CHANNELS, said.get("channel", "phone"))
    policy = f"策略 {said.get('policy_id', '')} 第 {said.get('policy_version', 1)} 版"
    return f"计划{_follow_up(said)}（{policy}）：{how}，{_moment(said['due_at'])} 起{until}"


def _released(_: Entry, said: Details) -> str:
    is_message = said.get("channel") in ("sms", "email")
    return f"{_follow_up(said)}到期，{'交给通知服务发送' if is_message else '下达给坐席'}"


def _postponed(_: Entry, said: Details) -> str:
    return f"{_follow_up(said)}推迟到 {_moment(said['due_at'])}{_because(said)}"


def _changed(_: Entry, said: Details) -> str:
    parts = "、".join(word_of(CHANGES, change) for change in said.get("changes", ()))
    return f"{_follow_up(said)}有变更{f'（{parts}）' if parts else ''}{_because(said)}"


def _cancelled(_: Entry, said: Details) -> str:
    return f"{_follow_up(said)}取消{_because(said)}"


def _expired(_: Entry, said: Details) -> str:
    return f"{_follow_up(said)}过期：时限之前未能完成"


def _deadline_near(_: Entry, said: Details) -> str:
    return f"{_follow_up(said)}时限将到：{_moment(said['deadline_at'])}"


def _occasion(_: Entry, said: Details) -> str:
    return f"回访时机到来：{word_of(OCCASIONS, said.get('reason', ''))}"


def _attempted(_: Entry, said: Details) -> str:
    seconds = int(said.get("talk_seconds", 0))
    talked = f"，通话 {seconds // 60} 分 {seconds % 60} 秒" if seconds else ""
    return f"联系客户：{_result(said)}{talked}{_by(said)}"


def _result(said: Details) -> str:
    return str(said.get("result_title") or word_of(ATTEMPT_RESULTS, said.get("result", "")))


def _completed(_: Entry, said: Details) -> str:
    kind = "有效" if said.get("effective") else "部分作答"
    return f"回访完成（{kind}）{_opinion(said)}{_by(said)}"


def _corrected(_: Entry, said: Details) -> str:
    by = f"，由 {said['corrected_by']}" if said.get("corrected_by") else ""
    return f"回访记录更正{_opinion(said)}{by}{_quoted(said.get('reason'))}"


def _dissatisfied(_: Entry, said: Details) -> str:
    why = "、".join(map(str, said.get("reasons", ())))
    return f"客户不满意{f'，原因：{why}' if why else ''}{_quoted(said.get('remark'))}"


def _problem(_: Entry, said: Details) -> str:
    what = "、".join(map(str, said.get("problems", ())))
    return f"发现问题件{f'：{what}' if what else ''}{_quoted(said.get('remark'))}"


def _other_result(_: Entry, said: Details) -> str:
    by = f"，由 {said['corrected_by']}" if said.get("corrected_by") else ""
    return f"呼叫结果更正为：{_result(said)}{by}{_quoted(said.get('reason'))}"


def _visit_reopened(_: Entry, said: Details) -> str:
    by = f"，由 {said['reopened_by']}" if said.get("reopened_by") else ""
    return f"回访重新打开，原先未成功{_because(said)}{by}{_quoted(said.get('why'))}"


def _failed(_: Entry, said: Details) -> str:
    return f"回访未成功{_because(said)}，共联系 {said.get('attempts', 0)} 次{_by(said)}"


def _callback(_: Entry, said: Details) -> str:
    return f"与客户约定 {_moment(said['callback_at'])} 回呼{_by(said)}"


def _number(_: Entry, said: Details) -> str:
    new = f"，新号码 {said['phone_masked']}" if said.get("phone_masked") else ""
    return f"客户号码更正{new}{_by(said)}"


def _opened(_: Entry, said: Details) -> str:
    grade, origin = word_of(GRADES, said.get("grade", "general")), word_of(ORIGINS, said.get("origin", ""))
    return f"投诉{_case(said)}立案（{grade}，{origin}）{_limit(said)}{_quoted(said.get('description'))}"


def _assigned(_: Entry, said: Details) -> str:
    unit = said.get("responsible_unit")
    return f"投诉{_case(said)}派发{f'给 {unit}' if unit else ''}{_limit(said)}"


def _limit(said: Details) -> str:
    return f"，{_moment(said['deadline_at'])} 前整改"


def _escalated(_: Entry, said: Details) -> str:
    return f"投诉{_case(said)}提到第 {said.get('level', 0)} 级：{word_of(ESCALATIONS, said.get('reason', ''))}"


def _resolved(_: Entry, said: Details) -> str:
    return f"投诉{_case(said)}整改{'按时' if said.get('in_time') else '逾期'}完成{_quoted(said.get('measures'))}"


def _reopened(_: Entry, said: Details) -> str:
    return f"投诉{_case(said)}退回重办，第 {said.get('round', 1)} 轮{_quoted(said.get('reason'))}"


def _closed(_: Entry, said: Details) -> str:
    rating = f"，二次评分 {said['final_rating']}" if said.get("final_rating") else ""
    return f"投诉{_case(said)}结案：{word_of(CASE_OUTCOMES, said.get('outcome', ''))}{rating}"


def _message(done: str) -> Callable[[Entry, Details], str]:
    def tell(_: Entry, said: Details) -> str:
        why = f"：{message_reason(said['reason'])}" if said.get("reason") else ""
        return f"{word_of(CHANNELS, said.get('channel', 'sms'))}{done}（{word_of(MESSAGES, said.get('purpose', ''))}）{why}"

    return tell


def _opted_out(_: Entry, said: Details) -> str:
    return f"客户退订{word_of(CHANNELS, said.get('channel', 'sms'))}{_refused(said)}"


def _opt_out_revoked(_: Entry, said: Details) -> str:
    return f"撤销对{word_of(CHANNELS, said.get('channel', 'sms'))}的退订{_refused(said)}"


def _refused(said: Details) -> str:
    purpose = said.get("purpose", "*")
    what = {"*": "推广类消息", "all": "所有消息", "notice": "告知和短信回访"}
    return f"（{what.get(purpose) or word_of(MESSAGES, purpose)}）"


def _case(said: Details) -> str:
    return f" {said['case_no']} " if said.get("case_no") else ""


def _because(said: Details) -> str:
    return f"：{word_of(REASONS, said['reason'])}" if said.get("reason") else ""


def _by(said: Details) -> str:
    return f"，坐席 {said['agent']}" if said.get("agent") else ""


def _opinion(said: Details) -> str:
    if said.get("satisfaction"):
        return f"：{word_of(SATISFACTION, said['satisfaction'])}"
    return f"：评分 {said['rating']}" if said.get("rating") else ""


def _quoted(text: object) -> str:
    return f"：“{text}”" if text else ""


def _moment(text: object) -> str:
    """A moment as it travels (ISO 8601), in the organisation's time to the minute."""
    return f"{datetime.fromisoformat(str(text)).astimezone(ORG_ZONE):%Y-%m-%d %H:%M}"


def _invited(_: Entry, said: Details) -> str:
    return f"请客户凭编号自助作答，{_moment(said['expires_at'])} 前有效"


def _invitation_ended(_: Entry, said: Details) -> str:
    return "自助作答的编号失效"


def _replied(_: Entry, said: Details) -> str:
    return f"客户回复数字 {said.get('digit', 0)}"


SENTENCES: Mapping[str, Callable[[Entry, Details], str]] = {
    "fact.withdrawn": _withdrawn,
    "followup.planned": _planned,
    "followup.released": _released,
    "followup.postponed": _postponed,
    "followup.changed": _changed,
    "followup.cancelled": _cancelled,
    "followup.expired": _expired,
    "followup.deadline_near": _deadline_near,
    "occasion.arrived": _occasion,  # heard until occasions had a topic of their own
    "visit.attempted": _attempted,
    "visit.completed": _completed,
    "visit.corrected": _corrected,
    "visit.attempt_corrected": _other_result,
    "visit.reopened": _visit_reopened,
    "visit.invited": _invited,
    "visit.invitation_ended": _invitation_ended,
    "notification.replied": _replied,
    "visit.dissatisfied": _dissatisfied,
    "visit.problem_found": _problem,
    "visit.failed": _failed,
    "visit.callback_agreed": _callback,
    "customer.number_corrected": _number,
    "complaint.opened": _opened,
    "complaint.assigned": _assigned,
    "complaint.escalated": _escalated,
    "complaint.resolved": _resolved,
    "complaint.reopened": _reopened,
    "complaint.closed": _closed,
    "notification.sent": _message("已提交"),
    "notification.delivered": _message("已送达"),
    "notification.failed": _message("发送失败"),
    "notification.suppressed": _message("未发送"),
    "notification.opted_out": _opted_out,
    "notification.opt_out_revoked": _opt_out_revoked,
}
