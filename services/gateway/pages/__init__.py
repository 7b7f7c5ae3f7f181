"""The pages of the gateway: one's own password, and people."""

from services.gateway.pages import account, people

ROUTERS = (account.router, people.router)
