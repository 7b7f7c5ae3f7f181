"""What notifications does as time passes."""

from services.notifications.jobs.daily import forget, plan_due_greetings
from services.notifications.jobs.send import send_due
from services.notifications.jobs.settle import settle
from shared.jobs import Job

JOBS = (
    Job("send", every=0.3, run=send_due),
    Job("greetings", every=0.5, run=plan_due_greetings),
    Job("settle", every=1.0, run=settle),
    Job("forget", every=3600, run=forget),
)
