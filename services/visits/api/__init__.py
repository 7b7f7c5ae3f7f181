"""What HTTP can ask of visits."""

from services.visits.api import oversight, questionnaires, visits, work

ROUTERS = (work.router, visits.router, oversight.router, questionnaires.router)
