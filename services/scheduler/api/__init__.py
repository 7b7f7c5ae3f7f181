"""What can be asked of the scheduler over HTTP: policies and packs, decisions, draws, tasks, calendars."""

from services.scheduler.api import calendars, decisions, draws, packs, policies, tasks

ROUTERS = (packs.router, policies.router, decisions.router, draws.router, tasks.router, calendars.router)
