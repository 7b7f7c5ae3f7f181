"""What HTTP can ask of notifications: the ledger, templates and rules, refusals, and the providers' callbacks."""

from services.notifications.api import catalogue, ingress, refusals, replies, sends

routers = (sends.router, catalogue.router, refusals.router, replies.router, ingress.router)
