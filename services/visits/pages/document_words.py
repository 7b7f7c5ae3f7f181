"""What the fields and words of a source document are called in Chinese.

Every field of a declared fact that may be shown, and of the kinds that the shipped packs declare, stands here.
"""

from collections.abc import Mapping

from shared.contracts.words import (
    ATTEMPT_RESULTS,
    CASE_OUTCOMES,
    CHANNELS,
    ESCALATIONS,
    GRADES,
    REASONS,
    SATISFACTION,
    WITHDRAWN,
)

Names = Mapping[str, str]

# in the order in which an agent reads them
_NAMES: Names = {
    "order_no": "订单号", "work_order_no": "工单号", "case_no": "工单编号", "platform_no": "平台编号", "account_no": "账号",
    "project_no": "项目号", "alarm_no": "告警号", "policy_no": "保单号", "message_no": "留言号", "incident_no": "事件号",
    "call_no": "来电号", "service_no": "服务单号", "lease_no": "租约号", "problem_no": "问题号", "notice_no": "通知单号",
    "number": "单号", "parent_work_order_no": "原工单号",
    "order_type": "订单类型", "result": "处理结果", "status": "状态", "reason": "原因",
    "completed_at": "完成时间", "closed_at": "办结时间", "done_at": "完成时间", "opened_at": "开户时间",
    "reached_at": "到达时间", "updated_at": "更新时间", "rained_at": "降雨时间", "withdrawn_at": "撤回时间",
    "appointed_at": "约定上门", "arrived_at": "实际上门", "accepted_at": "受理时间", "assigned_at": "派发时间",
    "deadline_at": "办理期限", "moved_in_on": "入住日期", "amount": "金额", "fee.amount": "收费", "fee.paid": "已付",
    "is_rework": "返修", "acceptance_code_verified": "验收码已核实", "lines": "明细", "parts": "备件",
    "product": "产品", "product.name": "产品", "product.kind": "产品类型", "product.category": "产品",
    "product.model": "型号", "product.sn": "序列号", "product.in_warranty": "保修期内",
    "product.purchase_date": "购买日期", "insurer": "保险公司", "period": "保险期间", "payment.mode": "缴费方式",
    "payment.interval": "缴费间隔", "payment.amount": "每期保费", "payment.years": "缴费年数", "product.fees": "费用",
    "fault.code": "故障代码", "fault.description": "故障", "measures": "处理", "progress": "进展",
    "engineer.name": "师傅", "worker.name": "作业人", "salesperson.name": "业务员", "provider.name": "服务单位",
    "org.name": "所属单位", "service_address": "地址", "address": "地址", "delivery.address": "送货地址",
    "delivery.method": "送货方式", "delivery.signed_at": "签收时间", "location": "地点", "part": "部位",
    "title": "标题", "content": "诉求", "text": "留言", "description": "描述", "sign": "异常表现", "topic": "专题",
    "campaign": "活动", "service": "服务", "via": "来自", "handle_result": "办理结果", "handle_status": "办理状态",
    "resolution_claim": "办理单位认定", "resolved_claim": "办理单位认定已解决", "satisfaction": "满意度",
    "host_dept.name": "承办单位", "assist_depts": "协办单位", "contact_log": "联系记录", "channel": "来电渠道",
    "appeal_kind": "诉求类型", "category.name": "诉求类别", "category.path": "诉求分类", "area": "片区", "area.name": "区域",
    "urgency": "紧急程度", "is_confidential": "保密", "is_anonymous": "匿名", "is_difficult": "疑难", "reading": "读数",
    "stage": "阶段", "hazards": "隐患", "redo_round": "重办次数", "urge_count": "催办次数", "extension_count": "延期次数",
    "user_kind": "用户类型", "length_m": "管长（米）", "tier": "客户分级", "tags": "标签", "preferred_times": "方便时间",
    "dates.moved_in_on": "入住日期", "dates.warranty_until": "保修截止", "day": "日期",
}  # fmt: skip
# a field that means another thing in facts of this kind, by the first word of the kind
_NAMES_OF: Mapping[str, Names] = {
    "customer": {
        "wrong": "无效号码", "phone": "更正号码", "phone_masked": "更正号码（脱敏）", "learned_at": "得知时间",
        "round": "第几次回访", "attempts": "拨打次数", "due_at": "应访时间", "deadline_at": "回访时限",
    },
    "hotline": {"satisfaction": "热线满意度"},
    "complaint": {
        "case_no": "投诉编号", "opened_at": "立案时间", "grade": "投诉等级", "description": "投诉内容", "origin": "投诉来自",
        "level": "提级次数", "round": "整改轮次", "responsible_unit": "责任单位", "owner": "首问负责", "done_by": "作业班组",
        "reason": "原因", "outcome": "结果", "measures": "整改措施", "escalated_at": "提级时间",
        "resolved_at": "整改时间", "in_time": "在时限内", "reopened_at": "重办时间", "closed_at": "闭环时间",
        "first_rating": "首次评分", "final_rating": "最终评分",
    },
    "visit": {
        "result": "呼叫结果", "connected": "接通", "effective": "有效", "rating": "评分", "responded": "已响应",
        "resolved": "已解决", "resolution": "解决情况", "reasons": "不满意原因", "problems": "问题件", "remark": "备注",
        "attempts": "拨打次数", "round": "第几次回访", "channel": "联系方式", "due_at": "应访时间", "deadline_at": "回访时限",
        "at": "联系时间", "completed_at": "完成时间", "failed_at": "结束时间", "callback_at": "约定回呼", "on_time": "按时",
        "own_code": "自定结果代码", "result_title": "结果名称",
        "callback_kept": "按约回呼", "expires_at": "邀请截止", "ended_at": "失效时间",
        "dissatisfied": "不满意", "corrected_at": "更正时间", "corrected_by": "更正人",
        "talk_seconds": "通话秒数", "wrap_up_seconds": "整理秒数",
        "reopened": "重新打开次数", "why": "重新打开的理由", "reopened_by": "重新打开人", "reopened_at": "重新打开时间",
    },
}  # fmt: skip

