"""Figures in the users' words, and texts that a spreadsheet can't mistake for formulas."""

from services.analytics.domain.kpis import Figure, Kpi, Unit

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
NOTHING = "—"


def shown_value(kpi: Kpi, figure: Figure) -> str:
    """The value as a person reads it: 96.4%, 1,204, 2:05 minutes, or NPS points from -100 to 100."""
    if figure.value is None:
        return NOTHING
    return shown_number_of(kpi.unit, figure.value)


def shown_number_of(unit: Unit, value: float) -> str:
    """A value of this unit, in the users' words."""
    match unit:
        case "count":
            return shown_number(round(value, 1))
        case "mean":
            return f"{value:,.1f}"
        case "index":
            return f"{value * 100:+.0f}"
        case "seconds":
            minutes, seconds = divmod(round(value), 60)
            return f"{minutes}:{seconds:02}"
        case "ratio":
            return f"{value:.1%}"


def shown_parts(kpi: Kpi, figure: Figure) -> str:
    """Numerator / denominator; empty for a count."""
    if kpi.denominator is None or figure.denominator is None:
        return ""
    unit = " 秒" if kpi.unit == "seconds" else ""
    return f"{shown_number(figure.numerator)}{unit} / {shown_number(figure.denominator)}"


def shown_number(number: float) -> str:
    """At most two decimals, thousands grouped."""
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def cell_text(text: str) -> str:
    """Text for a spreadsheet cell; one that would start a formula is quoted (CWE-1236)."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
