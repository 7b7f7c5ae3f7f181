"""12345 fields: what they are called in pushes and in sheets, and how their values are read."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from services.gateway.domain.documents import Options
from services.gateway.domain.fitting import fitted
from services.gateway.domain.headers import Layout, plain
from services.gateway.domain.mapping import NotText, text_of
from services.gateway.domain.markup import plain_text
from services.gateway.domain.times import parse_time
from services.gateway.domain.words import FLAGS, TABLES, Words, meaning

# path → names used by senders; the first is the column in our own template
NAMES: Mapping[str, tuple[str, ...]] = {
    "case_no": (
        "工单编号",
        "工单号",
        "受理编号",
        "热线工单编号",
        "案件编号",
        "工单流水号",
        "hotlineNo",
        "caseNo",
        "orderNo",
    ),
    "platform_no": ("平台编号", "平台工单号", "平台工单编号", "platformNo"),
    "external_id": ("外部编号", "hotlineId", "externalId"),
    "title": ("工单标题", "标题", "诉求标题", "主题"),
    "content": ("诉求内容", "工单内容", "问题描述", "诉求描述", "反映内容", "内容"),
    "channel": ("诉求渠道", "受理渠道", "来源渠道", "诉求来源", "hotlineSource"),
    "category.code": ("诉求类型编码", "诉求分类编码", "categoryCode"),
    "category.name": ("诉求类型名称", "诉求类型", "诉求分类", "问题类型", "问题分类", "categoryName"),
    "appeal_kind": ("诉求性质", "诉求类别", "工单类型", "appealKind"),
    "urgency": ("紧急程度", "紧急级别"),
    "is_difficult": ("是否疑难", "疑难工单", "isDifficult"),
    "is_confidential": ("是否保密", "保密", "isConfidential"),
    "is_anonymous": ("是否匿名", "匿名", "isAnonymous"),
    "area.code": ("事发区域编码", "区域编码", "行政区划代码", "areaCode"),
    "area.name": ("事发区域", "所属区域", "区域", "所属区县", "areaName"),
    "location": ("事件发生地", "事发地点", "事发地"),
    "address": ("诉求详细地址", "详细地址", "诉求地址", "地址"),
    "appellant.name": ("求助人员", "诉求人", "来电人", "诉求人姓名", "联系人", "姓名", "appellantName"),
    "appellant.gender": ("性别", "诉求人性别"),
    "appellant.phone": (
        "求助号码",
        "联系电话",
        "来电号码",
        "联系方式",
        "手机号码",
        "手机",
        "电话",
        "appellantPhone",
        "诉求人电话",
        "诉求人手机",
        "诉求人联系电话",
        "诉求人联系方式",
        "来电人电话",
        "联系人电话",
        "联系人手机",
        "投诉人电话",
        "手机号",
        "电话号码",
        "联系号码",
        "联系手机",
    ),
    "accepted_at": ("受理时间", "来电时间", "登记时间", "创建时间", "acceptTime"),
    "assigned_at": ("区/市交办时间", "交办时间", "区交办时间", "市交办时间", "派单时间", "assignTime"),
    "deadline_at": ("办结期限", "办理期限", "截止时间", "办理时限", "deadline"),
    "closed_at": ("办结时间", "结案时间", "完成时间", "closeTime", "finishTime"),
    "updated_at": ("更新时间", "修改时间", "updateTime", "modified"),
    "host_dept.code": ("主办单位编码", "承办单位编码", "hostDeptCode"),
    "host_dept.name": ("主办单位", "承办单位", "办理单位", "主办部门", "hostDeptName"),
    "assist_depts": ("协办单位", "协办部门"),
    "handle_status": ("工单状态", "办理状态", "状态", "handleStatus"),
    "handle_result": ("处置结果", "办理答复", "办理结果", "答复内容", "处理结果", "handleResult"),
    "resolution_claim": ("是否解决", "承办单位自报是否解决", "问题是否解决", "解决情况", "resolved_claim"),
    "satisfaction": ("满意度", "满意情况", "诉求人满意度", "满意度评价", "是否满意", "评价结果"),
    "contacted": ("是否先行联系", "是否联系诉求人", "先行联系"),
    "extension_count": ("延期次数",),
    "urge_count": ("催办次数",),
    "redo_round": ("重办轮次", "重办次数", "发回次数"),
}
REQUIRED_COLUMNS = (
    "case_no",
    "content",
    "appeal_kind",
    "area.name",
    "closed_at",
    "host_dept.name",
    "handle_status",
    "handle_result",
)
_PATHS = {plain(name): path for path, names in NAMES.items() for name in (*names, path, path.replace(".", ""))}


@lru_cache(4096)
def path_of(name: str) -> str | None:
    """The canonical path a sender's name stands for."""
    return _PATHS.get(plain(name))


def layout_of(options: Options) -> Layout:
    """How the source's sheets are headed: like its pushes, so a mapped path goes by the sender's name alone, and what is
    constant needs no column.
    """
    ours = {name: path for name, path in _PATHS.items() if path not in options.fields}
    theirs = {plain(name): path for path, name in options.fields.items() if plain(name)}
    required = [
        (options.fields.get(path, NAMES[path][0]), (path, path.replace("name", "code")))
        for path in REQUIRED_COLUMNS
        if options.constants.keys().isdisjoint((path, path.replace("name", "code")))
    ]
    own = {plain(name): name for name in options.fields.values() if plain(name)}
    return Layout(ours | theirs, own, required, TIMES)


