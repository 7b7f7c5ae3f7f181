"""What can be asked of the scheduler over HTTP: policies and packs, decisions, tasks."""

from services.scheduler.api import decisions, packs, policies, tasks

ROUTERS = (packs.router, policies.router, decisions.router, tasks.router)
