"""What HTTP can ask of visits."""

from services.visits.api import attendance, corrections, lines, oversight, questionnaires, visits, work

ROUTERS = (
    work.router,
    attendance.router,
    lines.router,
    visits.router,
    oversight.router,
    corrections.router,
    questionnaires.router,
)