class Unreadable(ValueError):
    """A value that can't be what its field asks for; says why, in Chinese."""


_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_DIGITS = 15  # more than these no spreadsheet keeps


def _refuse_inexact(value: Any) -> None:
    if isinstance(value, float) and abs(value) >= 10**_DIGITS:
        raise Unreadable(f"长编号在表格中成了数字，{_DIGITS} 位以后的末几位已丢失，请把该列设为文本后重新导出")


def read_code(value: Any) -> str:
    """A number that is a name: kept as text, refused when a spreadsheet has already rounded it."""
    _refuse_inexact(value)
    text = text_of(value).removeprefix('="').removesuffix('"').strip("'\t ")
    if _SCIENTIFIC.fullmatch(text):
        raise Unreadable("编号被表格软件改成了科学计数法（如 3.30E+18），请把该列设为文本后重新导出")
    return text


def read_phones(value: Any) -> Any:
    """What a cell for phones holds, as it is: `shared.privacy.numbers` finds the numbers in it."""
    return [read_code(part) for part in value] if isinstance(value, list) else read_code(value)


def _count(value: Any) -> int:
    text = text_of(value)
    if not text.isdecimal() or len(text) > 6:
        raise Unreadable("应为不小于 0 的整数")
    return int(text)


def read_word(about: str, value: Any, own: Words) -> str:
    """What a sender's word means (`words.TABLES`). Raises Unreadable when nobody told."""
    if isinstance(value, bool):
        value = "是" if value else "否"
    table, word = TABLES[about], text_of(value)
    meant = meaning(table, own, word)
    if meant is None:
        raise Unreadable(f"「{word[:20]}」含义不明，可在来源设置中说明（{'、'.join(dict.fromkeys(table.values()))}）")
    return meant


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    meant = meaning(FLAGS, {}, text_of(value))
    if meant is None:
        raise Unreadable("应填 是 或 否")
    return meant == "yes"


_GENDERS = {"男": "M", "先生": "M", "男性": "M", "女": "F", "女士": "F", "小姐": "F", "女性": "F"}


def _gender(value: Any) -> str:
    text = text_of(value)
    return _GENDERS.get(text, text)


def _prose(value: Any) -> str:
    return plain_text(text_of(value))


def _depts(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    names = [name for name in re.split(r"[,，;；、\s]+", text_of(value)) if name]
    return [{"code": fitted(name, 64), "name": name} for name in names]


READERS: Mapping[str, Callable[[Any], Any]] = {
    "case_no": read_code,
    "platform_no": read_code,
    "external_id": read_code,
    "title": _prose,
    "content": _prose,
    "category.code": read_code,
    "is_difficult": _flag,
    "is_confidential": _flag,
    "is_anonymous": _flag,
    "area.code": read_code,
    "appellant.gender": _gender,
    "appellant.phone": read_phones,
    "host_dept.code": read_code,
    "assist_depts": _depts,
    "handle_result": _prose,
    "location": _prose,
    "address": _prose,
    "contacted": _flag,
    "extension_count": _count,
    "urge_count": _count,
    "redo_round": _count,
}
_LISTS = ("appellant.phone", "assist_depts")
TIMES = ("accepted_at", "assigned_at", "deadline_at", "closed_at", "updated_at")
# path → what a source's own words for it are called (`words.TABLES`)
WORDS = {
    "handle_status": "state",
    "urgency": "urgency",
    "channel": "channel",
    "resolution_claim": "resolved",
    "satisfaction": "satisfaction",
    "appeal_kind": "kind",
}
# a value that can't be read refuses nothing here: it is kept as it was written, and noted
TOLERANT = frozenset(
    {"urgency", "channel", "resolution_claim", "satisfaction", "is_difficult", "is_confidential", "is_anonymous"}
    | {
        "contacted",
        "extension_count",
        "urge_count",
        "redo_round",
        "accepted_at",
        "assigned_at",
        "deadline_at",
        "updated_at",
    }
)
# a remark nobody understands must not lead to a call that the citizen wanted nobody to make
CAUTIOUS = frozenset({"is_confidential", "is_anonymous"})


def read_value(path: str, value: Any, options: Options) -> Any:
    """A sender's value as ours. Raises Unreadable."""
    if isinstance(value, dict) or (isinstance(value, list) and path not in _LISTS):
        raise Unreadable(NotText.reason)
    _refuse_inexact(value)
    if path in TIMES:
        moment = parse_time(value, options.zone)
        if moment is None:
            raise Unreadable("无法识别的时间，应如 2026-11-20 18:32:07")
        return moment.astimezone(options.zone).isoformat()
    try:
        if about := WORDS.get(path):
            return read_word(about, value, options.own(about))
        reader: Callable[[Any], Any] = READERS.get(path, text_of)
        return reader(value)
    except NotText as error:
        raise Unreadable(NotText.reason) from error
