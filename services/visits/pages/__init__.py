"""The pages of visits: the agents' workbench at `/agent`, what it shows on pages of other services, and the customers' `/q`."""

from services.visits.pages import agent, customer, records, reviews

ROUTERS = (agent.router, customer.router, records.router, reviews.router)
