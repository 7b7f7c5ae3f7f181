"""What an operator can set, by environment variables `HUIFANG_*` or `HUIFANG_*_FILE` (the file's content)."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.clock import Clock, parse_clock
from shared.messaging.kafka import KafkaBroker
from shared.messaging.security import Mechanism, Protocol, client_options
from shared.safety import MAKE_DATA_KEY, SHORTEST_SECRET, SHORTEST_TOKEN, UnsafeSettings, is_local, read_data_key


class ServiceSettings(BaseSettings):
    """Common to all services; a service adds its own fields in its `settings.py`."""

    # an empty variable is one that is not set: compose and manifests name many that are left to their defaults
    model_config = SettingsConfigDict(env_prefix="HUIFANG_", env_ignore_empty=True, extra="ignore")

    postgres_dsn: str = Field(
        default="postgresql://localhost/huifang",
        description="this service's own database; libpq's parameters, such as ?sslmode=verify-full&sslrootcert=…, hold",
    )
    kafka_bootstrap: str = Field(default="127.0.0.1:9092", description="host:port list of the Kafka brokers")
    kafka_protocol: Protocol = Field(default="PLAINTEXT", description="how clients speak to Kafka")
    kafka_ca_file: Path | None = Field(default=None, description="PEM of who signs the brokers' certificates")
    kafka_certificate_file: Path | None = Field(
        default=None, description="PEM of this client's certificate, if asked for"
    )
    kafka_private_key_file: Path | None = Field(default=None, description="PEM of that certificate's private key")
    kafka_sasl_mechanism: Mechanism = Field(default="SCRAM-SHA-512", description="how the password is proved")
    kafka_username: str = Field(default="", description="SASL user")
    kafka_password: SecretStr = Field(default=SecretStr(""), description="SASL password")
    instance_id: str | None = Field(
        default=None, description="stable name of this replica: a restart takes its Kafka partitions back at once"
    )
    build_commit: str = Field(default="", description="commit that this build was made of, for `huifang_build_info`")
    topic_prefix: str = Field(default="", description="put before every topic and group name, to share one broker")
    clock: str | None = Field(default=None, description="simulated clock START@SPEED[..END]; empty = real time")
    clock_anchor: float | None = Field(default=None, description="Unix seconds at which simulated time stood at START")
    keys_file: Path | None = Field(default=None, description="JSON list of hashed API keys")
    jwt_secret: SecretStr | None = Field(default=None, description="HS256 secret of locally issued tokens")
    jwt_jwks_url: str | None = Field(default=None, description="OIDC provider's key set; RS256/ES256 only")
    jwt_issuer: str = Field(default="huifang", description="required `iss`")
    jwt_audience: str = Field(default="huifang", description="required `aud`")
    failed_sign_ins: int = Field(
        default=60, ge=1, description="wrong keys, tokens and logins that one address may send in a minute"
    )
    hosts: str = Field(
        default="localhost,127.0.0.1,[::1]",
        description="names this service is called by, comma-separated, without ports; * = any",
    )
    front_door_key: SecretStr = Field(
        default=SecretStr(""),
        description="what the front door proves itself with, so that its X-Forwarded headers are believed; empty = no door",
    )
    data_key: SecretStr | None = Field(default=None, description="base64 of 64 random bytes that seal personal data")
    sites: dict[str, str] = Field(
        default={}, description="JSON object: addresses of services and stand-ins by name, for links between pages"
    )
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
    erasure_days: int = Field(
        default=35,
        ge=1,
        description="days in which what is still heard of an erased customer is erased too: more than Kafka keeps events",
    )
    max_body_bytes: int = Field(default=1 << 20, description="largest request body")
    body_seconds: float = Field(
        default=20, gt=0, description="seconds a request body may take to arrive, and one more for every 16 KiB of it"
    )
    live_streams: int = Field(
        default=500, ge=0, description="streams of live pages in this process; without one a page asks every 4 seconds"
    )
    trace_ratio: float = Field(default=0, ge=0, le=1, description="part of all matters that are traced; 0 = none")
    trace_endpoint: str = Field(
        default="", description="where spans go by OTLP over HTTP, such as http://collector:4318/v1/traces"
    )
    trace_file: Path | None = Field(
        default=None, description="a file that spans are added to, where there is no endpoint"
    )
    log: Literal["json", "console"] = Field(default="json", description="json or console")

    @model_validator(mode="before")
    @classmethod
    def read_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        """`HUIFANG_X_FILE` gives the value of X, the way secrets are mounted; a field named `x_file` itself wins."""
        for name in cls.model_fields:
            path = os.environ.get(f"HUIFANG_{name.upper()}_FILE")
            if path and name not in values and f"{name}_file" not in cls.model_fields:
                values[name] = Path(path).read_text().strip()
        return values

    def refusals(self) -> Iterator[str]:
        """Why a service must not start with these settings; see `shared.safety`."""
        if self.data_key is None:
            yield f"HUIFANG_DATA_KEY is not set, and it seals all personal data: {MAKE_DATA_KEY}"
        else:
            try:
                read_data_key(self.data_key.get_secret_value())
            except ValueError as error:
                yield f"HUIFANG_DATA_KEY {error}: {MAKE_DATA_KEY}"
        if self.jwt_secret is not None and len(self.jwt_secret.get_secret_value().encode()) < SHORTEST_SECRET:
            yield (
                f"HUIFANG_JWT_SECRET has fewer than {SHORTEST_SECRET} bytes, so tokens can be forged: "
                "make one with `openssl rand -base64 48`"
            )
        if self.jwt_jwks_url and not self.jwt_jwks_url.startswith("https:") and not is_local(self.jwt_jwks_url):
            yield "HUIFANG_JWT_JWKS_URL is no https:// address, so whoever is on the way can sign tokens: use https://"
        if 0 < len(self.front_door_key.get_secret_value()) < SHORTEST_TOKEN:
            yield (
                f"HUIFANG_FRONT_DOOR_KEY has fewer than {SHORTEST_TOKEN} characters, so client addresses can be forged: "
                "make one with `openssl rand -base64 24`"
            )
        if self.kafka_protocol.startswith("SASL") and not (
            self.kafka_username and self.kafka_password.get_secret_value()
        ):
            yield "HUIFANG_KAFKA_PROTOCOL asks for a password: set HUIFANG_KAFKA_USERNAME and HUIFANG_KAFKA_PASSWORD_FILE"
        if self.kafka_protocol == "SASL_PLAINTEXT" and self.kafka_sasl_mechanism == "PLAIN":
            yield "HUIFANG_KAFKA_SASL_MECHANISM PLAIN sends the password in the clear: use SCRAM-SHA-512 or SASL_SSL"

    def require_safe(self, service: str) -> None:
        """Raises UnsafeSettings."""
        if reasons := list(self.refusals()):
            raise UnsafeSettings(service, reasons)

    def warnings(self) -> Iterator[str]:
        """What works, but is weaker than it could be; see `shared.safety`."""
        if self.keys_file is None and self.jwt_secret is None and not self.jwt_jwks_url:
            yield "neither HUIFANG_KEYS_FILE nor HUIFANG_JWT_* is set: nobody can sign in"
        if self.keys_file is not None and not self.keys_file.exists():
            yield f"HUIFANG_KEYS_FILE: there is no {self.keys_file.name}, so no API key is known"
        if self.jwt_secret is not None and self.jwt_jwks_url:
            yield "HUIFANG_JWT_SECRET and HUIFANG_JWT_JWKS_URL are both set: locally issued tokens are refused"
        if not self.front_door_key.get_secret_value():
            yield "HUIFANG_FRONT_DOOR_KEY is not set: who comes through a front door is known by the door's address only"
        if "SSL" not in self.kafka_protocol and not all(
            is_local(f"kafka://{broker.strip()}") for broker in self.kafka_bootstrap.split(",")
        ):
            yield f"HUIFANG_KAFKA_PROTOCOL is {self.kafka_protocol}: events travel in the clear, use SSL or SASL_SSL"
        if not is_local(self.postgres_dsn) and "sslmode=" not in self.postgres_dsn and not os.environ.get("PGSSLMODE"):
            yield "HUIFANG_POSTGRES_DSN has no sslmode: rows may travel in the clear, add ?sslmode=verify-full"
        if self.hosts == "*":
            yield "HUIFANG_HOSTS is *: pages answer to any name, also to one that another site gave this address"
        if self.clock:
            yield f"HUIFANG_CLOCK is set ({self.clock}): business time is simulated, customers are contacted by it"
        if os.environ.get("HUIFANG_CRASH_AT"):
            yield "HUIFANG_CRASH_AT is set: this process ends itself at that point, which is for tests only"

    def kafka_security(self) -> dict[str, Any]:
        """What every Kafka client is made with. Raises OSError and ssl.SSLError for files that can't be used."""
        return client_options(
            self.kafka_protocol,
            ca=self.kafka_ca_file,
            certificate=self.kafka_certificate_file,
            private_key=self.kafka_private_key_file,
            mechanism=self.kafka_sasl_mechanism,
            username=self.kafka_username,
            password=self.kafka_password.get_secret_value(),
        )

    def make_broker(self) -> KafkaBroker:
        return KafkaBroker(self.kafka_bootstrap, self.instance_id, self.kafka_security())

    def make_clock(self) -> Clock:
        return parse_clock(self.clock, self.clock_anchor)
