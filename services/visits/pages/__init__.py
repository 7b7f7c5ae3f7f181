"""The pages of visits: the agents' workbench at `/agent` and, for who goes there in person, `/on-site`; what it shows on pages
of other services, and the customers' `/q`.
"""

from services.visits.pages import agent, customer, on_site, records, reviews

ROUTERS = (agent.router, on_site.router, customer.router, records.router, reviews.router)
