"""Every kind of mistake is told with its file, line and key, and what to write instead."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.packs.check import check_pack
from services.scheduler.domain.packs.pack import policy_of, read_pack
from services.scheduler.domain.packs.scenario_file import read_scenarios
from services.scheduler.domain.simulation.rehearsal import books_of, rehearse
from shared.declared.section import Problem

PACK = """\
format: 1
name: test
title: 测试
window:
  days: working
  frames: ["09:00-12:00", "14:00-18:00"]
caps:
  - limit: 2
    per: quarter
"""
POLICIES = """\
policies:
  - id: one
    title: 一
    trigger:
      events: [repair.closed]
      condition:
        all:
          - {field: result, op: ne, value: cancelled}
          - field: is_rework
            op: eq
            value: true
    rate: 20
    delay: {days: 1}
    deadline: {working_days: 3}
    questionnaire: q
    guards: [case_open]

  - id: two
    title: 二
    trigger:
      events: [gas.ignited]
    rate: all
    questionnaire: q
"""
TEST = """\
tests:
  - name: 甲
    clause: R01.2
    draw: all
    given:
      - {fact: repair.closed, id: W1, at: 2026-03-06 15:00}
      - {contact: completed, id: V1, about: W1, at: 2026-03-09 10:00}
    expect:
      - {policy: one, fact: W1, due: 2026-03-09 09:00, state: done}
"""
KINDS = """\
kinds:
  - event: tenant.moved_in
    title: 租户入驻
    schema:
      type: object
      required: [lease_no]
      properties:
        lease_no: {type: string, pattern: "^L"}
        floor: {enum: [low, high]}
        area: {$ref: "#/$defs/area"}
      $defs: {area: {type: object}}
"""
ORGANISATION = """\
organisation:
  code: HQ
  title: 总部
  tier: head
  children:
    - {code: CD, title: 成都, tier: branch}
    - {code: CX, title: 城西, tier: branch}
    - {code: EAST, title: 城东, tier: branch}
teams:
  - {code: hotline, title: 热线班, unit: HQ, role: service, agents: 4}
  - {code: cd, title: 成都班, unit: CD, role: sales}
