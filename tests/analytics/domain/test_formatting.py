"""Figures and texts as tables for people have them."""

import pytest

from services.analytics.domain.formatting import cell_text, shown_number, shown_parts, shown_value
from services.analytics.domain.kpis import Options, definitions, evaluate


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_would_start_a_formula_is_quoted(text):
    assert cell_text(text) == "'" + text


def test_ordinary_text_is_left_alone():
    assert cell_text("城东分公司") == "城东分公司"


def test_figures_are_written_for_people():
    kpis = definitions(Options())
    rate = evaluate(kpis["completion"], {"due": 1300, "due.effective": 1204})
    assert (shown_value(kpis["completion"], rate), shown_parts(kpis["completion"], rate)) == ("92.6%", "1,204 / 1,300")
    assert shown_value(kpis["due"], evaluate(kpis["due"], {"due": 1300})) == "1,300"
    assert shown_value(kpis["nps"], evaluate(kpis["nps"], {"nps.answered": 4, "nps.detractors": 1})) == "-25"
    assert shown_value(kpis["nps"], evaluate(kpis["nps"], {})) == "—"
    assert [shown_number(n) for n in (100, 2.5, 1200.126)] == ["100", "2.5", "1,200.13"]
