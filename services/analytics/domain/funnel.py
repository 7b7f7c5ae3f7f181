"""From facts to closed loops, stage by stage; each stage is counted on its own day, so stages need not shrink."""

FUNNEL = {
    "facts": "业务事实",
    "followups.planned": "计划回访",
    "followups.released": "下达回访",
    "attempts": "拨打",
    "connected": "接通",
    "visits.completed": "完成",
    "visits.effective": "有效回访",
    "visits.dissatisfied": "首次不满意",
    "visits.problem": "问题件",
    "cases.opened": "投诉立案",
    "cases.resolved": "整改完成",
    "followups.second": "二次回访计划",
    "cases.closed": "投诉闭环",
    "cases.excluded": "其中驳回",
    "notices.accepted": "通知已提交",
    "notices.delivered": "通知已送达",
}
CANCELLED_PREFIX = "cancelled."
