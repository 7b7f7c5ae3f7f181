"""The work rules are set: checked against those in force, kept as the next version, audited."""

from dataclasses import dataclass

from services.visits.domain.work_rules import RulesVersion
from services.visits.domain.work_rules_check import check
from services.visits.domain.work_rules_document import RulesDocument
from services.visits.domain.work_rules_words import Change, changes_of
from services.visits.store import work_rules as store
from services.visits.store.work_rules import KeptRules
from shared.auth import Principal
from shared.http import audit, require_version
from shared.messaging import Work

BY_SETTINGS = "settings"
FIRST_REASON = "部署的设置（HUIFANG_VISIT_*）"


@dataclass(frozen=True, slots=True)
class Planned:
    """What setting rules would do: the document to keep, the fields it changes, and what to be warned of."""

    document: RulesDocument
    changes: tuple[Change, ...]
    warnings: tuple[str, ...]


async def plan(work: Work, wanted: RulesDocument, now: RulesVersion) -> Planned:
    """What `wanted` would change of the rules in force `now`. Raises InvalidWorkRules."""
    before = RulesDocument.of(now.rules)
    own = [code.code for code in now.rules.results.values() if code.own]
    kept = check(wanted, before, await store.used_of(work.session, own))
    document, changes = kept.document, tuple(changes_of(before, kept.document))
    warnings = [
        f"{now.rules.label_of(code)}（{code}）没有写，改为停用：不能再选，以往的记录照常显示" for code in kept.retired
    ]
    grace = document.grace.amount
    if grace < now.rules.grace:
        ends = await store.count_expiring(work.session, work.now() - grace, work.now() - now.rules.grace)
        warnings += [f"时限已过 grace 的 {ends} 张未办结的单将随即按过期办结"] if ends else []
    return Planned(document, changes, tuple(warnings))


async def set_rules(
    work: Work, principal: Principal, wanted: RulesDocument, reason: str, seen: int, kept: KeptRules
) -> tuple[RulesVersion, Planned]:
    """Let the rules be what `wanted` says; the version in force again where that changes nothing.

    Raises InvalidWorkRules, PreconditionFailed.
    """
    await store.lock(work.session)
    now = await kept.current(work.session)
    require_version(seen, now.version)
    planned = await plan(work, wanted, now)
    if not planned.changes:
        return now, planned
    if now.version == store.FIRST:
        first = RulesDocument.of(now.rules)
        await store.add_version(work.session, store.FIRST, first, work.now(), BY_SETTINGS, FIRST_REASON)
    version = RulesVersion(
        version=now.version + 1, rules=planned.document.to_rules(), at=work.now(), by=principal.id, reason=reason
    )
    await store.add_version(work.session, version.version, planned.document, work.now(), principal.id, reason)
    changed = sorted({field for field, _, _ in planned.changes})
    await audit(work, principal, "work_rules.set", str(version.version), reason=reason, changed=changed)
    return version, planned
