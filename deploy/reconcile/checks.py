"""What must agree: a comparison each, which names what it counted and every mismatch."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping

from deploy.reconcile.comparing import Check, Side, Stage, listed, names, one_to_one
from deploy.reconcile.heard import Heard
from deploy.reconcile.kept import Kept
from deploy.reconcile.notices import Notices
from services.analytics.domain.cells import Tally
from services.visits.domain.visit import State


def accepted_is_published(kept: Kept, heard: Heard) -> Check:
    return one_to_one(
        "受理的事实都已发布",
        Side.of("接入库 受理", names(kept.identities)),
        Side.of("主题 intake-v1", names(heard.intake)),
    )


def one_decision_each(kept: Kept, heard: Heard) -> Check:
    """Decisions on the platform's own events come on top; they must exist as events."""
    decided = Counter({f"{s} {i}": n for (s, i), n in kept.decisions.items()})
    own = frozenset(names(heard.own))
    return one_to_one(
        "每个事实恰有一个决定",
        Side.of("接入库 受理", names(kept.identities)),
        Side("调度库 决定", decided),
        tolerated=own,
    )


def one_decision_per_occasion(kept: Kept, heard: Heard) -> Check:
    return one_to_one(
        "每个回访时机恰有一个决定",
        Side.of("事件 occasion.arrived", heard.occasions),
        Side("调度库 决定", kept.occasions),
    )


def what_is_enrolled_is_counted(kept: Kept, heard: Heard) -> Check:
    return one_to_one(
        "列入总量的事实都在总量之中", Side("调度库 列入总量", kept.enrolled), Side("调度库 总量", kept.populations)
    )


def draws_are_published(kept: Kept, heard: Heard) -> Check:
    return one_to_one(
        "抽中与递补的都已通知", Side("调度库 抽中与递补", kept.called), Side("事件 抽中与递补", heard.drawn)
    )


def draws_are_exact(kept: Kept, heard: Heard) -> Check:
    """A draw whose population was dropped by retention has no members any more."""
    wrong = {
        draw_id
        for draw_id, draw in kept.draws.items()
        if draw.members and (draw.population, draw.drawn) != (draw.members, draw.winners)
    }
    mismatch = listed("总量或抽取数量不符的抽取", wrong)
    drawn = sum(draw.drawn for draw in kept.draws.values())
    counted = (("抽取", len(kept.draws)), ("应抽", drawn))
    return Check("每次抽取数量准确", counted, (mismatch,) if mismatch else ())


def every_task_was_decided(kept: Kept, heard: Heard) -> Check:
    """With draws: whoever was drawn has a decision, and what it planned is there."""
    return one_to_one(
        "每个任务恰由一个决定计划", Side("调度库 决定的计划", kept.planned), Side.of("调度库 任务", kept.tasks)
    )


def tasks_are_planned(kept: Kept, heard: Heard) -> Check:
    return one_to_one(
        "任务与计划事件一致",
        Side.of("调度库 任务", kept.tasks),
        Side("事件 followup.planned", heard.about["followup.planned"]),
    )


def _ended(state: str, event: str, title: str) -> Callable[[Kept, Heard], Check]:
    def check(kept: Kept, heard: Heard) -> Check:
        return one_to_one(
            title, _entries(kept, f"调度库 {state}", state), _each_time(f"事件 {event}", heard.about[event])
        )

    return check


def releases_are_published(kept: Kept, heard: Heard) -> Check:
    return one_to_one(
        "下达与下达事件一致",
        _entries(kept, "调度库 已下达", "released"),
        _each_time("事件 followup.released", heard.about["followup.released"]),
    )


def _entries(kept: Kept, name: str, state: str) -> Side:
    return _each_time(name, Counter({task_id: task.times(state) for task_id, task in kept.tasks.items()}))


def _each_time(name: str, counted: Counter[str]) -> Side:
    """What may happen several times to one id, as an id for each time."""
    return Side.of(
        name, (each if n == 1 else f"{each} 第 {n} 次" for each in counted for n in range(1, counted[each] + 1))
    )


