"""The source document beside a call: what a fact says, as lines with Chinese names."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from shared.contracts.common import Matter
from shared.privacy import Sealer
from shared.zone import ORG_ZONE

# names of the declared facts' fields; what a pack's own kind calls otherwise is shown under its own name
NAMES = {
    "order_no": "订单号", "work_order_no": "工单号", "case_no": "工单编号", "platform_no": "平台编号", "account_no": "账号",
    "project_no": "项目号", "alarm_no": "告警号", "order_type": "订单类型", "result": "处理结果", "status": "状态",
    "completed_at": "完成时间", "closed_at": "办结时间", "done_at": "完成时间", "opened_at": "开户时间",
    "reached_at": "到达时间",
    "appointed_at": "约定上门", "arrived_at": "实际上门", "accepted_at": "受理时间", "assigned_at": "派发时间",
    "deadline_at": "办理期限", "amount": "金额", "fee.amount": "收费", "fee.paid": "已付", "is_rework": "返修",
    "product.category": "产品", "product.model": "型号", "product.sn": "序列号", "product.in_warranty": "保修期内",
    "product.purchase_date": "购买日期", "fault.code": "故障代码", "fault.description": "故障", "measures": "处理",
    "engineer.name": "师傅", "worker.name": "作业人", "salesperson.name": "业务员", "provider.name": "服务单位",
    "org.name": "所属单位", "service_address": "地址", "address": "地址", "delivery.address": "送货地址", "location": "地点",
    "title": "标题", "content": "诉求", "handle_result": "办理结果", "handle_status": "办理状态", "host_dept.name": "承办单位",
    "appeal_kind": "诉求类型", "category.name": "诉求类别", "area.name": "区域", "urgency": "紧急程度", "reading": "读数",
    "stage": "阶段", "hazards": "隐患", "redo_round": "重办次数", "urge_count": "催办次数", "user_kind": "用户类型",
    "length_m": "管长（米）", "preferred_times": "方便时间",
}  # fmt: skip
WORDS = {
    "repaired": "已修好", "replaced": "已换新", "returned_to_factory": "返厂", "inspected_only": "仅检查",
    "sale": "销售", "service": "服务", "install": "安装", "rental": "租赁", "cancelled": "已取消",
    "completed": "已完成", "closed": "已办结",
    "closed_unresolved": "已办结（未解决）", "returned": "退回", "normal": "一般", "urgent": "紧急", "critical": "特急",
    "residential": "居民", "commercial": "商业", "industrial": "工业",
}  # fmt: skip
# the customer has a card of its own; codes say nothing to an agent
HIDDEN = ("customer", "appellant", "as_written", "external_id", "currency")
LONGEST = 400


def document_lines(matter: Matter, sealer: Sealer) -> list[tuple[str, str]]:
    """(name, value) of what the fact says, phones masked, in the order of `NAMES`, then what it does not know."""
    told = dict(_values(sealer.masked_tree(dict(matter.facts)), ""))
    known = [(NAMES[path], told[path]) for path in NAMES if path in told]
    return known + [(path, value) for path, value in told.items() if path not in NAMES and not path.endswith("code")]


def _values(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if path or name not in HIDDEN:
                yield from _values(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        texts = [str(item) for item in value if not isinstance(item, Mapping | list)]
        if texts:
            yield path, "、".join(texts)
    elif value not in (None, ""):
        yield path, _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    text = WORDS.get(str(value), str(value))
    try:
        at = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        at = None
    return f"{at.astimezone(ORG_ZONE):%m-%d %H:%M}" if at and at.tzinfo else text[:LONGEST]
