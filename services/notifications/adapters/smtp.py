"""E-mail through an SMTP server (RFC 5321). Message-ID is our send id, so that a copy can be told from a new message.

SMTP servers can't be asked about a message afterwards: an unclear outcome stays unconfirmed and is never sent again by itself.
"""

from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.notifications.domain.answers import Accepted, Answer, CannotTell, Finding, Refused, Unclear
from services.notifications.domain.parcel import Parcel
from services.notifications.domain.send import Channel

DEFAULT_PORTS = {"smtp": 25, "smtps": 465}


class SmtpMail:
    """One server, named as smtp://[user:password@]host[:port] or smtps://…"""

    name = "smtp"
    channel: Channel = "email"

    def __init__(self, url: str, sender: str, timeout: float) -> None:
        self._url = urlsplit(url)
        self._port = self._url.port or DEFAULT_PORTS[self._url.scheme]
        self._sender = sender
        self._timeout = timeout
        self.address = f"{self._url.scheme}://{self._url.hostname}:{self._port}"

    async def submit(self, parcel: Parcel) -> Answer:
        try:
            message = self._message(parcel)
        except (ValueError, IndexError, HeaderParseError):
            return Refused("bad_address", temporary=False)
        client = self._client()
        try:
            await client.connect()
        except aiosmtplib.SMTPAuthenticationError:
            return Refused("authentication", temporary=True)
        except (aiosmtplib.SMTPException, OSError, ValueError):
            return Refused("unreachable", temporary=True)  # nothing of the message was sent
        try:
            async with client:
                _, said = await client.send_message(message)
            return Accepted(said[:200])
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            return Refused("recipients_refused", temporary=all(400 <= code < 500 for code in codes))
        except aiosmtplib.SMTPResponseException as error:
            return Refused(f"smtp_{error.code}", temporary=400 <= error.code < 500)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return Unclear(type(error).__name__)

    def _client(self) -> aiosmtplib.SMTP:
        url = self._url
        return aiosmtplib.SMTP(
            hostname=url.hostname,
            port=self._port,
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            use_tls=url.scheme == "smtps",
            # a password never goes in the clear, whatever the server (or who stands before it) offers
            start_tls=True if url.username and url.scheme == "smtp" else None,
            timeout=self._timeout,
        )

    async def find(self, parcel: Parcel) -> Finding:
        return CannotTell(ever=False)

    async def close(self) -> None:
        return None

    def _message(self, parcel: Parcel) -> EmailMessage:
        """Raises ValueError, IndexError or HeaderParseError for what is not one address: a list would reach strangers."""
        message = EmailMessage(policy=SMTP)
        message["From"] = self._sender
        message["To"] = [Address(addr_spec=address) for address in parcel.addresses]
        message["Subject"] = " ".join(parcel.subject.split())
        message["Message-ID"] = f"<{parcel.send_id}@huifang>"
        message.set_content(parcel.text)
        return message
