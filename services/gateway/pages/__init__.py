"""The pages of the gateway: one's own password, signing in at an identity provider, people, and customers to be erased."""

from services.gateway.pages import account, erasures, oidc, people

ROUTERS = (account.router, oidc.router, people.router, erasures.router)