"""
FILES = {
    "pack.yaml": PACK,
    "organisation.yaml": ORGANISATION,
    "kinds/k.yaml": KINDS,
    "policies/a.yaml": POLICIES,
    "questionnaires/q.yaml": "id: q\ntitle: 问卷\n",
    "tests/t.yaml": TEST,
}
A, T, K = "policies/a.yaml", "tests/t.yaml", "kinds/k.yaml"
ORG = "organisation.yaml"


class Mistake(NamedTuple):
    """`wrong` written in place of `right`; where it must be told, and a part of what must be said."""

    file: str
    right: str
    wrong: str
    line: int
    key: str
    says: str
    warning: bool = False


ONE, TRIGGER, LEAVES = "policies[0]", "policies[0].trigger", "policies[0].trigger.condition.all"
DATA_LEAF = "          - field: is_rework\n            op: eq\n            value: true\n"
TITLE = "title: 测试\n"
MISTAKES = {
    "format of another version": Mistake("pack.yaml", "format: 1", "format: 2", 1, "format", "应写1"),
    "name missing": Mistake("pack.yaml", "name: test\n", "", 1, "name", "缺少此项"),
    "name of another form": Mistake("pack.yaml", "name: test", "name: 测试", 2, "name", "小写字母"),
    "name unlike the folder": Mistake("pack.yaml", "name: test", "name: rest", 2, "name", "应与提交的名称 test 一致"),
    "title of wrong type": Mistake("pack.yaml", "title: 测试", "title: 7", 3, "title", "中文名称"),
    "unknown key of the pack": Mistake("pack.yaml", "window:", "wndow:", 4, "wndow", "是否想写 window"),
    "unknown days": Mistake("pack.yaml", "working", "workings", 5, "window.days", "是否想写 working"),
    "bad time": Mistake("pack.yaml", "09:00-12:00", "9:00-25:00", 6, "window.frames", "09:00-12:00 的样子"),
    "overlapping frames": Mistake("pack.yaml", "14:00-18:00", "11:00-18:00", 6, "window.frames", "不重叠"),
    "frame back to front": Mistake("pack.yaml", "14:00-18:00", "18:00-14:00", 6, "window.frames", "起早止晚"),
    "unknown weekday": Mistake("pack.yaml", "days: working", "weekdays: [tues]", 5, "window.weekdays", "是否想写 tue"),
    "weekend that is worked": Mistake(
        A,
        "rate: 20",
        "rate: 20\n    window: {weekdays: [sat, sun]}",
        13,
        f"{ONE}.window",
        "请写 days: all 或改 weekdays",
    ),
    "unknown calendar": Mistake(
        "pack.yaml", "days: working", "calendar: site", 5, "window.calendar", "calendars 里没有 site"
    ),
    "window of no way": Mistake(
        "pack.yaml", f"{TITLE}", f"{TITLE}windows: [{{days: all}}]\n", 4, "windows[0]", "至少一项"
    ),
    "window of a way written twice": Mistake(
        "pack.yaml",
        TITLE,
        f"{TITLE}windows:\n  - {{channel: sms, days: all}}\n  - {{channel: sms}}\n",
        6,
        "windows[1]",
        "请合并",
    ),
    "window of an unknown purpose": Mistake(
        "pack.yaml", TITLE, f"{TITLE}windows: [{{purpose: greetings}}]\n", 4, "windows[0].purpose", "是否想写 greeting"
    ),
    "calendar with a bad day": Mistake(
        "pack.yaml",
        TITLE,
        f"{TITLE}calendars:\n  site:\n    days: {{劳动节: off}}\n",
        6,
        "calendars.site.days.劳动节",
        "日期",
    ),
    "calendar with a bad value": Mistake(
        "pack.yaml",
        TITLE,
        f"{TITLE}calendars:\n  site:\n    days: {{2026-05-02: 休}}\n",
        6,
        "calendars.site.days.2026-05-02",
        "on（上班）或 off（休息）",
    ),
    "blackout back to front": Mistake(
        "pack.yaml",
        TITLE,
        f"{TITLE}blackouts: [{{from: 2026-02-23, to: 2026-02-14}}]\n",
        4,
        "blackouts[0].to",
        "不早于",
    ),
    "blackout without an end": Mistake(
        "pack.yaml", TITLE, f"{TITLE}blackouts: [{{from: 2026-02-14}}]\n", 4, "blackouts[0].to", "缺少此项，应写日期"
    ),
    "blackout with a bad day": Mistake(
        "pack.yaml",
        TITLE,
        f"{TITLE}blackouts: [{{from: 春节, to: 2026-02-14}}]\n",
        4,
        "blackouts[0].from",
        "2026-03-06",
    ),
    "target behind the deadline": Mistake(
        A, "delay: {days: 1}", "delay: {days: 1}\n    target: {working_days: 4}", 14, f"{ONE}.target", "晚于时限"
    ),
    "target before the earliest": Mistake(
        A, "delay: {days: 1}", "delay: {days: 2}\n    target: {hours: 3}", 14, f"{ONE}.target", "早于最早"
    ),
    "warning without a deadline": Mistake(
        A, "    deadline: {working_days: 3}\n", "    warn: {hours: 4}\n", 14, f"{ONE}.warn", "补上 deadline"
    ),
    "warning before the fact": Mistake(
        A, "{working_days: 3}", "{days: 3}\n    warn: {hours: 72}", 15, f"{ONE}.warn", "一计划就会提醒", True
    ),
    "warning of a greeting": Mistake(
        A, "{working_days: 3}", "{days: 3}\n    warn: {hours: 1}\n    purpose: greeting", 15, f"{ONE}.warn", "无从提醒"
    ),
    "months too short for the delay": Mistake(
        A,
        "delay: {days: 1}\n    deadline: {working_days: 3}",
        "delay: {days: 33}\n    deadline: {months: 1}",
        14,
        f"{ONE}.deadline",
        "永远无法按时联系",
    ),
    "the same day too short for the delay": Mistake(
        A, "{working_days: 3}", "{end_of_day: 0}", 14, f"{ONE}.deadline", "永远无法按时联系"
    ),
    "deadline of no time at all": Mistake(A, "{working_days: 3}", "{hours: 0}", 14, f"{ONE}.deadline", "end_of_day: 0"),
    "deadline that comes with the earliest moment": Mistake(
        A,
        "delay: {days: 1}\n    deadline: {working_days: 3}",
        "delay: {hours: 4}\n    deadline: {hours: 4}",
        14,
        f"{ONE}.deadline",
        "永远无法按时联系",
    ),
    "deadline before the window opens": Mistake(
        A, "{working_days: 3}", '{working_days: 1, at: "08:00"}', 14, f"{ONE}.deadline", "永远无法按时联系"
    ),
    "time of a deadline that has its own": Mistake(
        A, "{working_days: 3}", '{days: 3, at: "12:00"}', 14, f"{ONE}.deadline.at", "只用于工作日时限"
    ),
    "time of a deadline in another form": Mistake(
        A, "{working_days: 3}", "{working_days: 3, at: 下午}", 14, f"{ONE}.deadline.at", "15:00"
    ),
    "calendar days over a weekend without calls": Mistake(
        A, "{working_days: 3}", "{days: 2}", 14, f"{ONE}.deadline", "最早 2026-03-09 09:00 (周一) 才能联系", True
    ),
    "window of one weekday with a deadline of a day": Mistake(
        A,
        "deadline: {working_days: 3}",
        "deadline: {days: 2}\n    window: {days: all, weekdays: [tue]}",
        14,
        f"{ONE}.deadline",
        "请延长 deadline 或放宽 window",
        True,
    ),
    "merging however far apart": Mistake(
        A, "deadline: {working_days: 3}", "merge: true", 14, f"{ONE}.merge", "几个月以后的联系", True
    ),
    "season without a worked day": Mistake(
        A,
        "events: [gas.ignited]",
        "every: week\n      seasons: [{from: '10-01', to: '10-02'}]",
        22,
        "policies[1].trigger.seasons",
        "永远不会触发",
    ),
    "cap without limit": Mistake("pack.yaml", "limit: 2\n    per", "per", 8, "caps[0].limit", "缺少此项，应写1 到"),
    "cap of an unknown period": Mistake("pack.yaml", "quarter", "quater", 9, "caps[0].per", "是否想写 quarter"),
    "cap of days without days": Mistake("pack.yaml", "quarter", "days", 8, "caps[0].days", "1 到 366"),
    "cap that is no mapping": Mistake("pack.yaml", "limit: 2\n    per: quarter", "两次", 8, "caps[0]", "limit: 2"),
    "cap of an unknown purpose": Mistake(
        "pack.yaml", "per: quarter", "per: quarter\n    purposes: [回访]", 10, "caps[0].purposes", "followup、greeting"
    ),
    "cap of policies in another form": Mistake(
        "pack.yaml", "per: quarter", "per: quarter\n    policies: ['*one']", 10, "caps[0].policies", "开头加 *"
    ),
    "cap of a policy that is not there": Mistake(
        "pack.yaml",
        "per: quarter",
        "per: quarter\n    policies: [one, tow]",
        10,
        "caps[0].policies",
        "是否想写 two",
        True,
    ),
    "pause without events": Mistake(
        "pack.yaml", "caps:", "pauses: [{hours: 48}]\ncaps:", 7, "pauses[0].on", "事件名的列表"
    ),
    "pause without hours": Mistake(
        "pack.yaml", "caps:", "pauses: [{on: [visit.dissatisfied]}]\ncaps:", 7, "pauses[0].hours", "1 到 2160"
    ),
    "pause after any event": Mistake(
        "pack.yaml", "caps:", "pauses: [{on: ['*'], hours: 48}]\ncaps:", 7, "pauses[0].on", "visit.dissatisfied"
    ),
    "pause after an event nobody knows": Mistake(
        "pack.yaml",
        "caps:",
        "pauses: [{on: [visit.upset], hours: 48}]\ncaps:",
        7,
        "pauses[0].on",
        "没有声明事件 visit.upset",
        True,
    ),
    "cap of a tier that is not there": Mistake(
        "pack.yaml",
        "per: quarter",
        "per: quarter\n    tiers: [heads]",
        10,
        "caps[0].tiers",
        "没有层级 heads，是否想写 head",
    ),
    "organisation without a tree": Mistake(ORG, "organisation:\n", "organisations:\n", 1, "organisation", "缺少此项"),
    "unit without title": Mistake(ORG, ", title: 成都, t", ", t", 6, "organisation.children[0].title", "中文名称"),
    "unit written twice": Mistake(
        ORG, "code: CX", "code: CD", 7, "organisation.children[1].code", "只能在树中出现一次"
    ),
    "unit without a code": Mistake(ORG, "code: CX", "code: 西", 7, "organisation.children[1].code", "编号"),
    "unknown calendar of a unit": Mistake(
        ORG,
        "title: 城西, ",
        "title: 城西, calendar: site, ",
        7,
        "organisation.children[1].calendar",
        "pack.yaml 的 calendars 里没有 site",
    ),
    "team of an unknown unit": Mistake(ORG, "unit: CD", "unit: CE", 11, "teams[1].unit", "没有单位 CE"),
    "team written twice": Mistake(ORG, "code: cd,", "code: hotline,", 11, "teams[1].code", "出现了多次"),
    "agents that are no number": Mistake(ORG, "agents: 4", "agents: 四", 10, "teams[0].agents", "整数"),
    "unknown key of a unit": Mistake(ORG, "tier: head", "level: head", 4, "organisation.level", "没有这个配置项"),
    "team that is not there": Mistake(
        A, "rate: 20", "rate: 20\n    team: hotlin", 13, f"{ONE}.team", "是否想写 hotline"
    ),
    "role that nobody has": Mistake(
        A, "rate: 20", "rate: 20\n    team: {role: staff}", 13, f"{ONE}.team", "没有角色 staff"
    ),
    "choice without cases": Mistake(
        A, "rate: 20", "rate: 20\n    team: {by: kind}", 13, f"{ONE}.team.cases", "至少写一个"
    ),
    "case of an unknown questionnaire": Mistake(
        A,
        "questionnaire: q\n    g",
        "questionnaire: {by: kind, cases: {x: p}}\n    g",
        15,
        f"{ONE}.questionnaire",
        "补上",
    ),
    "stand-ins without independence": Mistake(
        A, "rate: 20", "rate: 20\n    teams: [cd]", 13, f"{ONE}.teams", "independent"
    ),
    "never alone by phone": Mistake(
        A, "rate: 20", "rate: 20\n    never_alone: [sales]", 13, f"{ONE}.never_alone", "channel: on_site"
    ),
    "a team that must not go alone": Mistake(
        A,
        "rate: 20",
        "rate: 20\n    channel: on_site\n    team: cd\n    never_alone: [sales]",
        15,
        f"{ONE}.never_alone",
        "不得单独上门",
        True,
    ),
    "id missing": Mistake(A, "id: one\n    title", "title", 2, f"{ONE}.id", "缺少此项"),
    "id of another form": Mistake(A, "id: one", "id: 甲", 2, f"{ONE}.id", "小写字母"),
    "id written twice": Mistake(A, "id: two", "id: one", 18, "policies[1].id", "另见 policies/a.yaml 第 2 行"),
    "unknown key with a likely meaning": Mistake(A, "rate: 20", "rates: 20", 12, f"{ONE}.rates", "是否想写 rate"),
    "percentage above 100": Mistake(A, "rate: 20", "rate: 120", 12, f"{ONE}.rate", "0 到 100"),
    "percentage of 0": Mistake(A, "rate: 20", "rate: 0", 12, f"{ONE}.rate", "0 到 100"),
    "percentage as text": Mistake(A, "rate: 20", "rate: 20%", 12, f"{ONE}.rate", "如 20"),
    **{
        name: Mistake(A, "rate: 20", f"rate: {{{wrong}}}", 12, f"{ONE}.rate{key}", says)
        for name, wrong, key, says in (
            ("draw of nothing", "of: day", "", "each（每一层的百分比）或 number（数量）"),
            ("draw of two amounts", "exact: 20, number: 5, of: day", "", "只写一种"),
            ("draw without a period", "exact: 20", ".of", "以下之一：day、week、month"),
            ("draw of an unknown period", "exact: 20, of: decade", ".of", "现在是 'decade'"),
            ("draw of more than all", "exact: 120, of: day", ".exact", "0 到 100 的百分比"),
            ("draw of no number", "number: 0, of: week", ".number", "1 到"),
            ("day that closes on a weekday", "exact: 20, of: day, closes: tue", ".closes", "只用于 of: week"),
            ("week that closes on no weekday", "exact: 20, of: week, closes: tues", ".closes", "是否想写 tue"),
            ("strata by one field", "exact: 20, of: day, by: branch", ".by", "列表，如 [branch"),
            ("strata by no path", "exact: 20, of: day, by: ['a b']", ".by", "不是字段路径"),
            ("strata by a field twice", "exact: 20, of: day, by: [kind, kind]", ".by", "不能重复"),
            ("reserve that is no number", "exact: 20, of: day, reserve: 有", ".reserve", "整数"),
            ("unknown key of a draw", "exact: 20, of: day, minimal: 1", ".minimal", "是否想写 minimum"),
        )
    },
    **{
        name: Mistake(A, right, wrong, line, f"{ONE}.{key}", says, warning=True)
        for name, right, wrong, line, key, says in (
            (
                "strata by what no event has",
                "rate: 20",
                "rate: {exact: 20, of: day, by: [produkt.category]}",
                12,
                "rate.by",
                "是否想写 product",
            ),
            (
                "strata by what no customer has",
                "rate: 20",
                "rate: {exact: 20, of: day, by: [customer.levle]}",
                12,
                "rate.by",
                "是否想写 level",
            ),
            (
                "quota by what no event has",
                "rate: 20",
                "rate: 20\n    quota: {limit: 1, per: day, by: [shop]}",
                13,
                "quota.by",
                "没有 shop",
            ),
            (
                "delay before the draw",
                "rate: 20\n    delay: {days: 1}",
                "rate: {exact: 20, of: day}\n    delay: {hours: 2}",
                13,
                "delay",
                "{days: 1}",
            ),
            (
                "deadline before the draw",
                "rate: 20\n    delay: {days: 1}\n    deadline: {working_days: 3}",
                "rate: {exact: 20, of: day}\n    deadline: {hours: 8}",
                13,
                "deadline",
                "已超过时限",
            ),
        )
    },
    "quota without a limit": Mistake(
        A, "rate: 20", "rate: 20\n    quota: {per: week}", 13, f"{ONE}.quota.limit", "缺少"
    ),
    "ceiling without a day": Mistake(
        A, "rate: 20", "rate: 20\n    ceiling: {per_week: 5}", 13, f"{ONE}.ceiling.per_week", "可写：per_day"
    ),
    "two units": Mistake(A, "{days: 1}", "{days: 1, hours: 2}", 13, f"{ONE}.delay", "只写一个单位"),
    "unknown unit": Mistake(A, "working_days: 3", "workdays: 3", 14, f"{ONE}.deadline.workdays", "working_days"),
    "amount that is no number": Mistake(A, "{days: 1}", "{days: 一}", 13, f"{ONE}.delay.days", "整数"),
    "deadline that is no mapping": Mistake(A, "{working_days: 3}", "3", 14, f"{ONE}.deadline", "working_days: 2"),
    "deadline before the first contact": Mistake(
        A,
        "delay: {days: 1}\n    deadline: {working_days: 3}",
        "delay: {days: 3}\n    deadline: {days: 2}",
        14,
        f"{ONE}.deadline",
        "永远无法按时联系",
    ),
    "unknown guard": Mistake(A, "[case_open]", "[case_opened]", 16, f"{ONE}.guards", "case_open"),
    "guard with an unknown action": Mistake(
        A, "[case_open]", "[{case_open: wait}]", 16, f"{ONE}.guards", "cancel（取消）或 defer（推迟）"
    ),
    "two guards in one": Mistake(
        A, "[case_open]", "[{case_open: defer, cap_reached: defer}]", 16, f"{ONE}.guards", "每项只写一种"
    ),
    "merging without a distance": Mistake(
        A, "rate: 20", "rate: 20\n    merge: {}", 13, f"{ONE}.merge.within", "缺少此项"
    ),
    "merging within no number of days": Mistake(
        A, "rate: 20", "rate: 20\n    merge: {within: {days: 三}}", 13, f"{ONE}.merge.within.days", "整数"
    ),
    "list that is none": Mistake(A, "guards: [case_open]", "guards: case_open", 16, f"{ONE}.guards", "的列表"),
    "channel unknown": Mistake(A, "questionnaire: q\n    g", "channel: phnoe\n    g", 15, f"{ONE}.channel", "phone"),
    "priority out of range": Mistake(A, "rate: 20", "rate: 20\n    priority: 10", 13, f"{ONE}.priority", "1 到 9"),
    "yes for true": Mistake(A, "rate: 20", "rate: 20\n    merge: 'yes'", 13, f"{ONE}.merge", "true 或 false"),
    "trigger missing": Mistake(
        A, "    trigger:\n      events: [gas.ignited]\n", "", 18, "policies[1].trigger", "应写触发的事件"
    ),
    "no events": Mistake(A, "[gas.ignited]", "[]", 21, "policies[1].trigger.events", "事件名的列表"),
    "event of another form": Mistake(A, "[gas.ignited]", "['通气 点火']", 21, "policies[1].trigger.events", "只含字母"),
    "unknown operator": Mistake(A, "op: ne", "op: neq", 8, f"{LEAVES}[0].op", "是否想写 ne"),
    "operator missing": Mistake(A, "op: ne, ", "", 8, f"{LEAVES}[0].op", "缺少此项"),
    "list for one value": Mistake(A, "value: cancelled", "value: [cancelled]", 8, f"{LEAVES}[0].value", "一个值"),
    "one value for a list": Mistake(A, "op: ne", "op: in", 8, f"{LEAVES}[0].value", "应写一个列表"),
    "date without quotation marks": Mistake(A, "value: true", "value: 2026-01-01", 11, f"{LEAVES}[1].value", "加引号"),
    "bad expression": Mistake(
        A, "op: ne, value: cancelled", "op: matches, value: '('", 8, f"{LEAVES}[0].value", "正则表达式"
    ),
    "empty all": Mistake(
        A,
        f"          - {{field: result, op: ne, value: cancelled}}\n{DATA_LEAF}",
        "          []\n",
        7,
        LEAVES,
        "至少写一个条件",
    ),
    "condition with two heads": Mistake(
        A, "        all:", "        field: result\n        all:", 7, f"{TRIGGER}.condition.field", "没有这个配置项"
    ),
    "contradiction that never holds": Mistake(
        A, DATA_LEAF, "          - {field: result, op: eq, value: cancelled}\n", 9, f"{LEAVES}[1]", "永远不会成立"
    ),
    "bounds that never hold": Mistake(
        A,
        DATA_LEAF,
        "          - {field: ext.n, op: gt, value: 5}\n          - {field: ext.n, op: le, value: 5}\n",
        10,
        f"{LEAVES}[2]",
        "永远不会成立",
    ),
    "questionnaire missing": Mistake(
        A, "questionnaire: q\n    g", "questionnaire: p\n    g", 15, f"{ONE}.questionnaire", "补上问卷文件"
    ),
    "questionnaire without id": Mistake("questionnaires/q.yaml", "id: q\n", "", 1, "id", "问卷编号"),
    "tab": Mistake(A, "    rate: 20", "\trate: 20", 12, "第 12 行第 1 列", "请改用空格"),
    "key written twice": Mistake(A, "rate: 20", "rate: 20\n    rate: 30", 13, "第 13 行第 5 列", "rate 写了两次"),
    "alias": Mistake(A, "rate: 20", "rate: &share 20", 12, "第 12 行第 11 列", "不能用 & 和 *"),
    "bracket that is not closed": Mistake(A, "[case_open]", "[case_open", 16, "第 16 行第 13 列", "没有配对"),
    "quotation mark that is not closed": Mistake(A, "title: 二", 'title: "二', 19, "第 19 行第 12 列", "引号没有结束"),
    "colon inside a text": Mistake(A, "title: 一", "title: 一: 甲", 3, "第 3 行第 13 列", "请加引号"),
    "indentation that does not fit": Mistake(A, "    rate: 20", "   rate: 20", 12, "第 12 行第 4 列", "缩进"),
    "tag": Mistake(A, "rate: 20", "rate: !!python/object:os.system 20", 12, "第 12 行第 11 列", "不能用 ! 标记"),
    "date that does not exist": Mistake(A, "value: true", "value: 2026-02-30", 11, "第 11 行第 20 列", "没有这一天"),
    "colon of full width": Mistake(A, "rate: 20", "rate：20", 12, "第 12 行第 9 列", "英文冒号"),
    "colon of full width in brackets": Mistake(
        A, "{days: 1}", "{days：1}", 13, f"{ONE}.delay.days：1", "冒号须用英文的"
    ),
    "colon without a space": Mistake(A, "rate: 20", "rate:20", 12, "第 12 行第 5 列", "后面留一个空格"),
    "indentation of full width": Mistake(A, "    rate: 20", "　　rate: 20", 12, "第 12 行第 1 列", "行首有全角空格"),
    "indentation that does not break": Mistake(
        A, "    rate: 20", "\u00a0 rate: 20", 12, "第 12 行第 1 列", "行首有不间断空格"
    ),
    "merging of mappings": Mistake(A, "rate: 20", "<<: {rate: 20}", 12, "第 12 行第 5 列", "不能用 << 合并"),
    "two documents in a file": Mistake(A, POLICIES, f"{POLICIES}---\nid: x\n", 24, "第 24 行第 1 列", "删去 ---"),
    "another encoding": Mistake(A, "title: 一", "title: \ufffd\ufffd", 3, "第 3 行", "UTF-8"),
    "key without a value": Mistake(
        A, "deadline: {working_days: 3}", "deadline:", 14, f"{ONE}.deadline", "请写上，或删去此项"
    ),
    "number without end": Mistake(A, "{days: 1}", f"{{days: {'9' * 30}}}", 13, f"{ONE}.delay.days", "10000 的整数"),
    "list of policies under another key": Mistake(A, "policies:", "policy:", 1, "policies", "缺少此项，应写策略的列表"),
    "list of policies under no key": Mistake(
        A, POLICIES, POLICIES.removeprefix("policies:\n"), 1, "", "列表写在一个键之下"
    ),
    "caps of a policy": Mistake(A, "rate: 20", "rate: 20\n    caps: []", 13, f"{ONE}.caps", "写在 pack.yaml"),
    "condition outside the trigger": Mistake(
        A, "rate: 20", "rate: 20\n    condition: {}", 13, f"{ONE}.condition", "写在 trigger 之下"
    ),
    "another channel outside a step": Mistake(
        A, "rate: 20", "rate: 20\n    fallback: []", 13, f"{ONE}.fallback", "steps 的一步里"
    ),
    "policy in the pack's file": Mistake("pack.yaml", TITLE, f"{TITLE}policies: []\n", 4, "policies", "写在 policies/"),
    "operator as a sign": Mistake(A, "op: ne", "op: '!='", 8, f"{LEAVES}[0].op", "是否想写 ne"),
    "conditions that are not put together": Mistake(
        A, "        all:\n", "", 6, f"{TRIGGER}.condition", "写在 all 或 any 之下"
    ),
    "anniversary of what nobody has": Mistake(
        A,
        "events: [gas.ignited]",
        "anniversary: customer.birthdate",
        21,
        "policies[1].trigger.anniversary",
        "是否想写 birthday",
        True,
    ),
    "test with a day for a moment": Mistake(
        T, "due: 2026-03-09 09:00", "due: 2026-03-09", 9, "tests[0].expect[0].due", "现在是 2026-03-09"
    ),
    "list in place of a mapping": Mistake(A, POLICIES, "- id: one\n", 1, "", "键: 值"),
    "event that nobody knows": Mistake(
        A, "[repair.closed]", "[repair.close]", 5, f"{TRIGGER}.events", "是否想写 repair.closed", True
    ),
    "field that the event lacks": Mistake(
        A, "field: is_rework", "field: is_reworked", 9, f"{LEAVES}[1].field", "是否想写 is_rework", True
    ),
    "value that the field never has": Mistake(
        A, "value: cancelled", "value: canceled", 8, f"{LEAVES}[0].value", "是否想写 cancelled", True
    ),
    "attribute that customers lack": Mistake(
        A, "field: is_rework", "field: customer.vip", 9, f"{LEAVES}[1].field", "可写：level", True
    ),
    "event type that does not trigger": Mistake(
        A,
        "field: result, op: ne, value: cancelled",
        "field: event.type, op: eq, value: meter.read",
        8,
        f"{LEAVES}[0].value",
        "触发事件里没有",
        True,
    ),
    "no questionnaire to ask": Mistake(
        A, "    questionnaire: q\n    guards", "    guards", 2, f"{ONE}.questionnaire", "请写问卷编号", True
    ),
    "validity that is no day": Mistake(
        A, "rate: 20", "rate: 20\n    valid_from: 五月", 13, f"{ONE}.valid_from", "2026-03"
    ),
    "kinds under another key": Mistake(K, "kinds:", "kind:", 1, "kind", "是否想写 kinds"),
    "kind without event": Mistake(K, "event: tenant.moved_in\n    title", "title", 2, "kinds[0].event", "缺少此项"),
    "kind of another form": Mistake(K, "tenant.moved_in", "租户 入驻", 2, "kinds[0].event", "tenant.moved_in"),
    "kind that the platform has": Mistake(K, "tenant.moved_in", "repair.closed", 2, "kinds[0].event", "平台已有事件"),
    "kind declared twice": Mistake(
        K, KINDS, KINDS + KINDS.removeprefix("kinds:\n"), 12, "kinds[1].event", "另见 kinds/k.yaml 第 2 行"
    ),
    "kind without title": Mistake(K, "    title: 租户入驻\n", "", 2, "kinds[0].title", "中文名称"),
    "kind without schema": Mistake(
        K, KINDS, KINDS.partition("    schema")[0], 2, "kinds[0].schema", "不作要求时写 {type: object}"
    ),
    "schema of wrong type": Mistake(
        K, "type: object\n      r", "type: objekt\n      r", 5, "kinds[0].schema.type", "不是有效的 JSON Schema"
    ),
    "schema with a bad expression": Mistake(
        K, "^L", "(", 8, "kinds[0].schema.properties.lease_no.pattern", "正则表达式"
    ),
    "schema that leads elsewhere": Mistake(
        K, "#/$defs/area", "https://example.com/area", 10, "kinds[0].schema.properties.area.$ref", "本 schema 之内"
    ),
    "schema that leads nowhere": Mistake(
        K, "#/$defs/area", "#/$defs/aera", 10, "kinds[0].schema.properties.area.$ref", "已有的定义"
    ),
    "schema with a key that is no text": Mistake(K, "floor:", "1:", 9, "kinds[0].schema.properties.1", "请加引号"),
    "field that the kind lacks": Mistake(
        A,
        "events: [repair.closed]\n      condition:\n        all:\n          - {field: result, op: ne, value: cancelled}",
        "events: [tenant.moved_in]\n      condition:\n        all:\n          - {field: flor, op: ne, value: low}",
        8,
        f"{LEAVES}[0].field",
        "是否想写 floor",
        True,
    ),
    "value that the kind never has": Mistake(
        A,
        "events: [repair.closed]\n      condition:\n        all:\n          - {field: result, op: ne, value: cancelled}\n"
        + DATA_LEAF,
        "events: [tenant.moved_in]\n      condition:\n        all:\n          - {field: floor, op: ne, value: hihg}\n",
        8,
        f"{LEAVES}[0].value",
        "是否想写 high",
        True,
    ),
    "step with nothing to ask": Mistake(
        A,
        "    questionnaire: q\n    guards",
        "    steps: [{id: first, questionnaire: q}, {id: again, delay: {days: 2}}]\n    guards",
        15,
        f"{ONE}.steps[1].questionnaire",
        "请写问卷编号",
        True,
    ),
    "step with a questionnaire that is missing": Mistake(
        A,
        "    guards",
        "    steps: [{id: first}, {id: again, questionnaire: p, delay: {days: 2}}]\n    guards",
        16,
        f"{ONE}.steps[1].questionnaire",
        "编号为 p 的问卷",
    ),
    "channel with nothing to ask": Mistake(
        A,
        "    questionnaire: q\n    guards",
        "    steps: [{id: first, questionnaire: q, fallback: [{channel: wechat, questionnaire: none}]}]\n    guards",
        15,
        f"{ONE}.steps[0].fallback[0].questionnaire",
        "请写问卷编号",
        True,
    ),
    "test of an unknown policy": Mistake(T, "policy: one", "policy: won", 9, "tests[0].expect[0].policy", "one"),
    "test of an unknown fact": Mistake(T, "fact: W1", "fact: W2", 9, "tests[0].expect[0].fact", "可写：W1"),
    "test with a bad time": Mistake(
        T, "due: 2026-03-09 09:00", "due: 周一", 9, "tests[0].expect[0].due", "2026-03-06 15:00"
    ),
    "test out of order": Mistake(T, "at: 2026-03-09", "at: 2026-03-01", 7, "tests[0].given[1].at", "早于上一件"),
    "test of a fact heard before it happened": Mistake(
        T,
        "at: 2026-03-06 15:00",
        "at: 2026-03-06 15:00, heard: 2026-03-05 09:00",
        6,
        "tests[0].given[0].heard",
        "不能早于",
    ),
    "test out of the order of arrival": Mistake(
        T,
        "at: 2026-03-06 15:00",
        "at: 2026-03-06 15:00, heard: 2026-03-10 09:00",
        7,
        "tests[0].given[1].at",
        "早于上一件",
    ),
    "test about nothing": Mistake(T, "about: W1", "about: W9", 7, "tests[0].given[1].about", "前面一件事的编号"),
    "test with two kinds in one": Mistake(
        T, "{contact: completed", "{fact: meter.read, contact: completed", 7, "tests[0].given[1]", "只写一种"
    ),
    "test that watches an unknown policy": Mistake(
        T, "    draw: all", "    policies: [won]", 4, "tests[0].policies", "one"
    ),
    "test that expects nothing": Mistake(
        T,
        "    expect:\n      - {policy: one, fact: W1, due: 2026-03-09 09:00, state: done}\n",
        "",
        2,
        "tests[0].expect",
        "没有写期望",
    ),
}


def check(files: dict[str, str]) -> list[Problem]:
    return check_pack(files, "test")


def test_a_good_pack_has_no_problems() -> None:
    assert check(FILES) == []
    assert check(RICH) == []


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_file_line_key_and_what_to_write(mistake: Mistake) -> None:
    assert FILES[mistake.file].count(mistake.right) >= 1
    wrong = FILES[mistake.file].replace(mistake.right, mistake.wrong, 1)
    found = check({**FILES, mistake.file: wrong})
    told = [one for one in found if (one.file, one.line, one.key) == (mistake.file, mistake.line, mistake.key)]
    assert any(mistake.says in one.message and one.warning == mistake.warning for one in told), found


def test_missing_files_are_told() -> None:
    assert "缺少此文件" in str(check({name: text for name, text in FILES.items() if name != "pack.yaml"})[0])
    assert "没有策略" in str(check({"pack.yaml": PACK})[0])
    assert "策略请放在 policies/ 之下" in str(check({**FILES, "b.yaml": "id: b\n"})[0])
    assert "文件是空的" in str(check({**FILES, A: "# 待写\n"})[0])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("pack.yml", "是否应为 pack.yaml"),
        ("organization.yaml", "是否应为 organisation.yaml"),
        ("policy/a.yaml", "是否想写 policies"),
        ("test/t.yaml", "是否想写 tests"),
        ("questionnaires/again.yaml", "另见 questionnaires/again.yaml"),
    ],
)
def test_files_by_another_name_are_told(name: str, says: str) -> None:
    assert any(says in str(problem) for problem in check({**FILES, name: "id: q\ntitle: 问卷\n"}))


@pytest.mark.parametrize("deep", ["x: " + "[" * 20_000, "- " * 20_000, "".join(f"{' ' * n}a:\n" for n in range(600))])
def test_what_is_nested_without_end_is_told_and_not_followed(deep: str) -> None:
    (problem,) = [one for one in check({**FILES, A: deep}) if one.file == A]
    assert "太深" in problem.message


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 500),
    st.sampled_from(["", "all", "one", "repair.closed", "2026-03-06 15:00", "none", "*"]),
    st.lists(st.sampled_from(["09:00-12:00", 1, None]), max_size=2),
    st.dictionaries(st.sampled_from(["id", "field", "all", "days", 7]), st.sampled_from([1, "x", [], {}]), max_size=2),
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a parsed file where something could stand instead."""
    if path:
        yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in entries:
        yield from _places(below, (*path, key))


