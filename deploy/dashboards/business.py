"""业务总览: from facts to closed loops, and the figures that supervisors answer for."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.dashboards.parts import BRANCH, Link, Panel, Rows, bars, board, by_branch, number, ratio, series

KPI = Link("指标页", "/analytics/kpi")
FACTS = ("facts", "followups.planned", "followups.released", "visits.completed", "visits.dissatisfied", "cases.opened",
         "cases.resolved", "cases.closed")  # fmt: skip
NAMES = {
    "facts": "业务事实", "followups.planned": "计划回访", "followups.released": "下达回访", "visits.completed": "完成",
    "visits.dissatisfied": "首次不满意", "cases.opened": "投诉立案", "cases.resolved": "整改完成", "cases.closed": "投诉闭环",
}  # fmt: skip
OVERDUE = Link("超时投诉列表", "/complaints/api/v1/cases?overdue=true")
VISITS = Link("回访单列表", "/visits/api/v1/visits")


def stage(name: str) -> str:
    return f'sum(max by (branch) (huifang_analytics_funnel_stage{{stage="{name}",{BRANCH}}}))'


def part(what: str, kpi: str) -> str:
    return f'sum(max by (branch) (huifang_analytics_kpi_{what}{{kpi="{kpi}",{BRANCH}}}))'


def kpi_ratio(title: str, kpi: str, formula: str) -> Panel:
    """A KPI of the month with numerator and denominator, for the branches chosen."""
    return ratio(title, formula, part("numerator", kpi), part("denominator", kpi), link=KPI)


def hotline(title: str, kpi: str, formula: str) -> Panel:
    """One of 12345's rates against its target."""
    target = f'max(huifang_analytics_kpi_target_ratio{{kpi="{kpi}"}})'
    return ratio(title, formula, part("numerator", kpi), part("denominator", kpi), link=KPI, target=target)


def overview() -> Dashboard:
    rows: Rows = {
        "本月漏斗": [
            bars("从事实到闭环", "本月各环节数量，每一环节计入自己发生的那天，因此后一环节可以大于前一环节",
                 {NAMES[name]: stage(name) for name in FACTS}, link=KPI, span=12),
            series("每小时接入与决定", "接入 = 每小时收到的业务事实；决定 = 每小时作出的决定",
                   {"接入": "sum(rate(huifang_gateway_events_total[5m])) * 3600",
                    "决定": "sum(rate(huifang_scheduler_decisions_total[5m])) * 3600"}, span=12),
        ],
        "本月指标（可按单位筛选）": [
            kpi_ratio("覆盖率", "coverage", "应访且得到有效回访的客户数 ÷ 应访客户数（同一客户只计一次）"),
            kpi_ratio("接通率", "contact", "接通次数 ÷ 拨打次数"),
            kpi_ratio("满意率", "satisfaction", "（非常满意＋满意）÷ 评价数 n；二次回访后以第二次评价为准"),
            kpi_ratio("闭环率", "closed_loop", "时限内完成整改和二次回访的不满意回访数 ÷（不满意回访数 − 核实驳回数）"),
            kpi_ratio("按时率", "on_time", "截止时间前完成的回访数 ÷ 完成的回访数"),
            kpi_ratio("问题解决率", "resolution", "客户认可解决的问题数 ÷ 提出的问题数"),
        ],
        "12345 三率与目标": [
            hotline("12345 响应率", "hotline_response", "已响应数 ÷ 12345 有效回访数"),
            hotline("12345 解决率", "hotline_resolution", "（已解决数＋部分解决数折算）÷ 12345 有效回访数"),
            hotline("12345 满意率", "hotline_satisfaction", "满意数 ÷ 12345 有效回访数，以第二次评价为准"),
        ],
        "超期": [
            bars("超期未办结回访", "未办结且已过截止时间的回访单数，按单位",
                 {"{{branch}}": f"max by (branch) (huifang_visits_overdue{{{BRANCH}}})"}, link=VISITS),
            bars("超时投诉", "未办结且已过工作时限的投诉数，按责任单位",
                 {"{{branch}}": f"max by (branch) (huifang_complaints_overdue{{{BRANCH}}})"}, link=OVERDUE),
            bars("承诺逾期", "过了向客户承诺的答复时间仍未答复的投诉数，按责任单位",
                 {"{{branch}}": f"max by (branch) (huifang_complaints_promises_overdue{{{BRANCH}}})"}, link=OVERDUE),
            bars("本月指标（全部单位）", "本月各指标，与 API 和指标页相同；旁为样本量",
                 {"{{kpi}}": "max by (kpi) (huifang_analytics_kpi_ratio)"}, link=KPI, span=16),
            bars("本月样本量（全部单位）", "各指标的样本量 n",
                 {"{{kpi}}": "max by (kpi) (huifang_analytics_kpi_sample_size)"}, link=KPI),
            number("样本量", "本月各指标的分母（满意率为评价数 n）",
                   {"评价数 n": part("denominator", "satisfaction"), "应访客户": part("denominator", "coverage")}, span=8),
        ],
    }  # fmt: skip
    return board("business", "业务总览", "从业务事实到投诉闭环，本月至今。", rows, [by_branch()], "now-24h")
