"""A pack's own tests over the Spring Festival with its make-up days, a quarter's border, and the turn of 2026/27."""

import pytest

from services.scheduler.domain.packs.check import check_pack
from services.scheduler.domain.packs.pack import policy_of, read_pack
from services.scheduler.domain.packs.scenario_file import read_scenarios
from services.scheduler.domain.simulation.rehearsal import books_of, rehearse
from services.scheduler.domain.simulation.scenario import Scenario

PACK = """\
format: 1
name: when
title: 时间
window: {days: working, frames: ["10:30-11:30", "15:00-17:30"]}
windows:
  - {channel: sms, purpose: notice, days: all, frames: ["08:00-20:00"]}
caps:
  - {limit: 1, per: quarter}
blackouts:
  - {from: 2026-03-30, to: 2026-03-31, branches: [EAST]}
calendars:
  festival: {days: {2026-05-02: on, 2026-05-06: off, 2026-05-07: off}}
  early: {frames: ["07:00-09:00"]}
"""
ORGANISATION = """\
organisation:
  code: HQ
  title: 总部
  children:
    - {code: EAST, title: 东区}
    - {code: WEST, title: 西区}
    - code: SOUTH
      title: 南区
      calendar: festival
      children:
        - {code: HARBOUR, title: 港口}
        - {code: MARKET, title: 市场, calendar: early}
"""
POLICIES = """\
policies:
  - id: call
    title: 电话回访
    trigger: {events: [repair.closed]}
    rate: all
    delay: {working_days: 1}
    deadline: {working_days: 3}
    warn: {working_days: 1}
    questionnaire: q
  - id: promotion
    title: 促销短信
    trigger: {events: [order.completed]}
    rate: all
    channel: sms
    purpose: notice
    cap: exempt
    delay: {months: 1}
"""
TESTS = """\
tests:
  - name: 节前调休的周六照常联系，时限越过春节，二月二十八日周六也算工作日
    given:
      - {fact: repair.closed, id: A, at: 2026-02-13 16:00}
      - {fact: repair.closed, id: B, customer: C2, at: 2026-02-27 16:00}
    expect:
      - {policy: call, fact: A, due: 2026-02-14 10:30, deadline: 2026-02-25 17:30, warn: 2026-02-24 17:30, provisional: false}
      - {policy: call, fact: B, due: 2026-02-28 10:30, deadline: 2026-03-03 17:30}
  - name: 两个时段之间等下一个时段，最后一个时段之后等下一个工作日，节假日不打电话
    given:
      - {fact: repair.closed, id: A, at: 2026-02-14 12:00}
    expect:
      - {policy: call, due: 2026-02-24 10:30}
  - name: 促销短信节假日也发，月末对月末
    given:
      - {fact: order.completed, id: A, at: 2026-01-17 22:00}
      - {fact: order.completed, id: B, customer: C2, at: 2026-01-31 09:00}
    expect:
      - {policy: promotion, fact: A, due: 2026-02-17 08:00, deadline: none}
      - {policy: promotion, fact: B, due: 2026-02-28 08:00}
  - name: 停访期把季末的联系推到下一季度，计入下一季度的频次
    given:
      - {fact: repair.closed, id: A, at: 2026-03-02 09:00}
      - {fact: repair.closed, id: B, at: 2026-03-27 16:00, data: {org: {code: EAST}}}
      - {fact: repair.closed, id: C, at: 2026-03-27 16:30, data: {org: {code: WEST}}}
    expect:
      - {policy: call, fact: A, due: 2026-03-03 10:30}
      - {policy: call, fact: B, due: 2026-04-01 10:30, matters: [B, C]}
    expect_not:
      - {fact: C, policy: call, reason: merged}
  - name: 分公司按自己或最近上级单位的日历：南区五月二日上班、六日七日休息，市场按早市的时段，其余按官方日历
    given:
      - {fact: order.completed, id: F, customer: C6, at: 2026-04-02 16:00, data: {org: {code: MARKET}}}
      - {fact: repair.closed, id: A, customer: C1, at: 2026-04-30 16:00, data: {org: {code: SOUTH}}}
      - {fact: repair.closed, id: B, customer: C2, at: 2026-04-30 16:00, data: {org: {code: HARBOUR}}}
      - {fact: repair.closed, id: C, customer: C3, at: 2026-04-30 16:00, data: {org: {code: MARKET}}}
      - {fact: repair.closed, id: D, customer: C4, at: 2026-04-30 16:00, data: {org: {code: WEST}}}
      - {fact: repair.closed, id: E, customer: C5, at: 2026-04-30 16:00}
    expect:
      - {policy: call, fact: A, due: 2026-05-02 10:30, deadline: 2026-05-09 17:30, warn: 2026-05-08 17:30}
      - {policy: call, fact: B, due: 2026-05-02 10:30, deadline: 2026-05-09 17:30}
      - {policy: call, fact: C, due: 2026-05-06 07:00, deadline: 2026-05-08 09:00}
      - {policy: call, fact: D, due: 2026-05-06 10:30, deadline: 2026-05-08 17:30}
      - {policy: call, fact: E, due: 2026-05-06 10:30, deadline: 2026-05-08 17:30}
      - {policy: promotion, fact: F, due: 2026-05-02 08:00}
  - name: 一位客户两个分公司的事项，有共同时段才合并，按保留联系的分公司的日历
    given:
      - {fact: repair.closed, id: A, at: 2026-05-05 16:00, data: {org: {code: SOUTH}}}
      - {fact: repair.closed, id: C, customer: C2, at: 2026-05-05 16:00, data: {org: {code: WEST}}}
      - {fact: repair.closed, id: B, at: 2026-05-05 17:00, data: {org: {code: WEST}}}
      - {fact: repair.closed, id: D, customer: C2, at: 2026-05-05 17:00, data: {org: {code: MARKET}}}
    expect:
      - {policy: call, fact: A, due: 2026-05-08 10:30, deadline: 2026-05-08 17:30, matters: [A, B]}
      - {policy: call, fact: C, due: 2026-05-06 10:30, matters: [C]}
    expect_not:
      - {fact: B, policy: call, reason: merged}
      - {fact: D, policy: call, reason: capped}
  - name: 年末的时限落在放假安排未公布的 2027 年，暂定
    given:
      - {fact: repair.closed, id: A, at: 2026-12-28 16:00}
      - {fact: repair.closed, id: B, customer: C2, at: 2026-12-30 16:00}
    expect:
      - {policy: call, fact: A, due: 2026-12-29 10:30, deadline: 2026-12-31 17:30, provisional: false}
      - {policy: call, fact: B, due: 2026-12-31 10:30, deadline: 2027-01-04 17:30, provisional: true}
"""
FILES = {
    "pack.yaml": PACK,
    "organisation.yaml": ORGANISATION,
    "policies/a.yaml": POLICIES,
    "questionnaires/q.yaml": "id: q\ntitle: 问卷\n",
    "tests/t.yaml": TESTS,
}
BOOKS = books_of([policy_of(draft.content, 1) for draft in read_pack(FILES).drafts])
SCENARIOS = read_scenarios(FILES, {"call", "promotion"}, [])


def test_the_pack_is_without_mistakes_and_doubts() -> None:
    assert check_pack(FILES, "when") == []


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.line))
def test_the_plan_is_as_expected_to_the_minute(scenario: Scenario) -> None:
    assert rehearse(scenario, BOOKS) == []
