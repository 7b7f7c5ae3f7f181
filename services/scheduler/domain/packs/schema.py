"""The JSON Schema of a pack's YAML files, for completion in editors. `huifang pack check` knows more than it can say.

One schema serves `pack.yaml`, `organisation.yaml`, `policies/*.yaml`, `kinds/*.yaml` and `tests/*.yaml`: which one a file is
shows in its keys.
"""

from functools import cache
from typing import Any

from services.scheduler.domain.packs import contact
from services.scheduler.domain.packs.head import Head
from services.scheduler.domain.packs.kinds_file import KindsFile
from services.scheduler.domain.packs.organisation import OrganisationFile
from services.scheduler.domain.packs.policies import Policy, PolicyFile
from services.scheduler.domain.packs.scenario_file import TestsFile
from shared.conditions.declared import AllOf, AnyOf, Comparison, Count, Expression, Not
from shared.declared.english import Texts, reference_in_english
from shared.declared.model import Declared
from shared.declared.reference import reference
from shared.declared.schema import DIALECT, definitions
from shared.declared.words import NONE

Schema = dict[str, Any]
INTRODUCTION = """\
由 `python -m deploy.docs` 从代码生成，请勿手改。一个策略包有 `pack.yaml`（Head）、`organisation.yaml`（OrganisationFile）、
`policies/*.yaml`（PolicyFile，或最外层就是一条 Policy）、`kinds/*.yaml`（KindsFile）和 `tests/*.yaml`（TestsFile）。
条件是一棵树：AllOf、AnyOf、Not 之下是条件，叶子是 Comparison、Count 或 Expression。"""
FILES: dict[str, type[Declared]] = {
    "format": Head,
    "tests": TestsFile,
    "kinds": KindsFile,
    "organisation": OrganisationFile,
    "policies": PolicyFile,
}
MODELS: tuple[type[Declared], ...] = (*FILES.values(), AllOf, AnyOf, Not, Expression, Count, Comparison)
IN_ENGLISH = """\
Made by `python -m deploy.docs` from the declarations and `deploy/english.yaml`; do not edit. A pack has `pack.yaml` (Head),
`organisation.yaml` (OrganisationFile), `policies/*.yaml` (PolicyFile, or one Policy outermost), `kinds/*.yaml` (KindsFile) and
`tests/*.yaml` (TestsFile). A condition is a tree: AllOf, AnyOf and Not hold conditions; its leaves are Comparison, Count or
Expression."""


@cache
def pack_schema() -> Schema:
    """The schema as a JSON value."""
    known = definitions(*FILES.values(), Policy)
    own = {key: one for key, one in known["Policy"]["properties"].items() if key in contact.KEYS}
    for part in ("Step", "Fallback"):  # a step may say what its policy says, or that it does without
        anew = {key: {"anyOf": [one, {"const": NONE}]} for key, one in own.items()}
        known[part]["properties"] = anew | known[part]["properties"]
    whole: Schema = _ref(Policy)
    for key, model in reversed(FILES.items()):
        whole = {"if": {"required": [key]}, "then": _ref(model), "else": whole}
    return {"$schema": DIALECT, "title": "回访策略包的 YAML 文件", **whole, "$defs": known}


def pack_reference() -> str:
    """The reference of all keys of a pack, in Markdown."""
    return f"# 策略包的格式：每个文件的每个键\n\n[English](pack-format.en.md)\n\n{INTRODUCTION}\n\n{reference(MODELS)}"


def pack_reference_in_english(texts: Texts) -> str:
    """The same in English, with what these texts say of the keys."""
    head = f"# The format of a pack: every key of every file\n\n[中文](pack-format.md)\n\n{IN_ENGLISH}"
    return f"{head}\n\n{reference_in_english(MODELS, texts)}"


def _ref(model: type[Declared]) -> Schema:
    return {"$ref": f"#/$defs/{model.__name__}"}
