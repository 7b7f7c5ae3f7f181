"""DSNs: of our own PostgreSQL, of a server named by a superuser's DSN, or of databases named by a template."""

from urllib.parse import quote, urlsplit, urlunsplit

from deploy.local.secrets import Secrets, role_name
from deploy.local.settings import SERVICES
from shared.embedded.postgres import PostgresServer


def is_template(dsn: str) -> bool:
    """Whether `{service}` stands for the service's name: then databases and roles are somebody else's care."""
    return "{service}" in dsn


def service_dsns(given: str | None, server: PostgresServer, secrets: Secrets) -> dict[str, str]:
    """Each service's DSN, with its own role."""
    if given and is_template(given):
        return {service: given.replace("{service}", service) for service in SERVICES}
    admin = given or server.dsn()
    return {service: _as_role(admin, role_name(service), secrets) for service in SERVICES}


def _as_role(admin_dsn: str, role: str, secrets: Secrets) -> str:
    parts = urlsplit(admin_dsn)
    place = parts.netloc.rpartition("@")[2]
    netloc = f"{role}:{quote(secrets.passwords[role])}@{place}"
    return urlunsplit((parts.scheme, netloc, f"/{role}", parts.query, ""))
