"""The pages of the gateway: one's own password, signing in at an identity provider, and people."""

from services.gateway.pages import account, oidc, people

ROUTERS = (account.router, oidc.router, people.router)
