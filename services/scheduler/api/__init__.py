"""What can be asked of the scheduler over HTTP: policies and packs, decisions, draws, tasks, calendars, facts, trials."""

from services.scheduler.api import calendars, decisions, draws, facts, packs, policies, tasks, trials

ROUTERS = (
    packs.router,
    policies.router,
    decisions.router,
    draws.router,
    tasks.router,
    calendars.router,
    facts.router,
    trials.router,
)
