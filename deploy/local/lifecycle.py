"""Up and down, in order: servers, databases and topics, services; and back."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from deploy.local import migrate, processes
from deploy.local.addresses import is_template, service_dsns
from deploy.local.clock import KeptClock, note_alive, resume_clock
from deploy.local.contents import apply_sample_pack
from deploy.local.downloads import set_up
from deploy.local.files import write_json
from deploy.local.front import front_door
from deploy.local.launch import forked, warm_up
from deploy.local.people import ONE_PER_ROLE, ensure_people
from deploy.local.ports import check_ports
from deploy.local.report import Report, announce, show_passwords
from deploy.local.runfiles import forget, living, note_pid, stop_leftovers, supervising
from deploy.local.secrets import Secrets, ensure_secrets
from deploy.local.settings import SERVICES, WATCHERS, LocalSettings
from deploy.local.supervisor import Process, Supervisor
from deploy.local.variables import unknown_variables
from deploy.local.watchers import start_watchers
from shared.contracts import registry
from shared.embedded import NOTICE
from shared.embedded.kafka import DEFAULT_PARTITIONS, KafkaServer, wait_until_ready
from shared.embedded.postgres import PostgresServer, ensure_databases
from shared.messaging.kafka import KafkaBroker
from shared.settings import ServiceSettings


async def up(settings: LocalSettings, report: Report) -> None:
    """Run the platform until a signal ends it. Raises AlreadyRunning, PortTaken, EmbeddedServerError, GaveUp."""
    with supervising(settings):
        if left := stop_leftovers(settings):
            report.line(f"an interrupted run had left {', '.join(left)}: stopped")
        for sentence in unknown_variables(os.environ):
            report.line(f"warning: {sentence}")
        check_ports(settings)
        set_up(settings, report)
        await Platform(settings, report).run()


class Platform:
    """One run, from `up` to the signal that ends it."""

    def __init__(self, settings: LocalSettings, report: Report) -> None:
        self.settings = settings
        self.report = report
        self.secrets: Secrets = ensure_secrets(settings)
        ports = settings.ports
        self.postgres = PostgresServer(settings.var / "postgres", ports["postgres"], self.secrets.superuser)
        self.kafka = KafkaServer(settings.var / "kafka", ports["kafka"], ports["kafka_controller"])
        self.dsns = service_dsns(settings.postgres_dsn, self.postgres, self.secrets)
        self.clock: KeptClock | None = None
        settings.logs.mkdir(parents=True, exist_ok=True)
        self.supervisor = Supervisor(settings.logs, report.line, lambda name, pid: note_pid(settings, name, pid))

    @property
    def bootstrap(self) -> str:
        return self.settings.kafka_bootstrap or self.kafka.bootstrap

    async def run(self) -> None:
        """Bring everything up, keep it up until SIGINT or SIGTERM, take it down. Raises GaveUp."""
        async with self._stopping_in_order():
            stopped = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stopped.set)
            await _first(self._up_and_watch(), stopped.wait())

    async def with_servers_alone(self, work: Callable[["Platform"], Awaitable[None]]) -> None:
        """PostgreSQL with the services' databases, Kafka with their topics, and nothing else, until `work` is done."""
        async with self._stopping_in_order():
            table = {each.name: each for each in processes.servers(self.settings, self.postgres, self.kafka)}
            await self.supervisor.start(*table.values())
            await self._own_databases()
            await self._topics(None)
            await work(self)

    async def _up_and_watch(self) -> None:
        warm_up()
        table = {each.name: each for each in processes.servers(self.settings, self.postgres, self.kafka)}
        if table:
            self.report.line(f"starting {' and '.join(table)} ({NOTICE})")
        await asyncio.gather(self._databases(table.get("postgres")), self._topics(table.get("kafka")))
        await self._start_services()
        await _first(self.supervisor.watch(), self._keep_clock())

    async def _databases(self, postgres: Process | None) -> None:
        if postgres:
            await self.supervisor.start(postgres)
        await self._own_databases()
        await self.supervisor.run_once("migrations", forked("migrations", migrate.main, [self.dsns], {}))
        self.report.line("databases are up to date")

    async def _own_databases(self) -> None:
        given = self.settings.postgres_dsn
        if not (given and is_template(given)):
            await ensure_databases(given or self.postgres.dsn(), self.secrets.passwords)

    async def _topics(self, kafka: Process | None) -> None:
        if kafka:
            await self.supervisor.start(kafka)
        security = ServiceSettings().kafka_security()
        await wait_until_ready(self.bootstrap, seconds=20, **security)
        names = [*registry.topics(), *(f"{service}-dlq" for service in SERVICES)]
        await KafkaBroker(self.bootstrap, security=security).ensure_topics(dict.fromkeys(names, DEFAULT_PARTITIONS))
        self.report.line(f"{len(names)} topics are there")

    async def _start_services(self) -> None:
        self.clock = resume_clock(self.settings, time.time())
        if self.clock:
            note_alive(self.settings, self.clock)
        table = processes.services(self.settings, self.bootstrap, self.dsns, self.clock)
        door = front_door(self.settings, self.secrets.front_door)
        await self.supervisor.start(*processes.standins(self.settings, self.clock), *table, door)
        await start_watchers(self.settings, self.supervisor, self.report.line)
        run = self._run_file()
        await self._fill(run)
        made = await asyncio.to_thread(ensure_people, run, ONE_PER_ROLE, self.settings.people_file)
        self.report.line("ready")
        announce(run, self.settings.people_file)
        show_passwords(made)
        write_json(self.settings.run_file, run)  # last: whoever waits for the file finds everything told

    async def _fill(self, run: dict[str, Any]) -> None:
        for line in await asyncio.to_thread(apply_sample_pack, run):
            self.report.line(f"sample pack: {line}")

    def _run_file(self) -> dict[str, Any]:
        """What `var/run.json` says; its shape is a promise to the demo, the tests and the benchmarks."""
        settings = self.settings
        return {
            "front": settings.front_url,
            "services": {name: settings.url(name) for name in SERVICES},
            "kafka": self.bootstrap,
            "postgres": self.dsns,
            "postgres_admin": settings.postgres_dsn or self.postgres.dsn(),
            "keys": self.secrets.keys,
            "pids": {"supervisor": os.getpid()} | {name: process.pid for name, process in living(settings).items()},
            "clock": {"spec": self.clock.spec, "anchor": self.clock.anchor} if self.clock else None,
            "mail": settings.url("mail"),
            "sms": settings.url("sms"),
        } | {name: settings.url(name) for name in self.supervisor.names if name in WATCHERS}

    async def _keep_clock(self) -> None:
        while True:
            if self.clock:
                note_alive(self.settings, self.clock)
            await asyncio.sleep(1)

    @contextlib.asynccontextmanager
    async def _stopping_in_order(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            running = self.supervisor.names
            servers = [name for name in ("kafka", "postgres") if name in running]
            users = [name for name in running if name not in servers]
            self.report.line(f"stopping {', then '.join(filter(None, [', '.join(users), *servers]))}")
            await self.supervisor.stop(*users)
            if self.clock:
                note_alive(self.settings, self.clock)
            for server in servers:
                await self.supervisor.stop(server)
            forget(self.settings)
            self.report.line("stopped; the data stays for the next run")


async def _first(*waits: Any) -> None:
    """Until one ends; the others are cancelled, the one's error is raised."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
