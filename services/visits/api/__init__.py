"""What HTTP can ask of visits."""

from services.visits.api import attachments, attendance, corrections, lines, oversight, questionnaires, visits, work

ROUTERS = (
    work.router,
    attendance.router,
    lines.router,
    visits.router,
    attachments.router,
    oversight.router,
    corrections.router,
    questionnaires.router,
)
