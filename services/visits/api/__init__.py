"""What HTTP can ask of visits."""

from services.visits.api import (
    attachments,
    attendance,
    corrections,
    lines,
    on_site,
    oversight,
    practice,
    questionnaires,
    replies,
    visits,
    work,
    work_rules,
)

ROUTERS = (
    work.router,
    attendance.router,
    lines.router,
    visits.router,
    on_site.router,
    attachments.router,
    oversight.router,
    corrections.router,
    practice.router,
    replies.router,
    questionnaires.router,
    work_rules.router,
)
