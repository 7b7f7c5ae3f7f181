"""Every KPI, once: what API, pages, Excel, Prometheus and Grafana show is computed from these definitions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from services.analytics.domain.levels import LEVELS

SMALL_SAMPLE = 30
Z_95 = 1.959963984540054
Weights = Mapping[str, float]
Unit = Literal["ratio", "count", "index", "mean", "seconds"]


@dataclass(frozen=True)
class Options:
    """What an organisation may decide about formulas; every choice shows in the formula's text and version."""

    basically_counts: bool = False
    hotline_basically_counts: bool = True
    partly_solved_weight: float = 0.5
    hotline_weights: tuple[float, float, float] = (1 / 3, 1 / 3, 1 / 3)


@dataclass(frozen=True)
class Kpi:
    """One definition. Numerator and denominator are weighted sums of rollup measures; a count has no denominator.

    `share` says that the numerator is a part of the denominator, so that a confidence interval makes sense.
    """

    id: str
    name: str
    formula: str
    belongs_to: str
    numerator: Weights
    denominator: Weights | None = None
    unit: Unit = "ratio"
    version: str = "1"
    share: bool = True

    @property
    def measures(self) -> frozenset[str]:
        return frozenset(self.numerator) | frozenset(self.denominator or {})


@dataclass(frozen=True)
class Figure:
    """A KPI's value with what it was computed from; `value` is None when there is nothing to divide by."""

    value: float | None
    numerator: float
    denominator: float | None
    sample_size: int
    small_sample: bool
    interval: tuple[float, float] | None


def evaluate(kpi: Kpi, sums: Mapping[str, float]) -> Figure:
    """The figure of `kpi` over summed measures; a measure that is missing is 0."""
    numerator = _weighted(kpi.numerator, sums)
    if kpi.denominator is None:
        return Figure(numerator, numerator, None, round(numerator), False, None)
    denominator = _weighted(kpi.denominator, sums)
    certain = kpi.share and denominator > 0 and 0 <= numerator <= denominator
    return Figure(
        value=numerator / denominator if denominator else None,
        numerator=numerator,
        denominator=denominator,
        sample_size=round(denominator),
        small_sample=denominator < SMALL_SAMPLE,
        interval=wilson(numerator, denominator) if certain else None,
    )


def _weighted(weights: Weights, sums: Mapping[str, float]) -> float:
    total = sum(weight * sums.get(measure, 0) for measure, weight in weights.items())
    return round(total, 6)


def definitions(options: Options) -> dict[str, Kpi]:
    """All KPIs in the order people read them, by id."""
    kpis = [*_work(), *_satisfaction(options), *_ways(options)]
    kpis += [*_problems(options), *_hotline(options), *_notices()]
    return {kpi.id: kpi for kpi in kpis}


def measures_of(kpis: Iterable[Kpi]) -> frozenset[str]:
    return frozenset().union(*(kpi.measures for kpi in kpis))


def _work() -> list[Kpi]:
    due_day, attempt_day, visit_day = "应访日", "拨打日", "回访完成日"
    return [
        Kpi("due", "应访", "策略决定且在期内到期的回访数，减去因合法原因取消的回访数（按原因另计）", due_day,
            {"due": 1}, unit="count"),
        Kpi("coverage", "覆盖率", "期内应访且得到有效回访的客户数 ÷ 期内应访客户数（同一客户只计一次）", due_day,
            {"customers.effective": 1}, {"customers.due": 1}),
        Kpi("completion", "回访完成率", "应访中的有效回访数 ÷ 应访数", due_day, {"due.effective": 1}, {"due": 1}),
        Kpi("contact", "接通率（按次）", "接通次数 ÷ 拨打次数", attempt_day, {"connected": 1}, {"attempts": 1}),
        Kpi("contact_customers", "接通率（按客户）", "接通过的客户数 ÷ 拨打过的客户数（同一客户只计一次）", attempt_day,
            {"customers.reached": 1}, {"customers.attempted": 1}),
        Kpi("effective", "有效率", "坐席的有效回访数（本人且必答题全部作答；客户自助作答的不计）÷ 接通次数", visit_day,
            {"visits.effective": 1, "visits.self_effective": -1}, {"connected": 1}, version="2"),
        Kpi("on_time", "按时率", "截止时间前完成的回访数 ÷ 完成的回访数（按工作时间计时）", visit_day,
            {"visits.on_time": 1}, {"visits.completed": 1}),
        Kpi("callbacks_kept", "预约履约率", "按与客户约定的时间回呼的次数 ÷ 约定回呼后拨打的次数", attempt_day,
            {"callbacks.kept": 1}, {"callbacks.called": 1}),
        Kpi("self_answered", "自助作答率", "客户凭编号或数字回复自助作答的回访数 ÷ 邀请客户自助作答的次数", visit_day,
            {"visits.self_answered": 1}, {"visits.invited": 1}, share=False),
    ]  # fmt: skip


