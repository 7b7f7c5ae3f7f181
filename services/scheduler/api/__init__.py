"""What can be asked of the scheduler over HTTP: policies and packs, decisions, tasks."""

from services.scheduler.api import decisions, policies, tasks

ROUTERS = (policies.router, decisions.router, tasks.router)