# the customer has a card of its own; codes say nothing to an agent
_HIDDEN = frozenset({
    "customer", "customer_id", "appellant", "as_written", "external_id", "currency", "event_id", "event_source",
    "event_type", "matters",
})  # fmt: skip
_IDS = frozenset({"case_id", "kind", "branch", "provisional"})
_HIDDEN_OF = {
    "complaint": _IDS | {"origin_id", "visit_id"},
    "customer": _IDS | {"visit_id", "task_id", "policy_id", "policy_version", "team", "agent"},
    "visit": _IDS
    | {
        "visit_id", "task_id", "policy_id", "policy_version", "attempt_id", "invitation_id", "team",
        "agent", "answers", "results", "score",
        "questionnaire", "questionnaire_version", "correction", "before",
    },
}  # fmt: skip

_WORDS: Names = {
    **CHANNELS, **SATISFACTION, **GRADES,
    "repaired": "已修好", "replaced": "已换新", "returned_to_factory": "返厂", "inspected_only": "仅检查",
    "sale": "销售", "service": "服务", "install": "安装", "rental": "租赁", "cancelled": "已取消",
    "completed": "已完成", "closed": "已办结", "closed_unresolved": "已办结（未解决）", "returned": "退回",
    "normal": "一般", "ordinary": "一般", "urgent": "紧急", "critical": "特急",
    "residential": "居民", "commercial": "商业", "industrial": "工业",
    "web": "网站", "app": "手机应用", "media": "媒体", "other": "其他",
    "partly": "部分解决", "yes": "已解决", "no": "未解决", "visit": "回访", "hotline": "12345 工单", "manual": "人工登记",
    "roof": "屋面", "wall": "外墙", "lump": "趸交", "instalment": "期交",
}  # fmt: skip
# a word that means another thing in this field
_WORDS_OF: Mapping[str, Names] = {
    "product.kind": {
        "ordinary": "普通型",
        "participating": "分红型",
        "universal": "万能型",
        "unit_linked": "投资连结型",
    },
    "result": ATTEMPT_RESULTS,
    "reason": {**REASONS, **WITHDRAWN, **ESCALATIONS},
    "outcome": CASE_OUTCOMES,
}


def names_in(event_type: str) -> Names:
    """The names of the fields of such a fact, by dotted path, in reading order."""
    return {**_NAMES, **_NAMES_OF.get(_family(event_type), {})}


def hidden_in(event_type: str) -> frozenset[str]:
    """The fields at the top of such a fact that say nothing to an agent."""
    return _HIDDEN | _HIDDEN_OF.get(_family(event_type), frozenset())


def word(path: str, text: str) -> str:
    """A word of the field in Chinese; any other text as it is."""
    return _WORDS_OF.get(path, {}).get(text) or _WORDS.get(text, text)


def _family(event_type: str) -> str:
    return event_type.partition(".")[0]
