"""What can be asked of the scheduler over HTTP: policies and packs, decisions, draws, tasks, calendars, facts."""

from services.scheduler.api import calendars, decisions, draws, facts, packs, policies, tasks

ROUTERS = (
    packs.router,
    policies.router,
    decisions.router,
    draws.router,
    tasks.router,
    calendars.router,
    facts.router,
)
