"""A policy pack: a folder with `pack.yaml` and `policies/*.yaml`, read into canonical policy contents.

A content is plain JSON with every default filled in; its hash tells versions apart, and `policy_of` builds the policy of it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

import orjson
import yaml

from services.scheduler.domain.caps import Cap
from services.scheduler.domain.policy import Policy, Trigger
from services.scheduler.domain.policy_file import Defaults, read_caps, read_policy, read_window
from services.scheduler.domain.section import Problem, Section
from services.scheduler.domain.windows import Deadline, Delay, Window
from shared.errors import InvalidInput

Content = dict[str, Any]
FORMAT = 1
PACK_FILE = "pack.yaml"
POLICIES = "policies/"
SUFFIXES = (".yaml", ".yml")
NAME_FORM = r"[a-z0-9][a-z0-9.-]{0,62}"


class PackInvalid(InvalidInput):
    """The pack has mistakes; `errors` lists them as {file, key, message}."""

    title = "策略包有误"
    code = "pack-invalid"

    def __init__(self, problems: list[Problem]) -> None:
        errors = [{"file": one.file, "key": one.key, "message": one.message} for one in problems]
        super().__init__("；".join(str(one) for one in problems[:5]), errors=errors)
        self.problems = problems


@dataclass(frozen=True)
class Draft:
    """A policy as its pack has it; `enabled` is only the state it starts in."""

    content: Content
    enabled: bool

    @property
    def id(self) -> str:
        return str(self.content["id"])

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical content."""
        return hashlib.sha256(orjson.dumps(self.content, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True)
class Pack:
    """A pack without mistakes."""

    name: str
    title: str
    drafts: tuple[Draft, ...] = field(default_factory=tuple)


def read_pack(files: Mapping[str, str], name: str = "") -> Pack:
    """Parse a pack's files (path → text). Raises PackInvalid with every mistake found."""
    problems: list[Problem] = []
    head = _parse(PACK_FILE, files[PACK_FILE], problems) if PACK_FILE in files else None
    if PACK_FILE not in files:
        problems.append(Problem(PACK_FILE, "", "缺少此文件，应写 format、name、title"))
    parsed = [_parse(path, files[path], problems) for path in _policy_files(files, problems)]
    if head is None:
        raise PackInvalid(problems)
    pack_name, title, defaults = _read_head(head)
    if name and pack_name and name != pack_name:
        head.problem("name", f"应与提交的名称 {name} 一致，现在是 {pack_name}")
    drafts = [draft for section in parsed if section for draft in _read_file(section, defaults)]
    _require_unique(drafts, head)
    if problems:
        raise PackInvalid(problems)
    return Pack(pack_name, title, tuple(drafts))


def policy_of(content: Content, version: int) -> Policy:
    """The policy of a canonical content."""
    c = content
    return Policy(
        id=c["id"],
        version=version,
        title=c["title"],
        trigger=Trigger(tuple(c["trigger"]["events"]), c["trigger"]["condition"]),
        window=_window_of(c["window"]),
        seed=c["seed"],
        rate=float(c["rate"]),
        delay=Delay(**c["delay"]),
        deadline=Deadline(**c["deadline"]) if c["deadline"] else None,
        caps=tuple(Cap(**cap) for cap in c["caps"]),
        participation=c["cap"],
        channel=c["channel"],
        questionnaire=c["questionnaire"],
        team=c["team"],
        priority=c["priority"],
        purpose=c["purpose"],
        round=c["round"],
        merge=c["merge"],
        guards=tuple(c["guards"]),
        clauses=tuple(c["clauses"]),
    )


def _window_of(content: Content) -> Window:
    frames = tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in content["frames"])
    return Window(frames, content["days"])


def _policy_files(files: Mapping[str, str], problems: list[Problem]) -> list[str]:
    """The paths in `policies/`; other folders of a pack belong to others, but a stray policy should not get lost."""
    found = []
    for path in sorted(set(files) - {PACK_FILE}):
        if path.startswith(POLICIES) and path.endswith(SUFFIXES):
            found.append(path)
        elif "/" not in path and path.endswith(SUFFIXES):
            problems.append(Problem(path, "", f"策略文件应放在 {POLICIES} 之下，如 {POLICIES}{path}"))
    return found


def _parse(path: str, text: str, problems: list[Problem]) -> Section | None:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"第 {mark.line + 1} 行第 {mark.column + 1} 列" if mark else ""
        problems.append(Problem(path, place, f"不是有效的 YAML（{getattr(error, 'problem', None) or '无法解析'}）"))
        return None
    if not isinstance(value, Mapping):
        problems.append(Problem(path, "", "应写成“键: 值”的形式"))
        return None
    return Section(path, value, problems)


def _read_head(head: Section) -> tuple[str, str, Defaults]:
    head.integer("format", FORMAT, FORMAT)
    name = head.text("name", form=NAME_FORM, say="小写字母、数字、点和连字符组成的名称")
    title = head.text("title", say="中文名称")
    seed = head.text("seed", default=name, say="抽样种子文字")
    caps = read_caps(head)
    window = read_window(head.section("window", "接触时段"))
    head.close()
    return name, title, Defaults(seed, caps, window)


def _read_file(section: Section, defaults: Defaults) -> list[Draft]:
    """A file holds one policy, or several under `policies`."""
    parts = [section]
    if section.has("policies"):
        parts = section.sections("policies", "一条策略")
        section.close()
    return [Draft(*read_policy(part, defaults)) for part in parts]


def _require_unique(drafts: list[Draft], head: Section) -> None:
    seen: set[str] = set()
    for draft in drafts:
        if draft.id in seen:
            head.problem("policies", f"策略编号 {draft.id} 出现了多次，每条策略须有自己的编号")
        seen.add(draft.id)
