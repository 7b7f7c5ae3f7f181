"""The pages of analytics: the KPI page at `/kpi`, and each agent's own at `/performance`."""

from services.analytics.pages import kpi, performance

ROUTERS = (kpi.router, performance.router)
