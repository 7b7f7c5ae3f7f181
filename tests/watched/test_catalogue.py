"""What six running services export is what the catalogue declares, both ways."""

from collections.abc import Mapping

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.metrics import LIBRARY, whole_catalogue
from shared.observability.catalogue import OTHER, Declared
from tests.local_platform import Local

Families = Mapping[str, Mapping[str, tuple[str, list[Mapping[str, str]]]]]


@pytest.fixture(scope="module")
def exported(watched: Local) -> Families:
    """service → metric → (kind, labels of its samples)."""
    found: dict[str, dict[str, tuple[str, list[Mapping[str, str]]]]] = {}
    for service, url in watched.run["services"].items():
        families = text_string_to_metric_families(httpx.get(f"{url}/metrics", timeout=60).text)
        found[service] = {
            family.name + "_total" * (family.type == "counter"): (
                family.type,
                [sample.labels for sample in family.samples],
            )
            for family in families
        }
    return found


@pytest.fixture(scope="module")
def catalogue() -> dict[str, Declared]:
    return whole_catalogue()


def test_whatever_a_service_exports_is_declared(exported: Families, catalogue: dict[str, Declared]) -> None:
    undeclared = {name for families in exported.values() for name in families.keys() - catalogue.keys()}
    assert not undeclared


def test_whatever_is_declared_is_exported_by_whom_it_is_said_to_be(
    exported: Families, catalogue: dict[str, Declared]
) -> None:
    missing = []
    for each in catalogue.values():
        owners = [each.origin] if each.origin in exported else list(exported)
        if each.origin in exported or each.origin in ("every service", LIBRARY):
            missing += [(each.name, owner) for owner in owners if each.name not in exported[owner]]
            missing += [
                (each.name, f"also of {other}")
                for other in exported.keys() - set(owners)
                if each.name in exported[other]
            ]
    assert not missing


def test_kinds_and_labels_are_as_declared(exported: Families, catalogue: dict[str, Declared]) -> None:
    for families in exported.values():
        for name, (kind, samples) in families.items():
            declared = catalogue[name]
            assert kind == declared.kind, name
            for labels in samples:
                assert labels.keys() - {"le"} == declared.labels.keys(), (name, labels)


def test_labels_keep_within_their_bounds_without_need_of_others(
    exported: Families, catalogue: dict[str, Declared]
) -> None:
    """What a platform does that nobody attacks needs no `other`: else a bound is too tight or a value was forgotten."""
    for service, families in exported.items():
        for name, (_, samples) in families.items():
            for label, bound in catalogue[name].labels.items():
                values = {labels[label] for labels in samples}
                assert OTHER not in values, (service, name, label)
                if isinstance(bound, tuple):
                    assert values <= set(bound), (service, name, label)


def test_no_series_tells_when_it_was_created(exported: Families) -> None:
    assert not [name for families in exported.values() for name in families if name.endswith("_created")]
