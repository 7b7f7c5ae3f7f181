"""Write the documents generated from contracts and services: `python -m deploy.docs [--check]`.

`--check` changes nothing and fails when the committed documents differ from what the code says.
"""

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

import services
from deploy import metrics, regulations
from services.notifications.domain.template_reference import template_reference, template_schema
from services.scheduler.domain.packs.schema import pack_reference, pack_reference_in_english, pack_schema
from services.visits.domain.definition_reference import questionnaire_reference, questionnaire_schema
from shared.contracts.generate import Subscriber, documents
from shared.contracts.generate.compatibility import breaking_changes
from shared.messaging import Consumer

FOLDER = Path(__file__).parents[1] / "docs" / "generated"
PACK_SCHEMA = "pack.schema.json"
PACK_FORMAT_IN_ENGLISH = "pack-format.en.md"
ENGLISH = Path(__file__).with_name("english.yaml")
METRICS = "metrics.md"
SCHEMAS: Mapping[str, Callable[[], Any]] = {
    PACK_SCHEMA: pack_schema,
    "questionnaire.schema.json": questionnaire_schema,
    "template.schema.json": template_schema,
}
REFERENCES = {
    "pack-format.md": pack_reference,
    "questionnaire-format.md": questionnaire_reference,
    "template-format.md": template_reference,
}


def all_documents() -> dict[str, str]:
    """Every generated document by its name in `docs/generated`."""
    schemas = {name: json.dumps(schema(), ensure_ascii=False, indent=2) + "\n" for name, schema in SCHEMAS.items()}
    references = {name: reference() for name, reference in REFERENCES.items()}
    references[PACK_FORMAT_IN_ENGLISH] = pack_reference_in_english(yaml.safe_load(ENGLISH.read_text("utf-8")))
    return {**documents(subscribers()), **schemas, **references, METRICS: metrics.document()}


def subscribers() -> list[Subscriber]:
    """Every consumer with what it handles."""
    return [
        Subscriber(service, f"huifang-{consumer.id}", consumer.topics, frozenset(consumer.handlers))
        for service, consumer in found_consumers()
    ]


def found_consumers() -> list[tuple[str, Consumer]]:
    """(service, consumer) of every service, as its app is assembled."""
    found: list[tuple[str, Consumer]] = []
    for module in pkgutil.iter_modules(services.__path__):
        app = importlib.import_module(f"services.{module.name}.app").create_app()
        found += [(module.name, consumer) for consumer in app.state.service.consumers]
    return found


def differing(wanted: Mapping[str, str], folder: Path) -> list[str]:
    """Names of documents in `folder` that are missing, other than wanted, or no longer wanted."""
    there = {str(path.relative_to(folder)) for path in (*folder.glob("*.*"), *folder.glob("schemas/*.json"))}
    unwanted = {name for name in there - wanted.keys() if name.startswith("schemas/")}
    changed = {name for name, text in wanted.items() if name not in there or (folder / name).read_text() != text}
    return sorted(changed | unwanted)


def broken(wanted: Mapping[str, str], folder: Path) -> list[str]:
    """Breaking changes of schemas against those in `folder`."""
    reasons = []
    for path in sorted(folder.glob("schemas/*.json")):
        name = str(path.relative_to(folder))
        if name not in wanted:
            reasons.append(f"{name}: the event is gone")
        else:
            found = breaking_changes(json.loads(path.read_text()), json.loads(wanted[name]))
            reasons += [f"{name}: {reason}" for reason in found]
    return reasons


def stale(path: Path, wanted: str) -> list[str]:
    """The document's name when it is missing or says something else."""
    return [] if path.is_file() and path.read_text("utf-8") == wanted else [path.name]


def write(wanted: Mapping[str, str], folder: Path) -> None:
    (folder / "schemas").mkdir(parents=True, exist_ok=True)
    for name, text in wanted.items():
        (folder / name).write_text(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when something differs")
    check = parser.parse_args().check
    wanted = all_documents()
    if reasons := broken(wanted, FOLDER):
        print(
            "Within a version contracts only grow. Make a new event, or (never released?) delete the old schema:",
            file=sys.stderr,
        )
        print("\n".join(f"  {reason}" for reason in reasons), file=sys.stderr)
        return 1
    clauses = regulations.document()
    changed = differing(wanted, FOLDER) + stale(regulations.DOCUMENT, clauses)
    if check and changed:
        print("Run `python -m deploy.docs`; these are out of date:", ", ".join(changed), file=sys.stderr)
        return 1
    if not check:
        write(wanted, FOLDER)
        regulations.DOCUMENT.write_text(clauses, "utf-8")
        print(f"{len(wanted) + 1} documents, {len(changed)} changed, in {FOLDER.parent}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
