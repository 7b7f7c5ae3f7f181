"""How clients speak to Kafka: in the clear, with TLS, with a password."""

from pathlib import Path
from typing import Any, Literal

from aiokafka.helpers import create_ssl_context

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


def client_options(
    protocol: Protocol,
    *,
    ca: Path | None = None,
    certificate: Path | None = None,
    private_key: Path | None = None,
    mechanism: Mechanism = "SCRAM-SHA-512",
    username: str = "",
    password: str = "",
) -> dict[str, Any]:
    """What every Kafka client is made with; `ca`, `certificate`, `private_key` are PEM files.

    Without `ca` the machine's own authorities are trusted; a certificate is for brokers that ask clients for one. The
    broker's certificate must carry the name it is called by. Raises OSError and ssl.SSLError for files that can't be used.
    """
    options: dict[str, Any] = {"security_protocol": protocol}
    if protocol.endswith("SSL"):
        files = {"cafile": ca, "certfile": certificate, "keyfile": private_key}
        options["ssl_context"] = create_ssl_context(**{name: str(path) for name, path in files.items() if path})
    if protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": mechanism,
            "sasl_plain_username": username,
            "sasl_plain_password": password,
        }
    return options
