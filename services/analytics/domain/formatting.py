"""Figures in the users' words, and texts that a spreadsheet can't mistake for formulas."""

from services.analytics.domain.kpis import Figure, Kpi

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
NOTHING = "—"


def shown_value(kpi: Kpi, figure: Figure) -> str:
    """The value as a person reads it: 96.4%, 1,204, or NPS points from -100 to 100."""
    if figure.value is None:
        return NOTHING
    if kpi.unit == "count":
        return f"{figure.value:,.0f}"
    if kpi.unit == "index":
        return f"{figure.value * 100:+.0f}"
    return f"{figure.value:.1%}"


def shown_parts(kpi: Kpi, figure: Figure) -> str:
    """Numerator / denominator; empty for a count."""
    if kpi.denominator is None or figure.denominator is None:
        return ""
    return f"{shown_number(figure.numerator)} / {shown_number(figure.denominator)}"


def shown_number(number: float) -> str:
    """At most two decimals, thousands grouped."""
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def cell_text(text: str) -> str:
    """Text for a spreadsheet cell; one that would start a formula is quoted (CWE-1236)."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
