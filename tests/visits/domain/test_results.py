"""Every result code of the contract has a meaning and a plan."""

from typing import get_args

from services.visits.domain.results import RESULTS
from shared.contracts.visits import ConnectedResult, UnconnectedResult


def test_every_code_of_the_contract_is_known() -> None:
    assert set(RESULTS) == set(get_args(ConnectedResult)) | set(get_args(UnconnectedResult))


def test_connected_is_what_the_contract_calls_connected() -> None:
    assert {code for code, result in RESULTS.items() if result.connected} == set(get_args(ConnectedResult))


def test_labels_and_shortcut_keys_are_unique() -> None:
    assert len({result.label for result in RESULTS.values()}) == len(RESULTS)
    assert len({result.shortcut for result in RESULTS.values()}) == len(RESULTS)


def test_wrong_numbers_and_refusals_end_the_visit() -> None:
    assert {code: result.ending for code, result in RESULTS.items() if result.ending} == {
        "completed": "completed",
        "partly": "completed",
        "refused": "refused",
        "invalid_number": "invalid_number",
        "wrong_number": "invalid_number",
    }