def one_visit_each(kept: Kept, heard: Heard) -> Check:
    return one_to_one(
        "每个下达的回访恰有一个作业",
        Side.of("事件 followup.released（人工）", heard.for_agents),
        Side.of("作业库 作业", (visit.task_id for visit in kept.visits.values())),
    )


def _finished(state: str, event: str, title: str) -> Callable[[Kept, Heard], Check]:
    def check(kept: Kept, heard: Heard) -> Check:
        ids = (visit_id for visit_id, visit in kept.visits.items() if visit.state == state)
        return one_to_one(title, Side.of(f"作业库 {state}", ids), Side(f"事件 {event}", heard.about[event]))

    return check


def corrections_are_published(kept: Kept, heard: Heard) -> Check:
    made = Counter({visit_id: visit.corrections for visit_id, visit in kept.visits.items()})
    return one_to_one(
        "更正与更正事件一致",
        _each_time("作业库 更正", made),
        _each_time("事件 visit.corrected", heard.about["visit.corrected"]),
    )


def dissatisfied_is_published(kept: Kept, heard: Heard) -> Check:
    """Each time that a visit's record comes to say so is told once."""
    bad = Counter(
        {visit_id: visit.dissatisfied for visit_id, visit in kept.visits.items() if visit.state == State.COMPLETED}
    )
    return one_to_one(
        "不满意的作业都已报告",
        _each_time("作业库 不满意", bad),
        _each_time("事件 visit.dissatisfied", heard.about["visit.dissatisfied"]),
    )


def one_case_each(kept: Kept, heard: Heard) -> Check:
    """What a second follow-up tells after its answer had closed the first case, a problem or by a correction, may have a
    case of its own, and so may what somebody filed by hand in a visit."""
    return one_to_one(
        "每个首次不满意或问题件恰有一个投诉",
        Side.of("事件 首次不满意/问题件", heard.openings),
        Side.of("投诉库 来自回访", (case.origin_id for case in kept.cases.values() if case.origin == "visit")),
        tolerated=frozenset(heard.second_problems) | _filed_in_visits(kept),
    )


def _filed_in_visits(kept: Kept) -> frozenset[str]:
    """The visits in which somebody filed a case by hand."""
    return frozenset(case.origin_id for case in kept.cases.values() if case.origin == "visit" and case.by_hand)


def one_case_per_unsolved_hotline_case(kept: Kept, heard: Heard) -> Check:
    """A case from before cases kept their source stands for whoever used its number."""
    found = [case for case in kept.cases.values() if case.origin == "hotline"]
    older = {case.origin_id for case in found if not case.origin_source}
    unsolved = {number if number in older else f"{source} {number}" for source, number in heard.unsolved}
    return one_to_one(
        "每个未解决的 12345 工单恰有一个投诉",
        Side.of("事件 12345 未解决", unsolved),
        Side.of("投诉库 来自 12345", (case.number for case in found)),
    )


def cases_are_opened(kept: Kept, heard: Heard) -> Check:
    return one_to_one(
        "投诉与立案事件一致",
        Side.of("投诉库 投诉", kept.cases),
        Side("事件 complaint.opened", heard.about["complaint.opened"]),
    )


def cases_are_closed(kept: Kept, heard: Heard) -> Check:
    """A case that its second follow-up had closed may be sent back and closed again; each time is told."""
    return one_to_one(
        "了结的投诉与闭环事件一致",
        _each_time("投诉库 已了结", Counter({case_id: case.closings for case_id, case in kept.cases.items()})),
        _each_time("事件 complaint.closed", heard.about["complaint.closed"]),
    )


def resolutions_are_published(kept: Kept, heard: Heard) -> Check:
    """A case can be resolved several times; each time is told."""
    rounds = Counter({case_id: case.resolutions for case_id, case in kept.cases.items() if case.resolutions})
    published = Counter(heard.resolutions.values())
    wrong = {case_id for case_id in rounds.keys() | published.keys() if rounds[case_id] != published[case_id]}
    mismatch = listed("整改次数与事件不符的投诉", wrong)
    counted = (("投诉库 整改", rounds.total()), ("事件 complaint.resolved", published.total()))
    return Check("每次整改都已报告", counted, (mismatch,) if mismatch else ())


