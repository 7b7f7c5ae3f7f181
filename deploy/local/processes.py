"""The table of what runs. A new process is a new entry in `servers`, `standins` or `services`."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from functools import cache

import httpx

from deploy.local import serve
from deploy.local.clock import KeptClock
from deploy.local.launch import forked, program
from deploy.local.settings import PAGE_ASSETS, ROOT, SERVICES, LocalSettings
from deploy.local.supervisor import Process
from shared.embedded.kafka import KafkaServer
from shared.embedded.postgres import PostgresServer
from shared.embedded.processes import LOOPBACK

STANDINS = ("smtp", "mail", "sms")


def servers(settings: LocalSettings, postgres: PostgresServer, kafka: KafkaServer) -> list[Process]:
    """PostgreSQL and Kafka, unless they were given from outside."""
    table = []
    if not settings.postgres_dsn:
        table.append(
            Process(
                "postgres",
                program(postgres.command, **postgres.process_options()),
                postgres.ready,
                prepare=postgres.prepare,
                stop_signal=signal.SIGINT,  # "fast": ends sessions instead of waiting for them
                grace=20,
            )
        )
    if not settings.kafka_bootstrap:
        table.append(
            Process(
                "kafka", program(kafka.command), kafka.ready, prepare=lambda: kafka.prepare(settings.jars), grace=20
            )
        )
    return table


def standins(settings: LocalSettings, clock: KeptClock | None) -> list[Process]:
    """A mail sink and an SMS simulator one can look into; they stand for the providers."""
    environment = _common_environment(settings, clock) | {
        f"HUIFANG_{name.upper()}_PORT": str(settings.ports[name]) for name in STANDINS
    }

    async def ready() -> None:
        for name in STANDINS:
            _, writer = await asyncio.open_connection(LOOPBACK, settings.ports[name])
            writer.close()

    command = [sys.executable, "-m", "deploy.standins", "all"]
    return [Process("standins", program(lambda: command, environment), ready)]


def services(settings: LocalSettings, kafka: str, dsns: dict[str, str], clock: KeptClock | None) -> list[Process]:
    """The six services; `dsns` by service."""
    environments = {name: service_environment(settings, name, kafka, dsns[name], clock) for name in SERVICES}
    return [_service(settings, name, environment) for name, environment in environments.items()]


def service_environment(
    settings: LocalSettings, name: str, kafka: str, dsn: str, clock: KeptClock | None
) -> dict[str, str]:
    """What one service's process is told."""
    own = {"HUIFANG_POSTGRES_DSN": dsn, "HUIFANG_TRACE_FILE": str(settings.traces / f"{name}.jsonl")}
    return _common_environment(settings, clock) | {"HUIFANG_KAFKA_BOOTSTRAP": kafka} | own


def _service(settings: LocalSettings, name: str, environment: dict[str, str]) -> Process:
    async def ready() -> None:
        async with httpx.AsyncClient(timeout=5) as client:
            (await client.get(f"{settings.url(name)}/readyz")).raise_for_status()

    return Process(name, forked(name, serve.main, [name, settings.ports[name]], environment), ready)


def _common_environment(settings: LocalSettings, clock: KeptClock | None) -> dict[str, str]:
    environment = {
        "HUIFANG_VAR": str(settings.var),
        "HUIFANG_KEYS_FILE": str(settings.keys_file),
        "HUIFANG_JWT_SECRET_FILE": str(settings.jwt_secret_file),
        "HUIFANG_DATA_KEY_FILE": str(settings.data_key_file),
        "HUIFANG_FRONT_DOOR_KEY_FILE": str(settings.front_door_key_file),
        "HUIFANG_FILES": os.environ.get("HUIFANG_FILES", str(settings.files)),
        "HUIFANG_PAGE_ASSETS": str(PAGE_ASSETS),
        "HUIFANG_SMTP_URL": f"smtp://{LOOPBACK}:{settings.ports['smtp']}",
        "HUIFANG_SMS_URL": settings.url("sms"),
        "HUIFANG_SMS_CALLBACK_TOKEN_FILE": str(settings.sms_callback_file),
        "HUIFANG_NOTIFICATIONS_URL": settings.url("notifications"),
        "HUIFANG_MANAGER_EMAILS": os.environ.get("HUIFANG_MANAGER_EMAILS", "manager@localhost"),
        "HUIFANG_SITES": json.dumps(_sites(settings)),
        "HUIFANG_LOG": "json",
        "HUIFANG_BUILD_COMMIT": os.environ.get("HUIFANG_BUILD_COMMIT") or _checked_out(),
        # a person's own run is traced whole; of a month in minutes a hundredth tells enough
        "HUIFANG_TRACE_RATIO": os.environ.get("HUIFANG_TRACE_RATIO") or ("0.01" if clock else "1"),
        "HUIFANG_CLOCK": clock.spec if clock else "",
    }
    return environment | ({"HUIFANG_CLOCK_ANCHOR": repr(clock.anchor)} if clock else {})


@cache
def _checked_out() -> str:
    """The commit that the checkout is at; "" where there is no git."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=ROOT, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _sites(settings: LocalSettings) -> dict[str, str]:
    """Where people find everything, by name."""
    return {name: settings.url(name) for name in (*SERVICES, "mail", "sms")} | {"front": settings.front_url}
