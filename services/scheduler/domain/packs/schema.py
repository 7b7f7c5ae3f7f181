"""The JSON Schema of a pack's YAML files, for completion in editors. `huifang pack check` knows more than it can say.

Made of the same forms and word lists that reading uses. One schema serves `pack.yaml`, `policies/*.yaml`, `kinds/*.yaml`
and `tests/*.yaml`: which one a file is shows in its keys.
"""

from collections.abc import Sequence
from typing import Any, get_args

from services.scheduler.domain.packs.conditions import Condition
from services.scheduler.domain.packs.kinds_file import KIND_FORM
from services.scheduler.domain.packs.organisation_file import MOST_AGENTS
from services.scheduler.domain.packs.pack import FORMAT, NAME_FORM
from services.scheduler.domain.packs.policy_file import BEGINNING_FORM, ID_FORM, MOST_DAYS_APART
from services.scheduler.domain.packs.restraints import Cap, Pause
from services.scheduler.domain.packs.scenario_file import CASE_STEPS, NONE, OPT_OUTS, REASONS, RESULTS
from services.scheduler.domain.packs.steps_schema import definitions, run_properties
from services.scheduler.domain.packs.time_schema import time_schemas
from services.scheduler.domain.packs.timing_file import (
    CODE_FORM,
    DAY_KINDS,
    DEADLINE_UNITS,
    DELAY_UNITS,
    FRAME_FORM,
    MOST_OF,
    TIME_FORM,
    WARN_UNITS,
)
from services.scheduler.domain.packs.whom_file import KINDS as PERIODS
from services.scheduler.domain.packs.whom_file import MOST, MOST_FIELDS
from services.scheduler.domain.packs.words import EVENT_FORM, PATH_FORM
from services.scheduler.domain.policy import Participation, Purpose
from services.scheduler.domain.restraint.guards import GUARDS, Action
from services.scheduler.domain.simulation.scenario import DrawMode
from services.scheduler.domain.task import TaskState
from services.scheduler.domain.when.recurrence import WEEKDAYS
from shared.contracts.common import Channel
from shared.contracts.registry import all_contracts
from shared.declared.schema import definitions as declared

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
MOMENT = {"type": "string", "examples": ["2026-03-06 15:00"], "description": "当地时间，精确到分"}
DAY_FORM = r"^\d{4}-\d{2}-\d{2}$"
PERCENT = {"type": "number", "exclusiveMinimum": 0, "maximum": 100}


def pack_schema() -> Schema:
    """The schema as a JSON value."""
    return {
        "$schema": DIALECT,
        "title": "回访策略包的 YAML 文件",
        "if": {"required": ["format"]},
        "then": {"$ref": "#/$defs/pack"},
        "else": {
            "if": {"required": ["tests"]},
            "then": {"$ref": "#/$defs/tests"},
            "else": {
                "if": {"required": ["kinds"]},
                "then": _ref("kinds"),
                "else": {
                    "if": {"required": ["organisation"]},
                    "then": _ref("organisation"),
                    "else": {"if": {"required": ["policies"]}, "then": _ref("policies"), "else": _ref("policy")},
                },
            },
        },
        "$defs": {
            "pack": _pack(),
            "policies": _object({"policies": _list(_ref("policy"))}, ["policies"]),
            "policy": _policy(),
            **definitions(_policy()["properties"], _amount),
            "kinds": _object({"kinds": _filled(_ref("kind"), "包自己的事件种类")}, ["kinds"]),
            "kind": _kind(),
            "window": _window({}, "接触时段"),
            "way_window": _window(_ways(), "一类联系的时段"),
            "calendar": _calendar(),
            "blackout": _blackout(),
            **declared(Cap, Pause),
            "Condition": {"anyOf": [_ref(one.__name__) for one in get_args(Condition)]},
            "organisation": _organisation(),
            "unit": _unit(),
            "tests": _object({"tests": _list(_ref("test"))}, ["tests"]),
            "test": _test(),
            "given": _given(),
            "expect": _expect(),
            "expect_not": _expect_not(),
        },
    }


