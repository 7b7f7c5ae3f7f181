"""A decision in Chinese sentences, for whoever asks "why (not)?"."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from services.scheduler.domain.detail import AnyDetail, CapReached, Detail, KeptDetail, Times, Unmet
from services.scheduler.domain.explain import run as explain_run
from services.scheduler.domain.explain.condition import unmet
from services.scheduler.domain.whom.strata import stratum_text
from shared.contracts.words import PURPOSES, REASONS, WITHDRAWN
from shared.festivals import BY_CODE
from shared.zone import ORG_ZONE

_WHY_WITHDRAWN = {**WITHDRAWN, "corrected": "前一次回访的结果已更正"}
NO_MATCH = "没有策略匹配"
SUMMARIES = {
    "planned": "已计划回访。",
    "merged": "不单独联系：已并入同一客户的另一次回访。",
    "enrolled": "已列入总量，期间结束后抽取。",
    "capped": "不回访：联系次数已达上限。",
    "quota_reached": "不回访：策略的数量上限已用完。",
    "refused": "不回访：客户不接受此方式的联系。",
    "no_customer": "不回访：事实中没有可联系的客户。",
    "sampled_out": "不回访：未被抽中。",
    "recomputed": "放假安排已公布，重新计算了时间。",
    "no_policy_matches": f"不回访：{NO_MATCH}。",
    "taken_back": "已下达的回访收回：不再联系。",
    "postponed": "已下达的回访推迟：到时重新下达。",
    "withdrawn": "不回访：单据已取消、退回或重新打开，或前一次回访的结果已更正，事实已撤回。",
    "malformed": "不回访：事实的数据不符合此类事件的声明。",
    **explain_run.SUMMARIES,
}
PERIODS = {"week": "每周", "month": "每月", "quarter": "每季度", "year": "每年"}
PARTS = {"purposes": "用途", "policies": "策略", "tiers": "层级"}
REFUSALS = {"do_not_contact": "客户登记为免打扰", "opted_out": "客户已退订此渠道"}
ENDS = {**explain_run.ENDS, **REASONS}
OCCASIONS = {"drawn": "在总量中抽中", "reserve": "作为备选递补"}
TURNS = {"schedule": "周期已到", "anniversary": "纪念日已到"}
DRAWN = {
    "drawn": "在总量中抽中。",
    "reserve": "列为备选：有人联系不上时递补。",
    "sampled_out": "不回访：未被抽中。",
}
STANDINGS = {"drawn": "已抽中", "reserve": "列为备选，尚未递补", "sampled_out": "未抽中"}
WEEKDAYS = "一二三四五六日"
Parts = Mapping[str, Sequence[str]]
Details = Sequence[Detail | Unmet] | Sequence[KeptDetail]


def explain(outcome: str, details: Details, titles: Mapping[str, str]) -> list[str]:
    """The summary, then a sentence per policy; `titles` gives the policies' names."""
    return [summary(outcome, details), *(_sentence(cast("AnyDetail", detail), titles) for detail in details)]


def summary(outcome: str, details: Details) -> str:
    """The outcome in one sentence; of what entered populations, what the draws have said when all are made."""
    said = {detail.get("standing", "") for detail in details if detail["result"] == "enrolled"}
    if outcome != "enrolled" or "" in said:
        return SUMMARIES[outcome]
    return next(told for standing, told in DRAWN.items() if standing in said)


def policies_in(*details: Details) -> list[str]:
    """The ids of the policies that decisions speak of, each once."""
    return sorted({detail["policy"] for of in details for detail in of if "policy" in detail})


def _sentence(detail: AnyDetail, titles: Mapping[str, str]) -> str:
    if detail["result"] == "malformed":
        return f"数据有误：{detail['reason']}。"
    if detail["result"] == "withdrawn":
        return _withdrawn(detail)
    if detail["result"] == "pauses" and (until := detail["until"]):
        return f"客户暂停联系至 {local_text(until)}。"
    policy = detail["policy"]
    name = f"策略「{titles.get(policy, policy)}」（{policy} 第 {detail['version']} 版）"
    name += explain_run.step_of(detail)
    if tell := explain_run.SENTENCES.get(detail["result"]):
        return name + tell(detail, local_text)
    return name + _RESULTS[detail["result"]](detail)


