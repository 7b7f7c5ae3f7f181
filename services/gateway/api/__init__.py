"""What HTTP can ask of the gateway."""

from services.gateway.api import endpoints, erasures, events, imports, ingress, keys, messages, people, sources

ROUTERS = [
    events.router,
    ingress.router,
    sources.router,
    messages.router,
    imports.router,
    endpoints.router,
    people.router,
    keys.router,
    erasures.router,
]
