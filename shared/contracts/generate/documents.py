"""All documents, as texts."""

import json
from collections.abc import Sequence
from typing import Any

import yaml

from shared.contracts.base import Contract
from shared.contracts.generate.asyncapi import asyncapi
from shared.contracts.generate.schemas import schema_file, schema_of
from shared.contracts.generate.subscribers import Subscriber, consumers_of
from shared.contracts.registry import all_contracts


def documents(subscribers: Sequence[Subscriber]) -> dict[str, str]:
    """Text of each generated document by its path below `docs/generated/`."""
    contracts = all_contracts()
    made = {schema_file(declared): _json(schema_of(declared)) for declared in contracts}
    made["asyncapi.yaml"] = _yaml(asyncapi(contracts, subscribers))
    made["events.md"] = catalogue(contracts, subscribers)
    return made


def catalogue(contracts: Sequence[Contract], subscribers: Sequence[Subscriber]) -> str:
    """The table of all events, in Markdown."""
    lines = [
        "# Events",
        "",
        "Generated from `shared/contracts`; do not edit. Each name links to the schema of its data.",
        "",
        "| Event | Meaning | Wire type | Topic | Owner | Consumers |",
        "|---|---|---|---|---|---|",
    ]
    for declared in contracts:
        cells = (
            f"[`{declared.name}`]({schema_file(declared)})",
            declared.title,
            f"`{declared.type}`",
            f"`{declared.topic}`",
            declared.owner,
            ", ".join(consumers_of(declared, subscribers)),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _json(tree: dict[str, Any]) -> str:
    return json.dumps(tree, ensure_ascii=False, indent=2) + "\n"


def _yaml(tree: dict[str, Any]) -> str:
    return "# Generated from shared/contracts; do not edit.\n" + yaml.safe_dump(
        tree, allow_unicode=True, sort_keys=False, width=120
    )
