"""What can be asked of the scheduler over HTTP: policies and packs, decisions, tasks, calendars."""

from services.scheduler.api import calendars, decisions, packs, policies, tasks

ROUTERS = (packs.router, policies.router, decisions.router, tasks.router, calendars.router)