TIMES = """\
windows: [{channel: sms, days: all}, {purpose: notice, frames: ["08:00-20:00"]}]
calendars: {site: {frames: ["08:00-10:00"], days: {"2026-05-02": off, "2026-05-09": on}}}
blackouts: [{from: 2026-02-14, to: 2026-02-23, branches: [EAST]}]
"""
POLICY_TIMES = (
    "    target: {hours: 4}\n    deadline: {weeks: 1}\n    warn: {working_days: 1}\n    base: {festivals: [lantern]}\n"
    "    window: {calendar: site, except: [before_holiday, {festivals: [lantern], from: {days: -3}, to: {days: 1}}]}\n"
)
RICH = {**FILES, "pack.yaml": PACK + TIMES, A: POLICIES + POLICY_TIMES}
PLACES = [(file, path) for file, text in RICH.items() for path in _places(yaml.safe_load(text))]


@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_whatever_is_written_anywhere_gives_an_answer(changes: list[tuple[tuple[str, tuple[Any, ...]], Any]]) -> None:
    parsed = {file: yaml.safe_load(text) for file, text in RICH.items()}
    for (file, (*above, last)), value in changes:
        place = parsed[file]
        with suppress(LookupError, TypeError):  # an earlier change took the place away
            for key in above:
                place = place[key]
            place[last] = value
    files = {file: yaml.safe_dump(content, allow_unicode=True) for file, content in parsed.items()}
    if any(not problem.warning for problem in check(files)):
        return
    policies = [policy_of(draft.content, 1) for draft in read_pack(files).drafts]
    scenarios = read_scenarios(files, {policy.id for policy in policies}, [])
    assert all(isinstance(rehearse(scenario, books_of(policies)), list) for scenario in scenarios)
