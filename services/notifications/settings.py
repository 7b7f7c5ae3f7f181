"""What the operator of notifications can set."""

import re
from collections.abc import Iterator
from datetime import time, timedelta

from pydantic import Field, SecretStr, field_validator

from services.notifications.domain.moment import Limits
from services.notifications.domain.send import Patience
from services.notifications.domain.windows import Window
from shared.mail_addresses import one_address
from shared.safety import SHORTEST_TOKEN, is_local
from shared.settings import ServiceSettings

_ONE = re.compile(r'(?:"[^"]*"|[^",，;；])+')  # a comma within a quoted name parts nothing


class NotificationsSettings(ServiceSettings):
    """Providers are named by address; one without an address is not used, and its messages wait until they expire."""

    sms_url: str = Field(default="", description="Aliyun SMS endpoint, or the simulator's address")
    sms_access_key: str = Field(default="", description="AccessKey id; empty = requests are not signed (simulator)")
    sms_access_secret: SecretStr = Field(default=SecretStr(""), description="AccessKey secret")
    sms_callback_token: SecretStr = Field(
        default=SecretStr(""), description="secret part of the receipt and reply addresses; empty = callbacks refused"
    )
    smtp_url: str = Field(default="", description="smtp://[user:password@]host:port, smtps:// for TLS from the start")
    mail_from: str = Field(default="回访平台 <huifang@localhost>", description="sender of e-mails")
    manager_emails: str = Field(default="", description="comma-separated; told of major complaints at once (R13.3)")
    supervisor_emails: dict[str, str] = Field(
        default={},
        description="JSON object: comma-separated addresses by branch, told of follow-ups whose deadline is near; "
        "a branch without any, and policies that reach a limit: the managers are told, without any all supervisors",
    )
    provider_timeout: float = Field(default=5.0, gt=0, description="seconds to wait for a provider's answer")
    send_batch: int = Field(default=100, ge=1, le=1000, description="sends leased at a time")
    send_concurrency: int = Field(default=16, ge=1, le=200, description="provider calls at the same time")
    send_lease: float = Field(default=120.0, gt=0, description="seconds until a lease counts as lost")
    settle_after: float = Field(default=5.0, ge=0, description="seconds before the provider is asked about an unknown")
    absence_after: float = Field(
        default=30.0, ge=0, description="seconds before the provider's 'no such message' is believed"
    )
    receipt_after: float = Field(default=300.0, ge=0, description="seconds before a missing receipt is asked for")
    promotion_window: str = Field(default="08:00-20:00", description="hours of promotion and greetings, local time")
    notice_window: str = Field(default="07:00-22:00", description="hours of notices, local time")
    daily_cap: int = Field(
        default=10, ge=1, description="most SMS a day to one number; providers have limits of their own"
    )
    late_days: int = Field(
        default=30, ge=1, le=366, description="days that withdrawals of facts are remembered, for facts heard late"
    )
    greeting_time: time = Field(default=time(9), description="local time from which a day's greetings are planned")

    @field_validator("promotion_window", "notice_window")
    @classmethod
    def is_a_window(cls, value: str) -> str:
        Window.parse(value)
        return value

    def refusals(self) -> Iterator[str]:
        yield from super().refusals()
        if self.sms_url and not is_local(self.sms_url):
            if not self.sms_url.startswith("https:"):
                yield "HUIFANG_SMS_URL is no https:// address, so numbers and texts travel in the clear: use https://"
            if not (self.sms_access_key and self.sms_access_secret.get_secret_value()):
                yield "HUIFANG_SMS_ACCESS_KEY and _SECRET are not set: only the simulator takes unsigned requests"
        if 0 < len(self.sms_callback_token.get_secret_value()) < SHORTEST_TOKEN:
            yield (
                f"HUIFANG_SMS_CALLBACK_TOKEN has fewer than {SHORTEST_TOKEN} characters, so receipts and opt-outs can be "
                "forged: make one with `openssl rand -hex 24`"
            )

    def warnings(self) -> Iterator[str]:
        yield from super().warnings()
        for name, url, kind in (("SMS_URL", self.sms_url, "SMS"), ("SMTP_URL", self.smtp_url, "e-mails")):
            if not url:
                yield f"HUIFANG_{name} is not set: {kind} wait until they expire"
        if self.sms_url and not self.sms_callback_token.get_secret_value():
            yield "HUIFANG_SMS_CALLBACK_TOKEN is not set: replies, and so opt-outs by SMS, do not arrive"
        if self.smtp_url.startswith("smtp:") and not is_local(self.smtp_url):
            yield "HUIFANG_SMTP_URL: smtp:// is encrypted only if the server offers it: use smtps:// where you can"
        if not self.managers:
            yield "HUIFANG_MANAGER_EMAILS is not set: nobody is told of major complaints at once (R13.3)"

    @property
    def limits(self) -> Limits:
        windows = {"promotion": Window.parse(self.promotion_window), "notice": Window.parse(self.notice_window)}
        return Limits(windows, self.daily_cap)  # type: ignore[arg-type]  # a dict display of literals

    @property
    def patience(self) -> Patience:
        return Patience(
            lease=timedelta(seconds=self.send_lease),
            ask=timedelta(seconds=self.settle_after),
            absence=timedelta(seconds=self.absence_after),
            receipt=timedelta(seconds=self.receipt_after),
        )

    @property
    def managers(self) -> tuple[str, ...]:
        return _addresses(self.manager_emails)

    @property
    def supervisors(self) -> dict[str, tuple[str, ...]]:
        return {branch: _addresses(text) for branch, text in self.supervisor_emails.items()}


def _addresses(text: str) -> tuple[str, ...]:
    """Each in its one form, once."""
    return tuple(dict.fromkeys(filter(None, map(one_address, _ONE.findall(text)))))
