"""The KPIs of one agent's work, once: what the agent reads of it, the team's median, and what supervisors compare.

They are computed like all others (`kpis.evaluate`), from the measures of `agent_day` and the days worked (`days`).
"""

from services.analytics.domain.kpis import Kpi, Options, happy_levels, weigh_each
from services.analytics.domain.levels import LEVELS

RATED = "rated"
ATTEMPT_DAY, END_DAY = "拨打日", "办结日"
# what 「我的业绩」 shows, in this order
OWN_PAGE = ("calls", "contact", "completed", "talk", "wrap_up", "satisfaction", "late", "callbacks_kept")
MEASURES = (
    "calls", "connected", "completed", "effective", "callbacks", "callbacks_called", "callbacks_kept", "talk_seconds",
    "wrap_up_seconds", "late",
)  # fmt: skip


def agent_kpis(options: Options, daily_target: int) -> dict[str, Kpi]:
    """All of them by id; `daily_target` is the number of calls wanted on a day."""
    words = "非常满意＋满意＋基本满意" if options.basically_counts else "非常满意＋满意"
    kpis = [
        Kpi("calls", "拨打数", "拨打次数，接通与否都计", ATTEMPT_DAY, {"calls": 1}, unit="count"),
        Kpi("calls_per_day", "日均拨打数", "拨打次数 ÷ 有拨打的天数", ATTEMPT_DAY,
            {"calls": 1}, {"days": 1}, unit="mean", share=False),
        Kpi("target", "目标达成率", f"拨打次数 ÷（每日目标 {daily_target} 次 × 有拨打的天数）", ATTEMPT_DAY,
            {"calls": 1}, {"days": daily_target}, version=f"1+target={daily_target}", share=False),
        Kpi("contact", "接通率", "接通次数 ÷ 拨打次数", ATTEMPT_DAY, {"connected": 1}, {"calls": 1}),
        Kpi("effective", "有效率", "有效回访数（本人且必答题全部作答）÷ 接通次数", END_DAY,
            {"effective": 1}, {"connected": 1}),
        Kpi("completed", "完成数", "本人办结、问到客户的回访数（含部分完成）", END_DAY, {"completed": 1}, unit="count"),
        Kpi("talk", "平均通话", "通话时长 ÷ 接通次数", ATTEMPT_DAY,
            {"talk_seconds": 1}, {"connected": 1}, unit="seconds", share=False),
        Kpi("wrap_up", "平均整理", "整理时长 ÷ 拨打次数", ATTEMPT_DAY,
            {"wrap_up_seconds": 1}, {"calls": 1}, unit="seconds", share=False),
        Kpi("handling", "平均处理", "（通话时长＋整理时长）÷ 拨打次数", ATTEMPT_DAY,
            {"talk_seconds": 1, "wrap_up_seconds": 1}, {"calls": 1}, unit="seconds", share=False),
        Kpi("satisfaction", "满意率（仅供参考）", f"本人回访中评（{words}）的数量 ÷ 评价数；客户评的是服务，不是坐席", END_DAY,
            weigh_each(RATED, happy_levels(options.basically_counts)), weigh_each(RATED, LEVELS),
            version="1+basically" if options.basically_counts else "1"),
        Kpi("late", "超时数", "本人办结时已过截止时间的回访数，完成与未成功都计", END_DAY, {"late": 1}, unit="count"),
        Kpi("callbacks_kept", "预约履约率", "按与客户约定的时间回呼的次数 ÷ 约定回呼后拨打的次数", ATTEMPT_DAY,
            {"callbacks_kept": 1}, {"callbacks_called": 1}),
    ]  # fmt: skip
    return {kpi.id: kpi for kpi in kpis}
