"""What HTTP can ask of notifications: the ledger, templates and rules, refusals, and the providers' callbacks."""

from services.notifications.api import catalogue, ingress, refusals, sends

routers = (sends.router, catalogue.router, refusals.router, ingress.router)