def _pack() -> Schema:
    properties = {
        "format": {"const": FORMAT, "description": "格式版本"},
        "name": _form(NAME_FORM, "名称，与目录同名"),
        "title": _text("中文名称"),
        "seed": _text("抽样种子，默认与 name 相同；改动后抽中的人不同"),
        "window": _ref("window"),
        "windows": _list(_ref("way_window"), "按渠道、用途各有时段"),
        "calendars": {"type": "object", "additionalProperties": _ref("calendar"), "description": "日历编号与内容"},
        "blackouts": _list(_ref("blackout"), "停访期：不安排联系的日子"),
        "caps": _list(_ref("Cap"), "一位客户一段时间内最多联系几次，各策略合计"),
        "pauses": _list(_ref("Pause"), "客户不满之后，多少小时内不联系"),
    }
    return _object(properties, ["format", "name", "title"])


def _policy() -> Schema:
    properties = {
        "id": _form(ID_FORM, "策略编号，包内唯一"),
        "title": _text("中文名称"),
        "clauses": _filled({"type": "string"}, "条款编号"),
        "trigger": _trigger(),
        "rate": {
            "anyOf": [{"const": "all"}, PERCENT, _drawing("exact", PERCENT), _drawing("number", _integer(1, MOST))],
            "description": "回访多少：all 为全部；百分比为逐件抽取；exact、number 为期间结束后从总量中抽取",
        },
        "delay": _amount(DELAY_UNITS, "最早多久之后联系；days: 1 为次日起"),
        "target": _amount(DELAY_UNITS, "最好多久之后联系；在最早与时限之间时，从此时起联系"),
        "quota": _object(
            {"limit": _integer(1, MOST, "最多几次"), "per": _one_of(PERIODS, "期间"), "by": _strata()},
            ["limit", "per"],
            "一段期间的事实最多计划几次联系",
        ),
        "ceiling": _object({"per_day": _integer(1, MOST, "每天最多几次")}, ["per_day"], "每天最多联系几次，多出的顺延"),
        "deadline": _deadline(),
        "warn": _amount(WARN_UNITS, "时限之前多久提醒"),
        "window": _ref("window"),
        "cap": _one_of(
            get_args(Participation), "频次上限：counted 计入且受限；unblocked 计入不受限；exempt 不计入不受限"
        ),
        "channel": _one_of(get_args(Channel), "渠道"),
        "questionnaire": _chosen("问卷编号，或按事实选择"),
        "team": _chosen("班组编号，或按事实选择", _object({"role": _text("班组的角色")}, ["role"])),
        "teams": _filled({"type": "string"}, "班组不独立时可替换的班组，按顺序"),
        "independent": {
            "anyOf": [{"type": "boolean"}, _filled({"type": "string"})],
            "description": "回访不由作业的班组或单位进行；列表为说明作业方的数据字段",
        },
        "never_alone": _filled({"type": "string"}, "不得单独上门的角色"),
        "priority": _integer(1, 9, "优先级，1 最高"),
        "purpose": _one_of(get_args(Purpose), "用途：回访、关怀、告知"),
        "round": _integer(1, 9, "轮次，2 为二次回访"),
        "merge": _merge(),
        "guards": _filled(_guard(), "下达前的检查：未通过则取消；写成 {名称: defer} 则推迟"),
        "enabled": {"type": "boolean", "description": "首次应用时是否启用"},
        "valid_from": _form(BEGINNING_FORM, "从何时的事实起生效：一天，或 2026-12-01 08:00 这样的时间"),
        **run_properties(),
    }
    return _object(properties, ["id", "title", "trigger", "rate"])


def _kind() -> Schema:
    properties = {
        "event": _form(KIND_FORM, "事件名，如 tenant.moved_in；策略与发送方都用它"),
        "title": _text("中文名称"),
        "schema": {"$ref": DIALECT, "description": "事件数据的 JSON Schema"},
    }
    return _object(properties, ["event", "title", "schema"])


def _drawing(key: str, much: Schema) -> Schema:
    properties = {
        key: much | {"description": "总量的百分之几" if key == "exact" else "多少件"},
        "of": _one_of(PERIODS, "哪段期间的总量"),
        "by": _strata(),
        "minimum": _integer(0, MOST, "每层至少几件"),
        "reserve": _integer(0, MOST, "每层备选几件"),
        "closes": _one_of(WEEKDAYS, "of 为 week 时，一周在此日零时截止"),
    }
    return _object(properties, [key, "of"])


def _strata() -> Schema:
    field = {"type": "string", "pattern": _whole(PATH_FORM), "examples": ["branch", "kind", "product.category"]}
    return _filled(field, "分层字段") | {"maxItems": MOST_FIELDS, "uniqueItems": True}


