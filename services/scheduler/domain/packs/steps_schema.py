"""The JSON Schema of a policy's steps: a step may say what its policy may, and when its turn comes."""

from typing import Any, get_args

from services.scheduler.domain.packs.how_file import NONE
from services.scheduler.domain.packs.steps_file import (
    MOST_REPETITIONS,
    STEP_FORM,
    WHEN,
    WHOLE_KEYS,
)
from services.scheduler.domain.packs.timing_file import DEADLINE_UNITS, DELAY_UNITS
from services.scheduler.domain.packs.words import EVENT_FORM, PATH_FORM
from services.scheduler.domain.policy import Again, Origin

Schema = dict[str, Any]
STEP, FALLBACK, HEED = "step", "fallback", "heed"
REF = "#/$defs/"


def run_properties() -> Schema:
    """What a policy with several steps has beside its other keys."""
    return {
        "steps": {"type": "array", "items": _ref(STEP), "minItems": 1, "description": "依次的步骤，每步一次联系"},
        "stop": _ref(HEED) | {"description": "发生后终止流程的事件"},
        "again": {"enum": [*get_args(Again)], "description": "流程进行中再次触发：并行、重来、忽略"},
    }


def definitions(policy: Schema, amount: Any) -> Schema:
    """The parts that `run_properties` refers to; `policy` are the properties of a policy, `amount` makes a duration."""
    none = {"const": NONE}
    own = {key: {"anyOf": [value, none]} for key, value in policy.items() if key not in WHOLE_KEYS}
    when = {"type": "array", "items": {"enum": [*WHEN]}, "minItems": 1, "description": "哪些结果之后换此渠道"}
    wait = _heed() | {"within": amount(DEADLINE_UNITS, "最多等多久")}
    times = {"type": "integer", "minimum": 2, "maximum": MOST_REPETITIONS, "description": "共几次"}
    step = {
        "id": {"type": "string", "pattern": f"^({STEP_FORM})$", "description": "步骤编号，策略内唯一"},
        "from": {"enum": [*get_args(Origin)], "description": "从事实、上一步的计划时间或上一步办成时算起"},
        "if": _ref("Condition")
        | {"description": "上一步的结果须满足的条件：result、reason、rating、score、answers.<题号> 等"},
        "wait": _object(wait, ["events", "within"], "等到事件发生才联系"),
        "repeat": _object({"every": amount(DELAY_UNITS, "相隔多久"), "times": times}, ["times"], "重复"),
        "fallback": {"type": "array", "items": _ref(FALLBACK), "description": "联系不上时换渠道，依次尝试"},
    }
    return {
        STEP: _object(own | step, ["id"], "一个步骤；没写的与策略相同，写 none 为不要策略的这一项"),
        FALLBACK: _object(own | {"channel": policy["channel"], "when": when}, ["channel"], "另一个渠道"),
        HEED: _object(_heed(), ["events"], "要听的事件"),
    }


def _heed() -> Schema:
    event = {"type": "string", "pattern": f"^({EVENT_FORM})$"}
    return {
        "events": {"type": "array", "items": event, "minItems": 1, "description": "事件名"},
        "condition": _ref("Condition"),
        "same": {"type": "string", "pattern": f"^({PATH_FORM})$", "description": "事件与流程须相同的字段，如 area"},
    }


def _object(properties: Schema, required: list[str], description: str) -> Schema:
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return schema | {"description": description}


def _ref(name: str) -> Schema:
    return {"$ref": REF + name}
