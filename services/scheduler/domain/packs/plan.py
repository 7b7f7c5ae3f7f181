"""What publishing a pack would change, policy by policy; nothing is changed by asking."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.scheduler.domain.explain.decision import local_text
from services.scheduler.domain.kinds import Kind
from services.scheduler.domain.packs.differences import Difference, differences
from services.scheduler.domain.packs.pack import Content, Draft, Pack
from shared.errors import Conflict, InvalidInput, NotFound

Result = Literal["created", "changed", "unchanged", "restored", "withdrawn"]
AT_ONCE = "立即"


class PolicyBelongsToAnotherPack(Conflict):
    """A policy id is owned by the pack that brought it first."""

    title = "策略编号已属于另一个策略包"
    code = "policy-belongs-to-another-pack"


class KindDeclaredDifferently(Conflict):
    """Packs may share an event kind as long as they say the same of it."""

    title = "另一个策略包对此类事件有不同的声明"
    code = "kind-declared-differently"


class DraftNotFound(NotFound):
    title = "没有这份草稿"
    code = "draft-not-found"


class DraftSettled(Conflict):
    """A draft is published or discarded once."""

    title = "草稿已处理"
    code = "draft-settled"


class ValidFromPast(InvalidInput):
    title = "生效时间应晚于现在"
    code = "valid-from-past"


@dataclass(frozen=True)
class Published:
    """A policy's newest version; `valid_until` is when it ended."""

    id: str
    pack: str
    version: int
    content: Content
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True)
class Change:
    """What becomes of a policy: `draft` is its new version's content, None when it gets none."""

    id: str
    title: str
    result: Result
    version: int
    draft: Draft | None = None
    valid_from: datetime | None = None
    differences: tuple[Difference, ...] = ()


def plan_policies(
    pack: Pack, published: Mapping[str, Published], valid_from: datetime | None, now: datetime
) -> list[Change]:
    """One change per policy of the pack, and per policy that it no longer has.

    `valid_from` holds for versions that don't say it themselves; without it they decide from now on. Raises
    PolicyBelongsToAnotherPack, ValidFromPast.
    """
    if valid_from is not None and valid_from <= now:
        raise ValidFromPast(f"{local_text(valid_from)} 已过；要立即生效，请不写生效时间")
    changes = [_change(pack.name, draft, published.get(draft.id), valid_from, now) for draft in pack.drafts]
    kept = {change.id for change in changes}
    gone = [one for one in published.values() if one.pack == pack.name and one.id not in kept and not one.valid_until]
    return changes + [_withdrawn(one, valid_from) for one in gone]


def plan_kinds(pack: Pack, declared: Mapping[str, Mapping[str, Kind]]) -> dict[str, Result]:
    """Event kind → what becomes of it; `declared` are the kinds of every pack. Raises KindDeclaredDifferently."""
    before, wanted = declared.get(pack.name, {}), {kind.event: kind for kind in pack.kinds}
    for other in declared.keys() - {pack.name}:
        for event in wanted.keys() & declared[other].keys():
            if wanted[event] != declared[other][event]:
                raise KindDeclaredDifferently(
                    f"事件 {event} 在策略包 {other} 中声明得不同，请改成一样的，或换一个事件名"
                )
    results: dict[str, Result] = dict.fromkeys(wanted.keys() - before.keys(), "created")
    results |= dict.fromkeys(before.keys() - wanted.keys(), "withdrawn")
    results |= {
        event: "unchanged" if wanted[event] == before[event] else "changed" for event in wanted.keys() & before.keys()
    }
    return dict(sorted(results.items()))


def _change(pack: str, draft: Draft, before: Published | None, valid_from: datetime | None, now: datetime) -> Change:
    begins = draft.valid_from or valid_from
    title = str(draft.content["title"])
    if before is None:
        return Change(draft.id, title, "created", 1, draft, begins)
    if before.pack != pack:
        raise PolicyBelongsToAnotherPack(f"策略 {draft.id} 属于策略包 {before.pack}")
    found = differences(before.content, draft.content)
    if before.valid_until is not None:
        return Change(draft.id, title, "restored", before.version + 1, draft, begins, tuple(found))
    if not _begins_alike(before.valid_from, begins, now):
        begun = Difference("valid_from", "生效时间", _in_words(before.valid_from), _in_words(begins))
        found = [*found, begun]
    if not found:
        return Change(draft.id, title, "unchanged", before.version, None, before.valid_from)
    return Change(draft.id, title, "changed", before.version + 1, draft, begins, tuple(found))


def _begins_alike(before: datetime | None, wanted: datetime | None, now: datetime) -> bool:
    """A version in force is as good as one that begins at once."""
    return before == wanted or (wanted is None and before is not None and before <= now)


def _in_words(moment: datetime | None) -> str:
    return AT_ONCE if moment is None else local_text(moment)


def _withdrawn(before: Published, valid_from: datetime | None) -> Change:
    return Change(before.id, str(before.content["title"]), "withdrawn", before.version, None, valid_from)
