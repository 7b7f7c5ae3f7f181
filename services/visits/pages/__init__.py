"""The pages of visits: the agent's workbench at `/agent`, and what it shows on pages of other services."""

from services.visits.pages import agent, reviews

ROUTERS = (agent.router, reviews.router)
