"""The pages of visits: the agents' workbench at `/agent` and, for who goes there in person, `/on-site`; what it shows on pages
of other services, what came with visits at `/materials`, the work rules at `/work-rules`, and the customers' `/q`.
"""

from services.visits.pages import agent, attendance, customer, materials, on_site, records, reviews, work_rules

ROUTERS = (
    agent.router,
    on_site.router,
    customer.router,
    records.router,
    reviews.router,
    attendance.router,
    materials.router,
    work_rules.router,
)
