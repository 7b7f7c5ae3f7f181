"""What HTTP can ask of visits."""

from services.visits.api import attendance, oversight, questionnaires, visits, work

ROUTERS = (work.router, attendance.router, visits.router, oversight.router, questionnaires.router)
