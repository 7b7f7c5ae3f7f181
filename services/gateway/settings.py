"""What an operator can set for the gateway."""

from collections.abc import Iterator

from pydantic import Field, field_validator

from services.gateway.domain.addresses import Network, parse_networks
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

    @property
    def allowed_networks(self) -> list[Network]:
        return parse_networks(self.writeback_allow)