def _merge() -> Schema:
    days = _object({"days": _integer(0, MOST_DAYS_APART, "天数")}, ["days"])
    near = _object({"within": days}, ["within"], "只与相距不超过这些天的事项合并")
    return {"anyOf": [{"type": "boolean"}, near], "description": "是否可与同一客户的其他事项合并为一次联系"}


def _chosen(description: str, *others: Schema) -> Schema:
    code = _form(CODE_FORM, "编号")
    cases = {"type": "object", "additionalProperties": code, "minProperties": 1, "description": "值与编号"}
    by_fact = _object(
        {"by": _text("数据字段路径；kind 为业务种类"), "cases": cases, "otherwise": code}, ["by", "cases"]
    )
    return {"anyOf": [code, by_fact, *others], "description": description}


def _organisation() -> Schema:
    team = {
        "code": _form(CODE_FORM, "编号"),
        "title": _text("中文名称"),
        "unit": _text("所属单位"),
        "role": _form(CODE_FORM, "角色"),
        "agents": _integer(0, MOST_AGENTS, "坐席数"),
    }
    teams = _list(_object(team, ["code", "title", "unit"]), "班组")
    return _object({"organisation": _ref("unit"), "teams": teams}, ["organisation"], "组织")


def _unit() -> Schema:
    unit = {
        "code": _form(CODE_FORM, "编号"),
        "title": _text("中文名称"),
        "tier": _form(CODE_FORM, "层级"),
        "calendar": _form(CODE_FORM, "本单位及下级单位的日历编号，见 pack.yaml 的 calendars"),
        "children": _list(_ref("unit"), "下级单位"),
    }
    return _object(unit, ["code", "title"])


def _guard() -> Schema:
    actions = {name: _one_of(get_args(Action), "取消，或推迟到下一个可联系的日子") for name in GUARDS}
    return {"anyOf": [{"enum": [*GUARDS]}, _object(actions, []) | {"minProperties": 1, "maxProperties": 1}]}


def _trigger() -> Schema:
    condition = {"condition": _ref("Condition")}
    return {
        "anyOf": [
            _object({"events": _events(), **condition}, ["events"], "哪些事件触发"),
            *(form | {"properties": form["properties"] | condition} for form in time_schemas()),
        ]
    }


def _events() -> Schema:
    known = [contract.name for contract in all_contracts()]
    event = {"anyOf": [{"enum": ["*", *known]}, {"type": "string", "pattern": _whole(rf"\*|{EVENT_FORM}")}]}
    return _filled(event, "事件名；* 表示所有事件")


def _window(more: Schema, description: str) -> Schema:
    properties = {
        "days": _one_of(DAY_KINDS, "只在工作日（含调休），或每天"),
        "weekdays": _filled({"enum": [*WEEKDAYS]}, "只在星期几"),
        "frames": _frames(),
        "calendar": _form(CODE_FORM, "日历编号，见 pack.yaml 的 calendars"),
    }
    return _object(more | properties, [], description)


def _ways() -> Schema:
    return {"channel": _one_of(get_args(Channel), "渠道"), "purpose": _one_of(get_args(Purpose), "用途")}


def _frames() -> Schema:
    return _filled(
        {"type": "string", "pattern": _whole(FRAME_FORM), "examples": ["09:00-12:00"]}, "一天中的时段，按先后"
    )


def _calendar() -> Schema:
    days = {
        "type": "object",
        "patternProperties": {DAY_FORM: {"enum": ["on", "off", True, False]}},
        "additionalProperties": False,
        "description": "与官方日历不同的日子：on 上班，off 休息",
    }
    return _object({"frames": _frames(), "days": days}, [], "日历")


def _blackout() -> Schema:
    day = {"type": "string", "pattern": DAY_FORM, "examples": ["2026-02-14"]}
    properties = {
        "from": {**day, "description": "首日"},
        "to": {**day, "description": "末日"},
        "branches": _filled({"type": "string"}, "停访的分公司；不写为全部"),
    }
    return _object(properties, ["from", "to"], "停访期")


def _test() -> Schema:
    properties = {
        "name": _text("测试的名称"),
        "clause": _text("条款编号"),
        "draw": _one_of(get_args(DrawMode), "百分比：全部抽中、全不抽中、按真实抽样号"),
        "policies": _list(_text("策略编号"), "只核对这些策略的任务，默认全部"),
        "given": _filled(_ref("given"), "依次发生的事"),
        "until": {**MOMENT, "description": "时间再走到此刻"},
        "expect": _list(_ref("expect"), "应有的任务"),
        "expect_not": _list(_ref("expect_not"), "不应有的任务"),
    }
    return _object(properties, ["name", "given"])


