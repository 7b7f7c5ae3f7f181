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
# what greetings are sent about, which is no event
GREETINGS: Mapping[str, str] = {"calendar.birthday": "生日祝福", "calendar.festival": "节日祝福"}
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
    "corrected": "上一步的结果已更正，不再需要",
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
# why a message did not go or did not arrive; beside these, providers have codes of their own
MESSAGE_REASONS: Mapping[str, str] = {
    "opted_out": "客户已退订",
    "do_not_contact": "客户免打扰",
    "no_consent": "客户没有同意接收",
    "no_mobile_number": "没有可收短信的手机号",
    "no_address": "没有邮箱地址",
    "bad_address": "邮箱地址不对",
    "recipients_refused": "对方邮箱拒收",
    "no_template": "没有写好的模板",
    "no_template_code": "模板没有服务商的编号",
    "no_text": "模板没有正文",
    "reply_undecided": "客户的回复疑似退订，无人判定",
    "expired": "过了有效时间没有发出",
    "fact_withdrawn": "单据已取消、退回或重新打开",
    "task_cancelled": "回访已取消",
    "task_postponed": "回访已推迟",
    "invitation_ended": "自助作答的编号已失效",
    "practice": "练习，不发送",
    "authentication": "邮件服务器不认登录",
    "unreachable": "连不上服务商",
    "throttled": "服务商限流",
    "unreadable_answer": "服务商的答复无法识别",
    "lease_lost": "发送中断，结果未知",
    "never_accepted": "服务商没有收到",
    "unconfirmed": "结果未知，无法查证",
    "set_aside": "多次发送中断，已搁置",
    "not_delivered": "运营商没有送达",
    "MOBILE_NOT_ON_SERVICE": "手机停机或空号",
    "isv.MOBILE_NUMBER_ILLEGAL": "号码不是可收短信的手机号",
    "isv.BUSINESS_LIMIT_CONTROL": "对同一号码发得太多，被服务商限制",
    "isv.DAY_LIMIT_CONTROL": "超过服务商每日的数量",
    "isv.AMOUNT_NOT_ENOUGH": "服务商账户余额不足",
    "isv.OUT_OF_SERVICE": "服务商账户已停用",
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
    "unreached": "二次回访未得到客户评价",
    "rejected": "不予受理",
    "by_hand": "人工结案",
}


def word_of(words: Mapping[str, str], code: object) -> str:
    """The word for a code; the code itself where there is none."""
    return words.get(str(code), str(code))


def message_reason(code: object) -> str:
    """Why a message failed, in words; a provider's code that nobody has put into words is said to be one."""
    return MESSAGE_REASONS.get(str(code)) or f"服务商代码 {code}"
