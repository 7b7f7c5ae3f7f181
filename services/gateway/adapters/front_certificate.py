"""The certificate that people's browsers are shown: asked for at the front door itself, wherever TLS ends."""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

SECONDS = 10


@dataclass(frozen=True)
class Lifetime:
    """Of a certificate."""

    begins: datetime
    ends: datetime


async def shown_certificate(host: str, port: int, name: str) -> Lifetime:
    """How long the certificate lives that is shown to who asks for `name`. Nothing is sent, and nothing is trusted.

    Raises OSError (ssl.SSLError is one) and TimeoutError where nobody answers with a certificate.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # one that has ended is what is looked for
    async with asyncio.timeout(SECONDS):
        _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=name)
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.close()
    certificate = x509.load_der_x509_certificate(shown)
    return Lifetime(certificate.not_valid_before_utc, certificate.not_valid_after_utc)
