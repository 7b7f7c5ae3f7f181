"""What tests share is started in one process only."""

import pytest


def test_xdist_knows_the_groups_of_tests(request: pytest.FixtureRequest) -> None:
    """It ignores them without a word where it doesn't know the pytest that runs (pytest-xdist's issue 1386)."""
    if not hasattr(request.config, "workerinput"):
        pytest.skip("run in one process")
    assert request.node.nodeid.endswith(f"@{__file__}")
