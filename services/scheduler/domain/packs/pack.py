"""A policy pack: a folder with `pack.yaml` and `policies/*.yaml`, read into canonical policy contents.

A content is plain JSON with every default filled in; its hash tells versions apart, and `policy_of` builds the policy of it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from services.scheduler.domain.how import how_of
from services.scheduler.domain.kinds import Kind
from services.scheduler.domain.ledger.caps import PARTS, Cap
from services.scheduler.domain.organisation import Organisation, recalled
from services.scheduler.domain.packs.document import KINDS, ORGANISATION, PACK_FILE, POLICIES, SUFFIXES, parse
from services.scheduler.domain.packs.head import Defaults, Head, defaults_of
from services.scheduler.domain.packs.kinds_file import read_kinds
from services.scheduler.domain.packs.limits import (
    MOST_POLICIES,
    MOST_SCHEMA_PARTS,
    MOST_WORK,
    parts_of,
    size_problems,
    work_of,
)
from services.scheduler.domain.packs.named_conditions import with_named
from services.scheduler.domain.packs.organisation import read_organisation
from services.scheduler.domain.packs.policies import Policy as DeclaredPolicy
from services.scheduler.domain.packs.policies import PolicyFile
from services.scheduler.domain.packs.timing import window_of
from services.scheduler.domain.packs.triggers import time_of
from services.scheduler.domain.policy import Pause, Policy, Trigger
from services.scheduler.domain.steps.chain import chain_of
from services.scheduler.domain.when.amounts import Warn, deadline_of, delay_of
from services.scheduler.domain.whom.selection import whom_of
from shared.calendar import OFFICIAL, WorkCalendar
from shared.declared.model import read
from shared.declared.section import ContentInvalid, Problem, Section, meant

Content = dict[str, Any]


class PackInvalid(ContentInvalid):
    title = "策略包有误"
    code = "pack-invalid"


@dataclass(frozen=True)
class Draft:
    """A policy as its pack has it; `enabled` is only the state it starts in, `valid_from` when it begins to decide."""

    content: Content
    enabled: bool
    valid_from: datetime | None = None

    @property
    def id(self) -> str:
        return str(self.content["id"])

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical content."""
        return hashlib.sha256(orjson.dumps(self.content, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True)
class Pack:
    """A pack without mistakes; `calendar` is the official one, with the years that are known."""

    name: str
    title: str
    drafts: tuple[Draft, ...] = field(default_factory=tuple)
    kinds: tuple[Kind, ...] = ()
    organisation: Organisation = field(default_factory=Organisation)
    calendar: WorkCalendar = OFFICIAL

    @property
    def policies(self) -> list[Policy]:
        """The policies that a platform without any would run, each as version 1."""
        enabled = [draft for draft in self.drafts if draft.enabled]
        return [policy_of(draft.content, 1, self.calendar, draft.valid_from) for draft in enabled]


@dataclass
class Reading:
    """A pack as far as it could be read: its policies with where they stand, and every mistake."""

    pack: Pack = field(default_factory=lambda: Pack("", ""))
    policies: list[tuple[Section, Draft]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    head: Section | None = None
    organisation: Organisation | None = None


def read_pack(files: Mapping[str, str], name: str = "") -> Pack:
    """Parse a pack's files (path → text). Raises PackInvalid with every mistake found."""
    reading = read_parts(files, name)
    if wrong := [problem for problem in reading.problems if not problem.warning]:
        raise PackInvalid(wrong)
    return reading.pack


def read_parts(files: Mapping[str, str], name: str = "") -> Reading:
    """Parse a pack's files as far as possible."""
    reading = Reading()
    problems = reading.problems
    problems += size_problems(files)
    if problems:
        return reading
    head = parse(PACK_FILE, files[PACK_FILE], problems) if PACK_FILE in files else None
    if PACK_FILE not in files:
        problems.append(Problem(PACK_FILE, "", "缺少此文件，应写 format、name、title"))
    parsed = [parse(path, files[path], problems) for path in _policy_files(files, problems)]
    if head is None:
        return reading
    parsed = [section and with_named(section, head) for section in parsed]
    head = with_named(head, head)
    reading.head = head
    declared = read(Head, head)
    defaults = defaults_of(declared)
    if name and declared.name and name != declared.name:
        head.problem("name", f"应与提交的名称 {name} 一致，现在是 {declared.name}")
    reading.organisation = _read_organisation(files, problems, defaults.timing.calendars)
    if reading.organisation:
        defaults = defaults.for_units(reading.organisation.calendars())
    _read_policies([section for section in parsed if section], defaults, reading)
    organisation = reading.organisation or Organisation()
    for _, draft in reading.policies:
        _enclose(draft.content, organisation)
    drafts = tuple(draft for _, draft in reading.policies)
    kinds = tuple(_read_kinds(files, problems))
    reading.pack = Pack(declared.name, declared.title, drafts, kinds, organisation)
    return reading


def _read_policies(files: list[Section], defaults: Defaults, reading: Reading) -> None:
    if (work := sum(work_of(file.values) for file in files)) > MOST_WORK:
        say = f"策略太多太长：步骤、渠道、条件合计最多 {MOST_WORK} 项，现在有 {work} 项；请分成几个包"
        reading.problems.append(Problem(POLICIES, "", say))
        return
    reading.policies = [policy for file in files for policy in _read_file(file, defaults)]
    _require_unique(reading.policies)
    _require_policies(reading)


def _read_organisation(files: Mapping[str, str], problems: list[Problem], calendars: Content) -> Organisation | None:
    section = parse(ORGANISATION, files[ORGANISATION], problems) if ORGANISATION in files else None
    return read_organisation(section, calendars) if section else None


def _enclose(content: Content, organisation: Organisation) -> None:
    """Let a version say by itself what it needs of the organisation, so that it stays what it is."""
    steps = content.get("steps", ())
    ways = [content, *(step["how"] for step in steps), *(way["how"] for step in steps for way in step["fallback"])]
    if any("choose" in way for way in ways) or any("tiers" in cap for cap in content["caps"]):
        content["organisation"] = organisation.recorded()


def _read_kinds(files: Mapping[str, str], problems: list[Problem]) -> list[Kind]:
    paths = [path for path in sorted(files) if path.startswith(KINDS) and path.endswith(SUFFIXES)]
    sections = [section for path in paths if (section := parse(path, files[path], problems))]
    if (parts := sum(parts_of(section.values) for section in sections)) > MOST_SCHEMA_PARTS:
        say = f"各 schema 合计最多 {MOST_SCHEMA_PARTS} 个值，现在有 {parts} 个；请只写策略用到的字段"
        problems.append(Problem(KINDS, "", say))
        return []
    return read_kinds(sections)


def policy_of(
    content: Content,
    version: int,
    calendar: WorkCalendar = OFFICIAL,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> Policy:
    """The policy of a canonical content, on the official calendar as it is known."""
    c = content
    organisation = recalled(c["organisation"]) if "organisation" in c else Organisation()
    return Policy(
        id=c["id"],
        version=version,
        title=c["title"],
        trigger=_trigger_of(c["trigger"]),
        window=window_of(c, calendar),
        seed=c["seed"],
        **whom_of(c),
        delay=delay_of(c["delay"]),
        target=delay_of(c["target"]) if "target" in c else None,
        deadline=deadline_of(c["deadline"], "base" in c) if c["deadline"] else None,
        base=tuple(c["base"].split(".")) if isinstance(c.get("base"), str) else (),
        base_festivals=tuple(c["base"]["festivals"]) if isinstance(c.get("base"), dict) else (),
        warn=Warn(**c["warn"]) if "warn" in c else None,
        caps=tuple(_cap_of(cap) for cap in c["caps"]),
        pauses=tuple(Pause(tuple(one["on"]), one["hours"], one["condition"]) for one in c.get("pauses", ())),
        participation=c["cap"],
        channel=c["channel"],
        questionnaire=c["questionnaire"],
        team=c["team"],
        tier=organisation.tier_of(c["team"]),
        how=how_of(c["choose"], organisation) if "choose" in c else None,
        never_alone=tuple(c.get("never_alone", ())),
        priority=c["priority"],
        purpose=c["purpose"],
        round=c["round"],
        merge=c["merge"],
        merge_within=c.get("merge_within"),
        guards=tuple(c["guards"]),
        defers=tuple(c.get("defers", ())),
        clauses=tuple(c["clauses"]),
        valid_from=valid_from,
        valid_until=valid_until,
        chain=chain_of(c, partial(policy_of, version=version, calendar=calendar)),
    )


def _trigger_of(content: Content) -> Trigger:
    by_time = time_of(content["time"]) if "time" in content else None
    return Trigger(tuple(content["events"]), content["condition"], by_time)


def _cap_of(content: Content) -> Cap:
    return Cap(**content | {name: tuple(content.get(name, ())) for name in PARTS})


def _policy_files(files: Mapping[str, str], problems: list[Problem]) -> list[str]:
    """The paths in `policies/`; other folders of a pack belong to others, but a stray policy should not get lost."""
    found = []
    for path in sorted(set(files) - {PACK_FILE, ORGANISATION}):
        if path.startswith(POLICIES) and path.endswith(SUFFIXES):
            found.append(path)
        elif "/" not in path and path.endswith(SUFFIXES):
            stem = path.rpartition(".")[0].lower()
            other = next((name for name in (PACK_FILE, ORGANISATION) if meant(stem, [name.partition(".")[0]])), "")
            hint = f"，是否应为 {other}？" if other else f"；策略请放在 {POLICIES} 之下，如 {POLICIES}{path}"
            problems.append(Problem(path, "", f"没有人读此文件{hint}"))
    return found


def _read_file(section: Section, defaults: Defaults) -> list[tuple[Section, Draft]]:
    """A file holds one policy, or several under `policies`."""
    if section.values.keys() & {"id", "title", "trigger", "rate"}:
        policies = [read(DeclaredPolicy, section)]
    else:
        policies = read(PolicyFile, section).policies
    return [(one.place, Draft(one.content(defaults), one.enabled, one.valid_from)) for one in policies]


def _require_policies(reading: Reading) -> None:
    """A pack without any would, when it is published, retire whatever it had before."""
    if not reading.policies and not reading.problems:
        say = "没有策略：发布它会废止此包原有的全部策略。请在此目录下写至少一条；要废止策略请用 policy retire"
        reading.problems.append(Problem(POLICIES, "", say))
    if len(reading.policies) > MOST_POLICIES:
        say = f"策略包最多 {MOST_POLICIES} 条策略，现在有 {len(reading.policies)} 条；请分成几个包"
        reading.problems.append(Problem(POLICIES, "", say))


def _require_unique(policies: list[tuple[Section, Draft]]) -> None:
    seen: dict[str, Section] = {}
    for section, draft in policies:
        if (first := seen.setdefault(draft.id, section)) is not section and draft.id:
            place = f"{first.file} 第 {first.line(first.path('id'))} 行"
            section.problem("id", f"策略编号 {draft.id} 出现了多次（另见 {place}），每条策略须有自己的编号")
