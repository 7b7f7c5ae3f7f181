"""The steps of a policy in Chinese sentences: which one, and why now."""

from collections.abc import Callable
from datetime import datetime

from services.scheduler.domain.detail import AnyDetail
from services.scheduler.domain.kept.contact_result import REFUSED, REOPENED

Moment = Callable[[str | datetime], str]
SUMMARIES = {
    "waiting": "等待约定的事件，发生后再联系。",
    "stopped": "流程已终止，不再联系。",
    "ignored": "不回访：同一策略对该客户的流程还在进行。",
    "wait_expired": "等待已到期，没有等到事件。",
    "corrected": "联系的结果有误，流程已重新考虑。",
    "skipped": "流程结束：上一步的结果不需要下一步。",
}
RESULTS = {
    "completed": "已完成",
    "dissatisfied": "客户不满意",
    "problem": "问题件",
    "callback_agreed": "已约定回呼",
    "unreachable": "未能联系上",
    "invalid_number": "号码无效",
    "refused": "客户拒访",
    "opted_out": "客户已退订此渠道",
    "capped": "联系次数已达上限",
    "cancelled": "任务已取消",
    "expired": "已过期",
}
ENDS = {
    "stopped": "流程终止",
    "restarted": "重新触发，上一流程终止",
    "customer_refused": "客户不接受联系，流程终止",
    "ignored": "更早发生的事后到，同一流程已由它开始",
    "rearranged": "更早发生的事后到，流程重新安排",
}
CORRECTION_TOO_LATE = {
    "under_way": "后续联系已下达或已有结果",
    "merged": "后续联系已与其他事项合并",
    "later_run": "同一策略的下一流程已经开始",
}

NOT_MADE = {
    "until": "重复到 {} 为止，不再联系。",
    "past": "这一次到现在时限已过，不补，从下一个未过时限的一次起继续。",
    "no_open_day": "这一周可联系的日子比次数少，这一次不做，其余各次照旧。",
}


def step_of(detail: AnyDetail) -> str:
    """` 的步骤 again`; nothing where a policy is a single contact."""
    return f"的步骤 {detail['step']}：" if detail.get("step") else ""


def why(detail: AnyDetail, moment: Moment) -> str:
    """Why the step's turn has come; nothing for those that come with the fact itself."""
    because = detail.get("because")
    if not because:
        return ""
    if "result" not in because:
        return f"等到了事件 {because['event']}（{moment(because['at'])}）"
    return f"上一步结果为{RESULTS.get(because['result'], because['result'])}（{moment(because['at'])}）"


def _waiting(detail: AnyDetail, moment: Moment) -> str:
    begins = f"{why(detail, moment)}，" if why(detail, moment) else ""
    where = f"（{detail['same']} 为 {detail['value'] or '未知，等不到'}）" if detail.get("same") else ""
    if rises := detail.get("rises"):
        where += f"（{rises['field']} 自 {rises['since'] or '第一次上报'} 起增加 {rises['by']:g}）"
    latest = detail.get("until")
    if detail.get("reason") == "unless":
        then = f"，{moment(latest)} 起联系" if latest else ""
        return f"{begins}若没有发生事件 {'、'.join(detail['events'])}{where}{then}。"
    until = f"，最迟等到 {moment(latest)}" if latest else ""
    return f"{begins}等待事件 {'、'.join(detail['events'])}{where}{until}。"


def _stopped(detail: AnyDetail, moment: Moment) -> str:
    event = f"（{detail['because']['event']}，{moment(detail['because']['at'])}）" if "because" in detail else ""
    amount = len(detail["cancelled"])
    return f"{ENDS[detail['reason']]}{event}" + (f"，取消已计划的 {amount} 个任务。" if amount else "。")


def _ignored(detail: AnyDetail, moment: Moment) -> str:
    return "命中，但该客户的同一流程还在进行，不另起流程。"


def stopped_step(detail: AnyDetail, moment: Moment) -> str:
    """Of a step that an event has stopped, be it before its turn came."""
    because = detail.get("because") or {}
    event = (
        f"（{because['event']}，{moment(because['at'])}）" if because.get("event") and "result" not in because else ""
    )
    return f"此步骤已由事件终止{event}，不再联系，流程继续。"


def happened(detail: AnyDetail, moment: Moment) -> str:
    """Of a step that was to be contacted unless something happened."""
    return f"{why(detail, moment)}，不再联系。"


def not_made(detail: AnyDetail) -> str:
    """Of a round of a repetition: of one without a number of times, or of several in a week."""
    return NOT_MADE[detail["reason"]].format(detail.get("to"))


def _wait_expired(detail: AnyDetail, moment: Moment) -> str:
    return f"没有等到事件，{moment(detail['because']['at'])} 停止等待。"


def _corrected(detail: AnyDetail, moment: Moment) -> str:
    because = detail["because"]
    result, reopened = RESULTS.get(because["result"], because["result"]), because["event"] == REOPENED
    told = f"原先的结果（{result}）有误，回访重新打开" if reopened else f"上一步的结果更正为{result}"
    if late := detail.get("reason"):
        return f"{told}；{CORRECTION_TOO_LATE[late]}，流程不变。"
    amount = len(detail["cancelled"])
    called_off = f"，取消已计划的 {amount} 个任务" if amount else ""
    then = "，重新等待结果" if reopened else "，按更正后的结果继续"
    stays = "；因拒访而终止的其他步骤不恢复" if reopened and because["result"] == REFUSED else ""
    return f"{told}{called_off}{then}{stays}。"


SENTENCES: dict[str, Callable[[AnyDetail, Moment], str]] = {
    "waiting": _waiting,
    "stopped": _stopped,
    "ignored": _ignored,
    "wait_expired": _wait_expired,
    "corrected": _corrected,
}
