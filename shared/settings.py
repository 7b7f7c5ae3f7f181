"""What an operator can set, by environment variables `HUIFANG_*` or `HUIFANG_*_FILE` (the file's content)."""

import os
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.clock import Clock, parse_clock


class ServiceSettings(BaseSettings):
    """Common to all services; a service adds its own fields in its `settings.py`."""

    model_config = SettingsConfigDict(env_prefix="HUIFANG_", extra="ignore")

    postgres_dsn: str = Field(default="postgresql://localhost/huifang", description="this service's own database")
    kafka_bootstrap: str = Field(default="127.0.0.1:9092", description="host:port list of the Kafka brokers")
    instance_id: str | None = Field(
        default=None, description="stable name of this replica: a restart takes its Kafka partitions back at once"
    )
    topic_prefix: str = Field(default="", description="put before every topic and group name, to share one broker")
    clock: str | None = Field(default=None, description="simulated clock START@SPEED[..END]; empty = real time")
    clock_anchor: float | None = Field(default=None, description="Unix seconds at which simulated time stood at START")
    keys_file: Path | None = Field(default=None, description="JSON list of hashed API keys")
    jwt_secret: SecretStr | None = Field(default=None, description="HS256 secret of locally issued tokens")
    jwt_jwks_url: str | None = Field(default=None, description="OIDC provider's key set; RS256/ES256 only")
    jwt_issuer: str = Field(default="huifang", description="required `iss`")
    jwt_audience: str = Field(default="huifang", description="required `aud`")
    data_key: SecretStr | None = Field(default=None, description="base64 of 64 random bytes that seal personal data")
    page_assets: Path | None = Field(default=None, description="node_modules with the page assets")
    db_pool_size: int = Field(
        default=8,
        ge=2,
        description="connections to PostgreSQL per process for HTTP; half as many and one per lane for all else",
    )
    consumer_batch: int = Field(default=4000, ge=1, le=10_000, description="most messages taken at a time")
    relay_enabled: bool = Field(default=True, description="publish the outbox from this process")
    consumer_enabled: bool = Field(default=True, description="consume events in this process")
    jobs_enabled: bool = Field(default=True, description="run timed jobs in this process")
    inbox_days: int = Field(
        default=400,
        ge=31,
        description="days that handled events are remembered: an older one replayed would count again",
    )
    archive_days: int = Field(default=90, ge=1, description="days that published events are kept for republishing")
    max_body_bytes: int = Field(default=1 << 20, description="largest request body")
    log: str = Field(default="json", description="json or console")

    @model_validator(mode="before")
    @classmethod
    def read_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        """`HUIFANG_X_FILE` gives the value of X, the way secrets are mounted; a field named `x_file` itself wins."""
        for name in cls.model_fields:
            path = os.environ.get(f"HUIFANG_{name.upper()}_FILE")
            if path and name not in values and f"{name}_file" not in cls.model_fields:
                values[name] = Path(path).read_text().strip()
        return values

    def make_clock(self) -> Clock:
        return parse_clock(self.clock, self.clock_anchor)
