"""What the coded values of events are called in Chinese: one word for one code, in every service, page and report."""

from collections.abc import Mapping

CHANNELS: Mapping[str, str] = {
    "phone": "电话",
    "sms": "短信",
    "email": "邮件",
    "wechat": "微信",
    "weibo": "微博",
    "letter": "信函",
    "on_site": "上门",
}
# what a contact may need of its agent: ISO 639 codes of languages, and visits on site
SKILLS: Mapping[str, str] = {
    "on_site": "上门回访",
    "yue": "粤语",
    "wuu": "吴语",
    "nan": "闽南语",
    "hak": "客家话",
    "cdo": "闽东语",
    "ug": "维吾尔语",
    "bo": "藏语",
    "mn": "蒙古语",
    "za": "壮语",
    "ii": "彝语",
    "ko": "朝鲜语",
    "en": "英语",
}
# roles of those who do the work, as packs commonly name them (`never_alone`, `role` of a team); others stay as they are
TEAM_ROLES: Mapping[str, str] = {
    "sales": "销售人员",
    "salesperson": "业务员",
    "agent": "代理人",
    "service": "客服人员",
    "backoffice": "后台人员",
    "engineer": "维修人员",
    "worker": "作业人员",
    "installer": "安装人员",
    "housekeeper": "管家",
    "manager": "经办人",
}
PURPOSES: Mapping[str, str] = {"followup": "回访", "greeting": "关怀", "notice": "告知"}
SATISFACTION: Mapping[str, str] = {
    "very_satisfied": "非常满意",
    "satisfied": "满意",
    "basically": "基本满意",
    "dissatisfied": "不满意",
    "very_dissatisfied": "非常不满意",
    "no_comment": "未评价",
}
ATTEMPT_RESULTS: Mapping[str, str] = {
    "completed": "完成",
    "partly": "部分完成",
    "callback_agreed": "预约回呼",
    "refused": "拒访",
    "wrong_person": "非本人",
    "language_barrier": "语言不通",
    "no_answer": "无人接听",
    "busy": "占线",
    "powered_off": "关机",
    "suspended": "停机",
    "invalid_number": "空号",
    "wrong_number": "号码错误",
    "restricted": "限呼",
}
# why a task is put off, called off or over, and why a visit failed
REASONS: Mapping[str, str] = {
    "merged": "并入其他任务",
    "stopped": "流程已终止",
    "restarted": "重新触发，上一流程终止",
    "rearranged": "更早发生的事后到，流程重新安排",
    "deadline_passed": "时限之前没有联系时段",
    "do_not_contact": "客户免打扰",
    "customer_refused": "客户拒绝此方式的联系",
    "opted_out": "客户已退订",
    "case_open": "客户有未结投诉",
    "case_reopened": "投诉已重办",
    "case_closed": "投诉已闭环",
    "cap_reached": "联系次数已达上限",
    "paused": "客户在暂停联系期内",
    "by_hand": "人工取消",
    "fact_withdrawn": "单据已取消、退回或重新打开",
    "unreachable": "联系不上",
    "refused": "客户拒访",
    "invalid_number": "号码无效",
    "expired": "逾期未能联系",
}
WITHDRAWN: Mapping[str, str] = {"cancelled": "单据已取消", "returned": "单据已退回", "reopened": "单据已重新打开"}
GRADES: Mapping[str, str] = {"major": "重大", "general": "一般", "opinion": "意见"}
ESCALATIONS: Mapping[str, str] = {
    "overdue": "逾期未整改",
    "second_dissatisfaction": "二次回访仍不满意",
    "reworked": "多次重办",
    "by_hand": "人工提级",
}
CASE_OUTCOMES: Mapping[str, str] = {
    "satisfied": "二次回访满意",
    "dissatisfied": "客户仍不满意",
    "unreached": "二次回访未联系上",
    "rejected": "不予受理",
    "by_hand": "人工结案",
}


def word_of(words: Mapping[str, str], code: object) -> str:
    """The word for a code; the code itself where there is none."""
    return words.get(str(code), str(code))
