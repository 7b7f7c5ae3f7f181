"""What an operator can set for the gateway."""

from collections.abc import Iterator

from pydantic import Field, SecretStr, field_validator

from services.gateway.domain.addresses import Network, parse_networks
from services.gateway.domain.provided import CODED, FIELDS, REQUIRED, ClaimMap
from shared.roles import Role
from shared.safety import is_local
from shared.settings import ServiceSettings

MOST_ALLOWED = 1 << 16  # a /16: more than any one site's receivers


class GatewaySettings(ServiceSettings):
    """Environment: HUIFANG_…"""

    import_max_bytes: int = Field(default=32 << 20, description="largest uploaded file")
    import_lease_seconds: float = Field(
        default=60, description="after this long without progress another worker goes on"
    )
    writeback_allow: str = Field(
        default="", description="addresses and networks inside our own that results may be posted to, comma-separated"
    )
    writeback_timeout: float = Field(default=10, description="seconds one try of a write-back may take")
    raw_keep_days: int = Field(default=180, ge=1, description="raw messages and uploaded files are kept this long")
    identity_keep_days: int = Field(default=730, ge=1, description="a repeated event is recognised this long")

    issued_password_days: int = Field(
        default=7, ge=1, le=366, description="a password that an administrator gives somebody lets them in this long"
    )

    front_door_at: str = Field(
        default="",
        description="host:port at which this service reaches the front door, to see when its certificate ends; "
        "empty = where people reach it (HUIFANG_SITES)",
    )

    oidc_issuer: str = Field(
        default="",
        description="identity provider at which people sign in too, exactly as it calls itself; empty = none",
    )
    oidc_client_id: str = Field(default="", description="what the identity provider calls this platform")
    oidc_client_secret: SecretStr = Field(
        default=SecretStr(""), description="what the platform proves itself with there; empty = a public client"
    )
    oidc_scopes: str = Field(default="openid profile email", description="what is asked for, parted by spaces")
    oidc_title: str = Field(default="统一身份认证", max_length=30, description="what people call the identity provider")
    oidc_claims: dict[str, str] = Field(
        default={"login": "preferred_username", "name": "name", "roles": "roles"},
        description="JSON object: which claim says a person's login, name, roles, units, teams, worker, skills; "
        "a.b is b inside a",
    )
    oidc_roles: dict[str, Role] = Field(
        default={str(role): role for role in Role},
        description="JSON object: which role a value of the roles claim means; values that are not here mean none",
    )
    oidc_codes: dict[str, dict[str, str]] = Field(
        default={},
        description="JSON object: for units, teams, skills which code of ours a value of the claim means, "
        '{"units": {"north": "N1"}}; values that are not here mean none, a field that is not here has our codes',
    )

    @field_validator("oidc_claims")
    @classmethod
    def are_fields(cls, claims: dict[str, str]) -> dict[str, str]:
        if unknown := claims.keys() - set(FIELDS):
            raise ValueError(f"{', '.join(sorted(unknown))}: not one of {', '.join(FIELDS)}")
        if missing := sorted(field for field in REQUIRED if not claims.get(field)):
            raise ValueError(f"says no claim for {', '.join(missing)}")
        return {field: claim for field, claim in claims.items() if claim}

    @field_validator("oidc_codes")
    @classmethod
    def are_coded(cls, codes: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        if unknown := codes.keys() - CODED.keys():
            raise ValueError(f"{', '.join(sorted(unknown))}: not one of {', '.join(CODED)}")
        return codes

    @property
    def claim_map(self) -> ClaimMap:
        return ClaimMap(self.oidc_claims, self.oidc_roles, self.oidc_codes)

    def refusals(self) -> Iterator[str]:
        yield from super().refusals()
        if not self.oidc_issuer:
            return
        if not self.oidc_issuer.startswith("https://") and not is_local(self.oidc_issuer):
            yield "HUIFANG_OIDC_ISSUER is no https:// address, so whoever is on the way can sign in as anybody: use https://"
        if not self.oidc_client_id:
            yield "HUIFANG_OIDC_ISSUER is set and HUIFANG_OIDC_CLIENT_ID is not: set what the provider calls this platform"
        if "openid" not in self.oidc_scopes.split():
            yield "HUIFANG_OIDC_SCOPES has no openid, so the provider says of nobody who they are: add it"

    @field_validator("writeback_allow")
    @classmethod
    def are_networks(cls, text: str) -> str:
        parse_networks(text)
        return text

    def warnings(self) -> Iterator[str]:
        yield from super().warnings()
        for network in self.allowed_networks:
            if network.num_addresses > MOST_ALLOWED:
                yield f"HUIFANG_WRITEBACK_ALLOW: {network} is most of a network of ours; name the receivers' addresses"
        if self.oidc_issuer and not self.oidc_client_secret.get_secret_value():
            yield "HUIFANG_OIDC_CLIENT_SECRET is not set: the platform proves itself to the provider with nothing (PKCE alone)"
        if self.oidc_issuer and "units" not in self.oidc_claims:
            yield "HUIFANG_OIDC_CLAIMS names none for units: who comes for the first time sees the whole organisation"

    @property
    def allowed_networks(self) -> list[Network]:
        return parse_networks(self.writeback_allow)
