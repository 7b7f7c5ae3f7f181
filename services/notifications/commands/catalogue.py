"""Templates and rules: saved as versions, the same content twice is one version."""

from collections.abc import Mapping
from typing import Any

from services.notifications.domain.lint import (
    lint,
    lint_rules,
    parse_rule,
    parse_template,
    read_rules,
    require_sound,
    template_document,
)
from services.notifications.domain.rules import rule_document
from services.notifications.store import catalogue
from services.notifications.store.catalogue import Document, Kind
from shared.messaging import Work


async def save_template(work: Work, document: Mapping[str, Any], by: str, provider: str = "") -> Document:
    """Keep a template and the rules that come with it (`rules`). Raises TemplateRejected, RuleRejected.

    `provider` is the one that SMS go through here; a template must carry its code before it can be used.
    """
    alone = {name: value for name, value in document.items() if name != "rules"}
    template = parse_template(alone)
    rules = read_rules(document.get("rules"))
    require_sound([*lint(template, provider), *lint_rules(template, [r for r in rules if r.template == template.name])])
    saved = await _save(work, "template", template.name, template_document(template), template.review == "approved", by)
    for rule in rules:
        await _save(work, "rule", rule.id, rule_document(rule), True, by)
    return saved


async def save_rule(work: Work, document: Mapping[str, Any], by: str) -> Document:
    """Keep a rule. Raises RuleRejected, TemplateRejected where it must not send the template that it names."""
    rule = parse_rule(document)
    held = (await catalogue.templates(work.session)).get(rule.template)
    require_sound(lint_rules(held.template, [rule]) if held else [])
    return await _save(work, "rule", rule.id, rule_document(rule), True, by)


async def _save(work: Work, kind: Kind, name: str, body: Mapping[str, Any], usable: bool, by: str) -> Document:
    newest = await catalogue.lock_newest(work.session, kind, name)
    digest = catalogue.digest_of(body)
    if newest and newest.digest == digest:
        return newest
    document = Document(kind, name, newest.version + 1 if newest else 1, body, digest, usable, work.now(), by)
    await catalogue.add(work.session, document)
    return document