def _satisfaction(options: Options) -> list[Kpi]:
    words = "（非常满意＋满意＋基本满意）" if options.basically_counts else "（非常满意＋满意）"
    version = "1+basically" if options.basically_counts else "1"
    happy = happy_levels(options.basically_counts)

    def rated(id_: str, name: str, prefix: str, formula: str, belongs_to: str) -> Kpi:
        return Kpi(
            id_, name, formula, belongs_to, weigh_each(prefix, happy), weigh_each(prefix, LEVELS), version=version
        )

    return [
        rated("satisfaction", "满意率", "final",
              f"{words}÷ 评价数；二次回访后以第二次评价为准，计入首次回访当日", "首次回访完成日"),
        rated("first_satisfaction", "首次满意率", "first", f"首次回访{words}÷ 首次回访评价数", "首次回访完成日"),
        rated("second_satisfaction", "二次满意率", "second", f"二次回访{words}÷ 二次回访评价数", "二次回访完成日"),
        Kpi("csat", "CSAT", "首次回访评 4–5 分的数量 ÷ 首次回访评分数", "首次回访完成日",
            {"csat.good": 1}, {"csat.rated": 1}),
        Kpi("nps", "NPS 净推荐值", "（推荐者 9–10 分 − 贬损者 0–6 分）÷ 作答数", "首次回访完成日",
            {"nps.promoters": 1, "nps.detractors": -1}, {"nps.answered": 1}, unit="index", share=False),
    ]  # fmt: skip


WAYS = {"phone": "电话", "on_site": "上门", "message": "短信与邮件"}


def _ways(options: Options) -> list[Kpi]:
    """Contact and satisfaction by the way of the contact; of messages 自助作答率 says how many were answered."""
    words = "（非常满意＋满意＋基本满意）" if options.basically_counts else "（非常满意＋满意）"
    version = "1+basically" if options.basically_counts else "1"
    happy = happy_levels(options.basically_counts)
    contacts = [
        Kpi("contact_phone", "接通率（电话）", "电话接通次数 ÷ 电话拨打次数", "拨打日",
            {"phone.connected": 1}, {"phone.attempts": 1}),
        Kpi("contact_on_site", "见面率（上门）", "上门见到客户的次数 ÷ 上门次数", "上门日",
            {"on_site.connected": 1}, {"on_site.attempts": 1}),
    ]  # fmt: skip
    ratings = [
        Kpi(f"first_satisfaction_{way}", f"首次满意率（{title}）",
            f"{title}首次回访{words}÷ {title}首次回访评价数", "首次回访完成日",
            weigh_each(f"{way}.first", happy), weigh_each(f"{way}.first", LEVELS), version=version)
        for way, title in WAYS.items()
    ]  # fmt: skip
    return contacts + ratings