def _given() -> Schema:
    kinds = {
        "fact": _text("事件名"),
        "contact": _one_of(RESULTS, "联系的结果"),
        "opt_out": _one_of(OPT_OUTS, "退订的渠道"),
        "case": _one_of(CASE_STEPS, "投诉的变化"),
    }
    properties = {
        **kinds,
        "id": _text("编号"),
        "at": MOMENT,
        "heard": {**MOMENT, "description": "迟到的事实：平台收到的时间，默认与 at 相同"},
        "customer": {"type": ["string", "object"], "description": "客户编号或客户资料，默认 C1"},
        "about": _text("联系的是哪件事；投诉的编号"),
        "step": _text("哪一步的联系，有几步同时已下达时写"),
        "data": {"type": "object", "description": "事实的数据；联系的评分（rating）、答案（answers）等"},
    }
    return _object(properties, ["at"]) | {"oneOf": [{"required": [kind]} for kind in kinds]}


def _expect() -> Schema:
    properties = {
        "fact": _text("given 中一件事的编号，只有一件时可省"),
        "day": {"type": "string", "pattern": DAY_FORM, "description": "时间触发的：时机到来的日期"},
        "customer": _text("与 day 合用，客户编号，默认 C1"),
        "policy": _text("策略编号"),
        "step": _text("步骤编号"),
        "due": MOMENT,
        "deadline": {"anyOf": [MOMENT, {"const": NONE}]},
        "warn": {"anyOf": [MOMENT, {"const": NONE}], "description": "提醒将到期的时间"},
        "provisional": {"type": "boolean", "description": "是否因放假安排尚未公布而暂定"},
        "channel": _one_of(get_args(Channel), "渠道"),
        "team": _text("班组"),
        "questionnaire": _text("问卷编号"),
        "state": _one_of(get_args(TaskState), "状态"),
        "reason": _text("状态的原因"),
        "priority": _integer(1, 9, "优先级"),
        "purpose": _one_of(get_args(Purpose), "用途"),
        "round": _integer(1, 9, "轮次"),
        "combined": _list({"type": "string"}, "并入的策略，按顺序"),
        "matters": _list({"type": "string"}, "联系要谈的事实，按顺序"),
    }
    return _object(properties, ["policy"])


def _expect_not() -> Schema:
    properties = {
        "fact": _text("given 中一件事的编号，只有一件时可省"),
        "day": {"type": "string", "pattern": DAY_FORM, "description": "时间触发的：时机到来的日期"},
        "customer": _text("与 day 合用，客户编号，默认 C1"),
        "policy": _text("策略编号；不写则看整个决定"),
        "reason": _one_of(REASONS, "为什么没有"),
    }
    return _object(properties, ["reason"])


def _object(properties: Schema, required: Sequence[str], description: str = "") -> Schema:
    schema = {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}
    return schema | ({"description": description} if description else {})


def _amount(units: Sequence[str], description: str) -> Schema:
    """Exactly one unit."""
    properties = {unit: {"type": "integer", "minimum": 0, "maximum": MOST_OF.get(unit, 10_000)} for unit in units}
    return _object(properties, [], description) | {"minProperties": 1, "maxProperties": 1}


def _deadline() -> Schema:
    """Exactly one unit; working days may end at a time of their own."""
    schema = _amount(DEADLINE_UNITS, "事实发生后多久之内联系；工作日到最后一天联系时段结束为止")
    at = _form(TIME_FORM, "工作日时限在最后一天的几点为止，默认联系时段结束时")
    by_time = _object({"working_days": schema["properties"]["working_days"], "at": at}, ["working_days", "at"])
    return {"anyOf": [schema, by_time], "description": schema["description"]}


def _list(items: Schema, description: str = "") -> Schema:
    schema: Schema = {"type": "array", "items": items}
    return schema | ({"description": description} if description else {})


def _filled(items: Schema, description: str = "") -> Schema:
    return _list(items, description) | {"minItems": 1}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _form(form: str, description: str) -> Schema:
    return {"type": "string", "pattern": _whole(form), "description": description}


def _whole(form: str) -> str:
    return f"^({form})$"


def _one_of(options: Sequence[str], description: str) -> Schema:
    return {"enum": [*options], "description": description}


def _integer(low: int, high: int, description: str = "") -> Schema:
    schema: Schema = {"type": "integer", "minimum": low, "maximum": high}
    return schema | ({"description": description} if description else {})
