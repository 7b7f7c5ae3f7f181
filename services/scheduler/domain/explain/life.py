"""What became of a task since it was planned: entries as they are kept, and told in Chinese sentences.

An entry is `{at, state, reason, due}` for a change of state or moment, `{at, visit, …}` for what agents told of a contact,
`{at, message, reason}` for what became of a message, `{at, note}` for what somebody said of it, `{at, opens}` when it came
up outside of its contact window.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.scheduler.domain.explain.decision import ENDS, local_text
from services.scheduler.domain.task import Task
from shared.contracts.words import CHANNELS, SATISFACTION, message_reason

Entry = Mapping[str, Any]
MESSAGES = {"delivered": "消息已送达", "failed": "消息未送达", "suppressed": "消息未发送"}
KEPT = ("reason", "attempts", "satisfaction", "callback_at", "agent")


def contact_entry(name: str, data: Mapping[str, Any], at: datetime) -> Entry:
    """What an event of visits adds to its task's life."""
    return {"at": at, "visit": name.partition(".")[2]} | {key: data[key] for key in KEPT if data.get(key)}


def message_entry(name: str, data: Mapping[str, Any], at: datetime) -> Entry:
    """What an event of notifications adds to the life of the task that it is the contact of."""
    reason = {"reason": data["reason"]} if data.get("reason") else {}
    return {"at": at, "message": name.partition(".")[2], **reason}


def life_of(task: Task, planned_at: datetime, entries: Sequence[Entry], taker: str = "") -> list[str]:
    """The task's life, from its planning to where it stands; `taker` is the task that took its matters over."""
    if task.state == "cancelled" and not any(entry.get("state") == task.state for entry in entries):
        entries = [{"at": planned_at, "state": task.state, "reason": task.reason}, *entries]  # both in one batch
    return [_planned(task, planned_at), *(_sentence(entry, task, taker) for entry in entries), *_standing(task)]


def _planned(task: Task, at: datetime) -> str:
    step = f"步骤 {task.step}，" if task.step else ""
    team = f"，班组 {task.team}" if task.team else ""
    what = "、".join(matter["title"] for matter in task.matters)
    also = f"，并入策略 {'、'.join(task.combined)}" if task.combined else ""
    how = f"{CHANNELS.get(task.channel, task.channel)}{team}，优先级 {task.priority}"
    return (
        f"{local_text(at)} 计划（策略 {task.policy_id} 第 {task.policy_version} 版，{step}{how}），事项：{what}{also}。"
    )


def _sentence(entry: Entry, task: Task, taker: str) -> str:
    at = local_text(entry["at"])
    if "note" in entry:
        return f"{at} 说明：{entry['note']}。"
    if "visit" in entry:
        return f"{at} {_contact(entry)}。"
    if "message" in entry:
        words = MESSAGES.get(entry["message"], "消息未送达")
        return f"{at} {words}{_why(entry)}。"
    if "opens" in entry:
        return f"{at} 不在联系时段内，{local_text(entry['opens'])} 再看能否下达。"
    because = ENDS.get(entry["reason"], entry["reason"])
    if entry["state"] == "released":
        return f"{at} {'交给通知服务发送' if task.is_message else '下达给坐席'}。"
    if entry["state"] == "planned":
        return f"{at} 改为 {local_text(entry['due'])} 起联系{f'：{because}' if because else ''}。"
    if entry["state"] == "cancelled" and taker:
        return f"{at} 取消：事项并入任务 {taker}。"
    return f"{at} {'取消' if entry['state'] == 'cancelled' else '过期'}：{because}。"


def _why(entry: Entry) -> str:
    return f"：{message_reason(entry['reason'])}" if entry.get("reason") else ""


def _contact(entry: Entry) -> str:
    by = f"，坐席 {entry['agent']}" if entry.get("agent") else ""
    if entry["visit"] == "callback_agreed":
        return f"联系到客户，约定 {local_text(entry['callback_at'])} 再联系{by}"
    if entry["visit"] == "failed":
        reason = ENDS.get(entry.get("reason", ""), entry.get("reason", ""))
        return f"回访未成功：{reason}，共联系 {entry.get('attempts', 0)} 次{by}"
    if entry["visit"] == "reopened":
        reason = ENDS.get(entry.get("reason", ""), entry.get("reason", ""))
        return f"原先的结果有误（{reason}），回访重新打开{by}"
    opinion = SATISFACTION.get(entry.get("satisfaction", ""), "")
    return f"回访完成{f'，{opinion}' if opinion else ''}{by}"


def _standing(task: Task) -> Iterator[str]:
    until = f"，{local_text(task.deadline_at)} 前完成" if task.deadline_at else "，无时限"
    if task.state == "planned":
        yield f"现在等待到期：{local_text(task.due_at)} 起联系{until}。"
    elif task.state == "released":
        yield f"现在等待联系的结果{until}。"