def _problems(options: Options) -> list[Kpi]:
    weight = options.partly_solved_weight
    opened, closed = "立案日", "办结日"
    return [
        Kpi("resolution", "问题解决率",
            f"（客户认可的问题数＋整改后未能回访确认的问题数 × {weight:g}）÷ 提出的问题数", opened,
            {"problems.solved": 1, "problems.partly": weight}, {"problems.raised": 1},
            version="1" if weight == 0.5 else f"1+partly={weight:g}"),
        Kpi("feedback_timeliness", "信息反馈及时率", "在时限内首次答复整改的问题数 ÷ 提出的问题数", opened,
            {"problems.answered_in_time": 1}, {"problems.raised": 1}),
        Kpi("closed_loop", "闭环率",
            "在时限内完成整改和二次回访的不满意回访数 ÷（不满意回访数 − 其投诉经核实驳回的回访数）", "首次回访完成日",
            {"loop.closed": 1}, {"visits.dissatisfied": 1, "loop.excluded": -1}, version="2"),
        Kpi("rework", "返工率", "被退回重办过的办结投诉数 ÷ 办结投诉数", closed,
            {"cases.ended_reworked": 1}, {"cases.ended": 1}),
        Kpi("repeat_complaints", "重复投诉率", "同一客户同类业务 90 天内再次立案数 ÷ 立案数", opened,
            {"problems.repeated": 1}, {"problems.raised": 1}),
        Kpi("cases_excluded", "驳回投诉", "经核实不属于投诉而驳回的立案数；不计入以上各率", opened,
            {"cases.excluded": 1}, unit="count"),
    ]  # fmt: skip


def _hotline(options: Options) -> list[Kpi]:
    counts = options.hotline_basically_counts
    words = "（非常满意＋满意＋基本满意）" if counts else "（非常满意＋满意）"
    satisfied = weigh_each("hotline", happy_levels(counts))
    effective = {"hotline.effective": 1.0}
    response, resolution, satisfaction = options.hotline_weights
    partly = options.partly_solved_weight
    combined = {"hotline.responded": response, "hotline.resolved": resolution, "hotline.partly": resolution * partly}
    combined |= dict.fromkeys(satisfied, satisfaction)
    weights = " : ".join(f"{weight:.0%}" for weight in options.hotline_weights)
    version = "1+basically" if counts else "1"
    day = "首次回访完成日"
    return [
        Kpi("hotline_response", "12345 响应率", "12345 工单已响应数 ÷ 有效回访数", day,
            {"hotline.responded": 1}, effective),
        Kpi("hotline_resolution", "12345 解决率", f"（12345 工单已解决数＋部分解决数 × {partly:g}）÷ 有效回访数", day,
            {"hotline.resolved": 1, "hotline.partly": partly}, effective, version=f"2+partly={partly:g}"),
        Kpi("hotline_satisfaction", "12345 满意率", f"12345 工单{words}÷ 有效回访数，以第二次评价为准", day,
            satisfied, effective, version=version),
        Kpi("hotline_combined", "12345 三率综合", f"响应、解决、满意三率按 {weights} 加权", day,
            combined, effective, version=f"{version};{weights}", share=False),
        Kpi("hotline_unreached", "12345 未联系上", "12345 工单未联系上的回访数（不计入三率，单列）", "回访失败日",
            {"hotline.unreached": 1}, unit="count"),
    ]  # fmt: skip


def _notices() -> list[Kpi]:
    return [
        Kpi("notices_delivered", "通知送达率", "已送达通知数 ÷ 通道已受理通知数", "受理日",
            {"notices.delivered": 1}, {"notices.accepted": 1}),
        Kpi("opt_outs", "退订", "期内退订次数", "退订日", {"notices.opted_out": 1}, unit="count"),
    ]  # fmt: skip


def happy_levels(basically: bool) -> tuple[str, ...]:
    """The levels that count as satisfied."""
    return LEVELS[:3] if basically else LEVELS[:2]


def weigh_each(prefix: str, levels: Iterable[str]) -> dict[str, float]:
    """The measures of these levels, each counting once."""
    return {f"{prefix}.{level}": 1.0 for level in levels}


def wilson(successes: float, sample: float, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval of a share, 95 % by default (E. B. Wilson, JASA 22:209–212, 1927).

    Raises ValueError unless 0 <= successes <= sample and sample > 0.
    """
    if not 0 <= successes <= sample or sample <= 0:
        raise ValueError(f"no share: {successes} of {sample}")
    share = successes / sample
    spread = z * z / sample
    centre = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / sample + spread / (4 * sample)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)
