"""Facts as lines of a file."""

import pytest

from services.scheduler.domain.simulation.fact_lines import BadFact, read_lines

LINE = b'{"id":"1","source":"/erp","type":"repair.closed","time":"2026-03-06T15:00:00+08:00","data":{"note":"a%s"}}'


@pytest.mark.parametrize("escape", [b"\\u0000", b"\\ud83d"])
def test_what_no_field_may_hold_is_told_by_line_and_field(escape: bytes) -> None:
    with pytest.raises(BadFact, match=r"第 2 行的 data\.note 含有"):
        read_lines([LINE % b"", LINE % escape])
