"""What can be asked of the scheduler over HTTP: policies, packs, decisions, draws, limits, tasks, calendars, facts, trials."""

from services.scheduler.api import calendars, decisions, draws, facts, limits, packs, policies, tasks, trials

ROUTERS = (
    packs.router,
    policies.router,
    decisions.router,
    draws.router,
    limits.router,
    tasks.router,
    calendars.router,
    facts.router,
    trials.router,
)
