"""What the operator of notifications can set."""

from datetime import time, timedelta

from pydantic import Field, SecretStr, field_validator

from services.notifications.domain.moment import Limits
from services.notifications.domain.send import Patience
from services.notifications.domain.windows import Window
from shared.settings import ServiceSettings


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
    greeting_time: time = Field(default=time(9), description="local time from which a day's greetings are planned")

    @field_validator("promotion_window", "notice_window")
    @classmethod
    def is_a_window(cls, value: str) -> str:
        Window.parse(value)
        return value

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
        return tuple(address.strip() for address in self.manager_emails.split(",") if address.strip())
