"""回访作业 and 投诉闭环: what agents and case handlers have before them."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.dashboards.parts import BRANCH, Link, Rows, bars, board, by_branch, number, ratio, series, stacked

WORK = Link("工作台", "/visits/agent")
VISITS = Link("回访单列表", "/visits/api/v1/visits")
APPOINTED = Link("预约列表", "/visits/api/v1/visits?state=appointed")
CASES = Link("投诉列表", "/complaints/api/v1/cases")
LATE_CASES = Link("超时投诉列表", "/complaints/api/v1/cases?overdue=true")
STATES = {"open": "待领取", "claimed": "处理中", "waiting": "待重拨", "appointed": "已预约", "postponed": "已推迟"}


def work() -> Dashboard:
    rows = {**_calls(), **_invitations(), **_plans()}
    return board("followups", "回访作业", "坐席面前的队列、领取、拨打、预约，和调度下达的节奏。", rows, [by_branch()])


def _calls() -> Rows:
    return {
        "队列": [
            bars("待领取（按班组）", "状态为待领取的回访单数，按班组", {"{{team}}": "max by (team) (huifang_visits_queue)"},
                 link=WORK),
            stacked("未办结回访单", "未办结回访单数，按状态",
                    {name: f'max(huifang_visits_visits{{state="{state}"}})' for state, name in STATES.items()}, link=VISITS),
            bars("超期未办结", "未办结且已过截止时间的回访单数，按单位",
                 {"{{branch}}": f"max by (branch) (huifang_visits_overdue{{{BRANCH}}})"}, link=VISITS),
        ],
        "领取与拨打": [
            series("每小时领取与领取过期", "领取 = 每小时领取的单数；过期 = 每小时因无人处理而收回的单数",
                   {"领取": "sum(rate(huifang_visits_claims_total[15m])) * 3600",
                    "过期": "sum(rate(huifang_visits_leases_lost_total[15m])) * 3600"}),
            stacked("每小时拨打结果", "每小时的拨打次数，按结果", {
                "{{result}}": "sum by (result) (rate(huifang_visits_attempts_total[15m])) * 3600"}, span=16),
        ],
        "预约回呼": [
            bars("逾时未回呼", "约定时间已过半小时仍未拨打的预约数，按单位",
                 {"{{branch}}": f"max by (branch) (huifang_visits_callbacks_overdue{{{BRANCH}}})"}, link=APPOINTED),
            ratio("守约率", "按约定时间拨打的预约数 ÷ 已拨打的预约数（一小时内）",
                  'sum(increase(huifang_visits_callbacks_total{outcome="kept"}[1h]))',
                  "sum(increase(huifang_visits_callbacks_total[1h]))"),
            number("领取过期", "过去一小时收回的单数", {"过期": "sum(increase(huifang_visits_leases_lost_total[1h]))"}, span=8),
        ],
    }  # fmt: skip


def _invitations() -> Rows:
    return {
        "自助作答": [
            ratio("邀请的作答率", "一天内由客户自己作答的邀请数 ÷ 一天内发出的邀请数",
                  'sum(increase(huifang_visits_invitations_total{outcome="answered"}[1d]))',
                  'sum(increase(huifang_visits_invitations_total{outcome="made"}[1d]))'),
            stacked("每小时邀请的结局", "每小时发出（made）、已作答（answered）、过期（lapsed）、"
                    "因回访已另行办结而作废（ended）的邀请数",
                    {"{{outcome}}": "sum by (outcome) (rate(huifang_visits_invitations_total[1h])) * 3600"}, link=VISITS),
            stacked("每小时输入编号", "客户每小时输入编号的次数：打开问卷（opened）、交卷（answered）、编号不可用（refused）、"
                    "输错太多而暂不受理（limited）；后两者突增多半是有人在试编号",
                    {"{{outcome}}": "sum by (outcome) (rate(huifang_visits_codes_total[15m])) * 3600"}),
            stacked("每小时数字回复", "客户每小时回复的数字：已作答（answered）、没有在等的邀请（none）、"
                    "同时有几份邀请（several）、不是选项之一（digit）",
                    {"{{outcome}}": "sum by (outcome) (rate(huifang_visits_digit_replies_total[1h])) * 3600"}),
        ],
    }  # fmt: skip


def _plans() -> Rows:
    return {
        "计划与下达": [
            stacked("每小时回访任务变化", "每小时进入各状态的任务数",
                    {"{{state}}": "sum by (state) (rate(huifang_scheduler_tasks_total[15m])) * 3600"}),
            series("到期待下达", "已到期而未下达的任务数，及其中最早一个等待的秒数",
                   {"任务数": "max(huifang_scheduler_due_tasks)", "最长等待（秒）": "max(huifang_scheduler_due_age_seconds)"}),
            series("下达延迟", "下达时间 − 到期时间（或接触时段开始）的分位数",
                   {f"p{q}": f"histogram_quantile(0.{q}, sum by (le) "
                    "(rate(huifang_scheduler_release_lateness_seconds_bucket[15m])))" for q in (50, 95, 99)}, "s"),
            series("推迟、上限与提醒", "每小时推迟、等待时段、达到上限、到期提醒的次数",
                   {"到期后推迟 {{reason}}": "sum by (reason) (rate(huifang_scheduler_deferrals_total[1h])) * 3600",
                    "下达后推迟 {{reason}}": "sum by (reason) (rate(huifang_scheduler_postponements_total[1h])) * 3600",
                    "等待时段": "sum(rate(huifang_scheduler_held_total[1h])) * 3600",
                    "每日上限 {{policy}}": "sum by (policy) (rate(huifang_scheduler_ceiling_reached_total[1h])) * 3600",
                    "数量上限 {{policy}}": "sum by (policy) (rate(huifang_scheduler_quota_reached_total[1h])) * 3600",
                    "到期提醒 {{branch}}":
                        f"sum by (branch) (rate(huifang_scheduler_deadline_warnings_total{{{BRANCH}}}[1h])) * 3600"}),
            number("抽取", "到时未做、已搁置的抽取数，一小时内备选用尽次数，过期未走访的日期数",
                   {"应抽未抽": "max(huifang_scheduler_draws_late)", "已搁置": "max(huifang_scheduler_draws_set_aside)",
                    "备选用尽": "sum(increase(huifang_scheduler_reserve_used_up_total[1h]))",
                    "过期未走访": "sum(increase(huifang_scheduler_walks_given_up_total[1h]))"}, span=8),
            series("抽取人数与总量", "每小时抽取、启用备选的数量；总量 = 每次抽取的总量中位数",
                   {"{{reason}}": "sum by (reason) (rate(huifang_scheduler_drawn_total[1h])) * 3600",
                    "总量中位数":
                        "histogram_quantile(0.5, sum by (le) (rate(huifang_scheduler_draw_population_bucket[1h])))"}),
            number("官方日历", "官方日历尚可用的天数",
                   {"天": "min(huifang_scheduler_calendar_confirmed_days_left)"}, "d", span=8),
        ],
    }  # fmt: skip


def cases() -> Dashboard:
    moves = {"opened": "立案", "assigned": "派发", "escalated": "提级", "resolved": "整改完成", "reopened": "退回返工",
             "closed": "闭环", "rejected": "驳回", "promised": "承诺答复"}  # fmt: skip
    rows: Rows = {
        "现有投诉": [
            bars("按状态与等级", "投诉数，按状态与等级",
                 {"{{state}} {{grade}}": "max by (state, grade) (huifang_complaints_cases)"}, link=CASES),
            bars("未办结（按单位与提级级别）", "未办结投诉数，按责任单位与提级级别",
                 {"{{branch}} 级别 {{level}}": f"max by (branch, level) (huifang_complaints_open{{{BRANCH}}})"}, link=CASES),
            series("最久未办结", "现在 − 最早一件未办结投诉的立案时间，按等级",
                   {"{{grade}}": "max by (grade) (huifang_complaints_oldest_age_seconds)"}, "s", CASES),
        ],
        "时限与承诺": [
            ratio("超时率", "超时的未办结投诉数 ÷ 未办结投诉数，按责任单位",
                  f"sum by (branch) (max by (branch) (huifang_complaints_overdue{{{BRANCH}}}))",
                  f"sum by (branch) (max by (branch, level) (huifang_complaints_open{{{BRANCH}}}))", "branch", LATE_CASES),
            bars("承诺逾期", "过了承诺答复时间的未办结投诉数，按责任单位",
                 {"{{branch}}": f"max by (branch) (huifang_complaints_promises_overdue{{{BRANCH}}})"}, link=CASES),
            bars("返工中", "退回重办而未办结的投诉数，按责任单位",
                 {"{{branch}}": f"max by (branch) (huifang_complaints_reworked_open{{{BRANCH}}})"}, link=CASES),
        ],
        "办理": [
            stacked("每小时办理", "每小时的立案、派发、提级、整改、退回、闭环次数", {
                name: f'sum(rate(huifang_complaints_entries_total{{what="{what}",{BRANCH}}}[1h])) * 3600'
                for what, name in moves.items()}, span=16),
            ratio("返工率", "一小时内退回重办次数 ÷ 整改完成次数",
                  f'sum(increase(huifang_complaints_entries_total{{what="reopened",{BRANCH}}}[1h]))',
                  f'sum(increase(huifang_complaints_entries_total{{what="resolved",{BRANCH}}}[1h]))'),
        ],
    }  # fmt: skip
    return board("cases", "投诉闭环", "投诉的状态、时限、承诺与返工。", rows, [by_branch()], "now-24h")