def one_second_followup_each(kept: Kept, heard: Heard) -> Check:
    second = (task.event_id for task in kept.tasks.values() if task.round > 1)
    return one_to_one(
        "每次整改恰有一个二次回访",
        Side.of("事件 complaint.resolved", heard.resolutions),
        Side.of("调度库 二次回访任务", second),
    )


def one_send_each(kept: Kept, heard: Heard) -> Check:
    ledger = Side.of("发送台账", _keys_of_sends(kept, heard.notices))
    older = heard.notices.older
    wanted = {old if (old := older.get(key, "")) in ledger.found else key for key in heard.notices.wanted}
    return one_to_one(
        "每条应发通知恰有一笔发送",
        Side.of("事件 应发通知", wanted),
        ledger,
        tolerated=frozenset(heard.notices.possible | {*older.values()}),
    )


def _keys_of_sends(kept: Kept, notices: Notices) -> Iterator[str]:
    """Keys of what events led to; a row about an erased customer stands for the next message that they were owed."""
    sends = [send for send in kept.sends.values() if send.by_event and not send.greeting_day]
    keys = {send.key for send in sends}
    owed: defaultdict[str, list[str]] = defaultdict(list)
    for key in [*sorted(notices.possible - notices.wanted - keys), *sorted(notices.wanted - keys)]:
        owed[notices.customers[key]].append(key)
    for send in sends:
        yield owed[send.erased].pop() if send.erased and owed[send.erased] else send.key


def greetings_are_written(kept: Kept, heard: Heard) -> Check:
    written = Counter(send.greeting_day for send in kept.sends.values() if send.greeting_day)
    wrong = {
        f"{day}（应 {kept.greeting_days.get(day, 0)}，实 {written[day]}）"
        for day in kept.greeting_days.keys() | written.keys()
        if kept.greeting_days.get(day, 0) != written[day]
    }
    mismatch = listed("关怀数量不符的日子", wrong)
    counted = (("关怀日历 计划", sum(kept.greeting_days.values())), ("发送台账 关怀", written.total()))
    return Check("每条关怀恰有一笔发送", counted, (mismatch,) if mismatch else ())


def sends_are_published(kept: Kept, heard: Heard) -> Check:
    return one_to_one(
        "提交的通知都已报告",
        Side.of("发送台账 已提交", (send_id for send_id, send in kept.sends.items() if send.accepted)),
        Side("事件 notification.sent", heard.about["notification.sent"]),
    )


def _settled(state: str, event: str, title: str) -> Callable[[Kept, Heard], Check]:
    def check(kept: Kept, heard: Heard) -> Check:
        ids = (send_id for send_id, send in kept.sends.items() if send.state == state)
        return one_to_one(title, Side.of(f"发送台账 {state}", ids), Side(f"事件 {event}", heard.about[event]))

    return check


def facts_are_counted(kept: Kept, heard: Heard) -> Check:
    """Analytics knows each task, first-round visit, case and accepted message, and no others."""
    parts = [
        one_to_one("", Side.of("调度库 任务", kept.tasks), Side.of("分析库 任务", kept.followup_facts)),
        one_to_one(
            "",
            Side.of("事件 首轮完成", heard.rated),
            Side.of("分析库 评价", kept.rating_facts),
            tolerated=frozenset(heard.second_problems) | _filed_in_visits(kept),
        ),
        one_to_one("", Side.of("投诉库 投诉", kept.cases), Side.of("分析库 投诉", kept.case_facts)),
        one_to_one(
            "",
            Side.of("发送台账 已提交", (send_id for send_id, send in kept.sends.items() if send.accepted)),
            Side.of("分析库 通知", kept.send_facts),
            tolerated=frozenset(send_id for send_id, send in kept.sends.items() if send.state == "failed"),
        ),
    ]
    counted = tuple(count for part in parts for count in part.counted)
    return Check("分析事实与来源一致", counted, tuple(m for part in parts for m in part.mismatches))


