"""What the jobs of one process share: providers, the fence, and how many calls may run at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from services.notifications.adapters import AliyunSms, Provider, SmtpMail
from services.notifications.adapters.acs3 import Credentials
from services.notifications.procedures.parcels import SendRules
from services.notifications.settings import NotificationsSettings
from services.notifications.store.fence import Fence
from shared.observability.catalogue import PROVIDERS, counter
from shared.runtime import Runtime

ANSWERS = ("accepted", "refused", "unclear", "not_tried")
SUBMISSIONS = counter(
    "huifang_notifications_submissions_total", "Calls of providers by their answer", "提交服务商次数",
    labels={"provider": PROVIDERS, "answer": ANSWERS},
)  # fmt: skip


@dataclass
class Health:
    """What this process has seen of a provider lately, business time."""

    answered_at: datetime | None = None
    trouble_at: datetime | None = None
    trouble: str = ""

    @property
    def healthy(self) -> bool:
        """No trouble since the last clear answer."""
        return self.trouble_at is None or (self.answered_at is not None and self.answered_at > self.trouble_at)


@dataclass
class Office:
    """`under_way`: batches being sent, `in_hand`: how many messages of theirs have no recorded answer yet; `alone`: the newest
    of the batches is one beside which nothing is sent; `draining`: the process is stopping, no new call is begun."""

    rules: SendRules
    providers: dict[str, Provider]
    fence: Fence
    batch: int
    slots: asyncio.Semaphore
    health: dict[str, Health] = field(default_factory=dict)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    in_hand: int = 0
    alone: bool = False
    draining: bool = False


def office_of(runtime: Runtime) -> Office:
    office: Office = runtime.state["office"]
    return office


@asynccontextmanager
async def open_office(runtime: Runtime) -> AsyncIterator[None]:
    """For the life of the service."""
    settings = runtime.settings
    assert isinstance(settings, NotificationsSettings)
    providers: dict[str, Provider] = {provider.channel: provider for provider in _providers(settings, runtime)}
    for provider in providers.values():
        for answer in ANSWERS:
            SUBMISSIONS.labels(provider.name, answer)  # they begin at 0: a rate sees the first failure, too
    runtime.state["office"] = office = Office(
        rules=SendRules(
            providers={channel: provider.name for channel, provider in providers.items()},
            managers=settings.managers,
            supervisors=settings.supervisors,
            limits=settings.limits,
            patience=settings.patience,
            sealer=runtime.sealer,
        ),
        providers=providers,
        fence=Fence(settings.postgres_dsn),
        batch=settings.send_batch,
        slots=asyncio.Semaphore(settings.send_concurrency),
        health={provider.name: Health() for provider in providers.values()},
    )
    try:
        yield
    finally:
        for provider in office.providers.values():
            await provider.close()
        await office.fence.close()


def _providers(settings: NotificationsSettings, runtime: Runtime) -> list[Provider]:
    found: list[Provider] = []
    if settings.sms_url:
        secret = settings.sms_access_secret.get_secret_value()
        credentials = Credentials(settings.sms_access_key, secret) if settings.sms_access_key else None
        found.append(AliyunSms(settings.sms_url, credentials, settings.provider_timeout, runtime.clock))
    if settings.smtp_url:
        found.append(SmtpMail(settings.smtp_url, settings.mail_from, settings.provider_timeout))
    return found
