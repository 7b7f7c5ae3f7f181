"""What an operator can set."""

from pydantic import Field

from services.analytics.domain.kpis import Options
from shared.settings import ServiceSettings


class AnalyticsSettings(ServiceSettings):
    """Formula choices show in every answer's formula text and version."""

    basically_counts: bool = Field(default=False, description="基本满意 counts as satisfied")
    hotline_basically_counts: bool = Field(default=True, description="基本满意 counts as satisfied for 12345")
    partly_solved_weight: float = Field(default=0.5, ge=0, le=1, description="what a partly solved problem counts")
    hotline_weights: tuple[float, float, float] = Field(
        default=(1 / 3, 1 / 3, 1 / 3), description="JSON list: weights of 12345 response, resolution, satisfaction"
    )
    agent_daily_target: int = Field(default=50, ge=1, description="calls an agent makes a day (R12.1)")
    kpi_targets: dict[str, float] = Field(
        default={"hotline_response": 1.0, "hotline_resolution": 0.9, "hotline_satisfaction": 0.9},
        description="JSON object: what KPIs should reach, by their ids; dashboards show it beside the figure",
    )
    gauges_every: float = Field(default=15.0, gt=0, description="seconds between refreshes of the KPI gauges")
    timeline_days: int = Field(default=1100, ge=1, description="days that what happened to a customer is kept for")

    def kpi_options(self, basically_counts: bool | None = None) -> Options:
        """The choices in force; a caller may ask for the other reading of 满意率."""
        return Options(
            basically_counts=self.basically_counts if basically_counts is None else basically_counts,
            hotline_basically_counts=self.hotline_basically_counts,
            partly_solved_weight=self.partly_solved_weight,
            hotline_weights=self.hotline_weights,
        )