def figures_are_right(kept: Kept, heard: Heard) -> Check:
    """Every stored figure against a recount of all events: sums, people and agents' days."""
    expected = heard.recount.result()
    stored = Counter({key: amount for key, amount in kept.figures.items() if amount})
    wrong: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for key in expected.keys() | stored.keys():
        if expected[key] != stored[key]:
            wrong[key.measure] += 1
            where = key.cell.day if isinstance(key, Tally) else getattr(key, "day", "")
            examples.setdefault(key.measure, f"例：{where} 应 {expected[key]}，实 {stored[key]}")
    mismatches = tuple(f"指标 {measure} 有 {n} 格不符（{examples[measure]}）" for measure, n in sorted(wrong.items()))
    return Check("分析汇总与事件重算一致", (("重算 格", len(expected)), ("分析库 格", len(stored))), mismatches)


def nothing_unpublished(kept: Kept, heard: Heard) -> Check:
    left = {service: rows for service, rows in kept.outbox.items() if rows}
    mismatches = tuple(f"{service} 的发件箱还有 {rows} 条未发布" for service, rows in sorted(left.items()))
    return Check("发件箱已清空", (("发件箱", sum(kept.outbox.values())),), mismatches)


def no_dead_letters(kept: Kept, heard: Heard) -> Check:
    mismatches = tuple(
        f"{letter.service} 的死信 {letter.event_type} {letter.event_id}：{letter.error}" for letter in kept.letters
    )
    return Check("没有待处理的死信", (("死信", len(kept.letters)),), mismatches)


CHECKS: tuple[Callable[[Kept, Heard], Check], ...] = (
    accepted_is_published,
    one_decision_each,
    one_decision_per_occasion,
    what_is_enrolled_is_counted,
    draws_are_exact,
    draws_are_published,
    every_task_was_decided,
    tasks_are_planned,
    releases_are_published,
    _ended("cancelled", "followup.cancelled", "取消与取消事件一致"),
    _ended("expired", "followup.expired", "过期与过期事件一致"),
    one_visit_each,
    _finished(State.COMPLETED, "visit.completed", "完成的作业都已报告"),
    _finished(State.FAILED, "visit.failed", "失败的作业都已报告"),
    corrections_are_published,
    dissatisfied_is_published,
    one_case_each,
    one_case_per_unsolved_hotline_case,
    cases_are_opened,
    resolutions_are_published,
    one_second_followup_each,
    cases_are_closed,
    one_send_each,
    greetings_are_written,
    sends_are_published,
    _settled("delivered", "notification.delivered", "送达的通知都已报告"),
    _settled("failed", "notification.failed", "失败的通知都已报告"),
    facts_are_counted,
    figures_are_right,
    nothing_unpublished,
    no_dead_letters,
)


def run_checks(kept: Kept, heard: Heard) -> list[Check]:
    return [check(kept, heard) for check in CHECKS]


def funnel(kept: Kept, heard: Heard) -> list[Stage]:
    """From facts to closed loops and messages, counted on the topics and in the databases."""
    states: Mapping[str, int] = Counter(visit.state for visit in kept.visits.values())
    accepted = sum(send.accepted for send in kept.sends.values())
    counts = heard.counts
    return [
        Stage("业务事实", len(heard.intake), len(kept.identities)),
        Stage("决定", None, kept.decisions.total()),
        Stage("列入总量", None, kept.enrolled.total()),
        Stage("抽中与递补", heard.drawn.total(), kept.called.total()),
        Stage("计划回访", counts["followup.planned"], len(kept.tasks)),
        Stage("下达回访", counts["followup.released"], sum(t.times("released") for t in kept.tasks.values())),
        Stage("拨打", counts["visit.attempted"], kept.attempts),
        Stage("完成", counts["visit.completed"], states.get(State.COMPLETED, 0)),
        Stage("未成功", counts["visit.failed"], states.get(State.FAILED, 0)),
        Stage("不满意", counts["visit.dissatisfied"], None),
        Stage("投诉立案", counts["complaint.opened"], len(kept.cases)),
        Stage("整改", counts["complaint.resolved"], sum(case.resolutions for case in kept.cases.values())),
        Stage("二次回访计划", len(heard.second), sum(task.round > 1 for task in kept.tasks.values())),
        Stage("投诉闭环", counts["complaint.closed"], sum(case.closings for case in kept.cases.values())),
        Stage("通知与关怀", counts["notification.sent"], accepted),
    ]