def _withdrawn(detail: AnyDetail) -> str:
    why = f"事实已撤回：{_WHY_WITHDRAWN[detail['reason']]}"
    if "cancelled" not in detail:
        return f"{why}。"
    ended = f"，终止 {detail['runs']} 个流程" if detail["runs"] else ""
    kept = f"，{len(detail['kept'])} 个任务保留其余事项" if detail["kept"] else ""
    agreed = f"，{len(detail['agreed'])} 个已与客户约好回呼的任务保留" if detail.get("agreed") else ""
    return f"{why}，取消 {len(detail['cancelled'])} 个任务{kept}{agreed}{ended}。"


def _condition(detail: AnyDetail) -> str:
    return f"的条件不成立：{unmet(detail['failed'])}。"


def _skipped(detail: AnyDetail) -> str:
    if detail.get("reason") in explain_run.NOT_MADE:
        return explain_run.not_made(detail)
    if detail.get("reason") == "stopped":
        return explain_run.stopped_step(detail, local_text)
    if "failed" not in detail:
        return explain_run.happened(detail, local_text)
    return f"{explain_run.why(detail, local_text)}，不执行：{unmet(detail['failed'])}。"


def _enrolled(detail: AnyDetail) -> str:
    period = detail["from"] if detail["from"] == detail["to"] else f"{detail['from']} 至 {detail['to']}"
    late = "（其所属期间已经抽取，故列入下一期）" if detail.get("late") else ""
    entered = f"命中，列入 {period} 的总量{late}，分层 {stratum_text(detail['stratum'])}"
    if standing := STANDINGS.get(detail.get("standing", "")):
        place = f"（本层第 {detail['place']} 位）" if detail.get("place") else ""
        return f"{entered}；总量 {detail['population']}，{standing}{place}。"
    return f"{entered}，期间结束后抽取。"


def _draw(detail: AnyDetail) -> str:
    if because := explain_run.why(detail, local_text):
        return because
    if occasion := OCCASIONS.get(detail.get("occasion", "")):
        return occasion
    met = TURNS.get(detail.get("occasion", ""), "命中")
    if detail.get("draw") is None:
        return f"{met}，全部回访"
    return f"{met}，抽样号 {detail['draw']:.6f}，抽取 {detail['rate']:g}%（小于 {detail['rate']:g} 为抽中）"


def _sampled_out(detail: AnyDetail) -> str:
    return _draw(detail) + "，未抽中。"


def _no_customer(detail: AnyDetail) -> str:
    return _draw(detail) + "，但没有可联系的客户。"


def _refused(detail: AnyDetail) -> str:
    return _draw(detail) + f"，但{REFUSALS[detail['reason']]}。"


def _capped(detail: AnyDetail) -> str:
    return _draw(detail) + f"，但客户{_reached(detail['cap'])}。"


def _quota_reached(detail: AnyDetail) -> str:
    quota = detail["quota"]
    period = quota["from"] if quota["from"] == quota["to"] else f"{quota['from']} 至 {quota['to']}"
    stratum = f"（{stratum_text(quota['stratum'])}）"
    return _draw(detail) + f"，但此策略 {period}{stratum}最多计划 {quota['limit']} 次，已满。"


def _reached(cap: CapReached) -> str:
    return f"{limit_text(cap)}，{cap['from']} 至 {cap['to']} 已有 {cap['used']} 次"


def limit_text(cap: CapReached) -> str:
    """`每季度最多联系 2 次（只计策略 r02.*）`."""
    per = PERIODS.get(cap["per"], f"任意连续 {cap['days']} 天")
    parts = [f"{name} {_shown_part(names)}" for key, name in PARTS.items() if (names := cast("Parts", cap).get(key))]
    return f"{per}最多联系 {cap['limit']} 次" + (f"（只计{'，'.join(parts)}）" if parts else "")


def _shown_part(names: Sequence[str]) -> str:
    return "、".join(PURPOSES.get(name, name) for name in names)


def _merged(detail: AnyDetail) -> str:
    if "asked" in detail:
        return (
            _draw(detail)
            + f"，但任务 {detail['partner']} 自 {local_text(detail['asked'])} 起已就此事联系，不再另行联系。"
        )
    return _draw(detail) + f"，与任务 {detail['partner']} 合并为一次联系，{_span(detail)}。"


