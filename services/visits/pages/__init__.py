"""The pages of visits: the agent's workbench at `/agent`."""

from services.visits.pages import agent

ROUTERS = (agent.router,)