def _planned(detail: AnyDetail) -> str:
    took_over = f"，并接管任务 {detail['partner']} 的事项" if detail.get("partner") else ""
    late = "；注意：时限之前没有可联系的时段" if detail.get("too_short") else ""
    return _draw(detail) + f"，计划任务 {detail['task']}{took_over}，{_span(detail)}{_moved(detail)}{late}。"


def _moved(detail: AnyDetail) -> str:
    if "ceiling" not in detail:
        return ""
    return f"（每天最多 {detail['ceiling']} 次，由 {local_text(detail['moved_from'])} 顺延）"


def _taken_back(detail: AnyDetail) -> str:
    return f"已下达的任务收回：{ENDS.get(detail['reason'], detail['reason'])}。"


def _postponed(detail: AnyDetail) -> str:
    because = ENDS.get(detail["reason"], detail["reason"])
    return f"已下达的任务推迟到 {local_text(detail['due'])} 起联系：{because}。"


def _recomputed(detail: AnyDetail) -> str:
    was = f"的任务 {detail['task']} 原定{_times(detail['was'])}"
    if cap := detail.get("cap"):
        return f"{was}，改期后客户{_reached(cap)}，已取消。"
    return f"{was}；改为{_span(detail)}。"


def _span(detail: AnyDetail) -> str:
    shifts = (_base, _team, _target, _blackout, _wanted, _pause, _calendar, _provisional)
    return _times(detail) + "".join(told(detail) for told in shifts)


def _times(detail: AnyDetail | Times[Any]) -> str:
    deadline = detail.get("deadline")
    return f"{local_text(detail['due'])} 起联系，{f'{local_text(deadline)} 前完成' if deadline else '无时限'}"


def _base(detail: AnyDetail) -> str:
    if "base" not in detail:
        return ""
    late = "，得知时时限已过" if detail.get("learnt_late") else ""
    whose = BY_CODE[festival].name if (festival := detail.get("festival")) else "事实所述的"
    return f"；自{whose} {local_text(detail['base'])} 起算{late}"


def _target(detail: AnyDetail) -> str:
    return f"；最早可于 {local_text(detail['earliest'])} 联系，按目标时间安排" if detail.get("earliest") else ""


def _blackout(detail: AnyDetail) -> str:
    blackout = detail.get("blackout")
    return f"；已避开停访期 {blackout['from']} 至 {blackout['to']}" if blackout else ""


def _wanted(detail: AnyDetail) -> str:
    wanted = detail.get("wanted")
    if not wanted:
        return ""
    if local_text(detail["due"]) < str(wanted):
        return f"；{wanted} 不能联系，提前到之前最近的一天"
    return f"；{wanted} 及之前已没有可联系的时段，顺延"


def _team(detail: AnyDetail) -> str:
    if not detail.get("doers"):
        return ""
    doers = "、".join(detail["doers"])
    if detail.get("no_independent_team"):
        return f"；作业方为 {doers}，没有独立的班组，任务未指定班组，请主管指派"
    return f"；作业方为 {doers}，不由 {detail['instead_of'] or '原班组'} 而由 {detail['team']} 回访"


def _pause(detail: AnyDetail) -> str:
    until = detail.get("paused_until")
    return f"；客户暂停联系至 {local_text(until)}，之后才联系" if until else ""


def _calendar(detail: AnyDetail) -> str:
    return f"；按分公司的日历 {detail['calendar']} 计算" if detail.get("calendar") else ""


def _provisional(detail: AnyDetail) -> str:
    return "；放假安排尚未公布，时间暂定，公布后重算" if detail.get("provisional") else ""


def local_text(at: str | datetime) -> str:
    """`2026-03-03 09:00 (周二)` in the organisation's zone."""
    moment = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(ORG_ZONE)
    return f"{moment:%Y-%m-%d %H:%M} (周{WEEKDAYS[moment.weekday()]})"


_RESULTS = {
    "condition": _condition,
    "skipped": _skipped,
    "enrolled": _enrolled,
    "sampled_out": _sampled_out,
    "no_customer": _no_customer,
    "refused": _refused,
    "capped": _capped,
    "quota_reached": _quota_reached,
    "merged": _merged,
    "planned": _planned,
    "recomputed": _recomputed,
    "taken_back": _taken_back,
    "postponed": _postponed,
}
