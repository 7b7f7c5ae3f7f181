"""Prometheus and Alertmanager beside the local platform, where the machine has them; the platform does without, too."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

from deploy.local.launch import program
from deploy.local.settings import ROOT, SERVICES, LocalSettings
from deploy.local.supervisor import GaveUp, Process, Supervisor
from shared.embedded.processes import LOOPBACK

PROMETHEUS, ALERTMANAGER = ROOT / "deploy" / "prometheus", ROOT / "deploy" / "alertmanager"
HOW_TO_GET = (
    "apt-get install prometheus prometheus-alertmanager; brew install prometheus alertmanager; prometheus.io/download"
)
SCRAPE = "5s"


async def start_watchers(settings: LocalSettings, supervisor: Supervisor, say: Callable[[str], None]) -> None:
    """Start what the machine has. What can't be started is told and left out: nobody is kept from work by it."""
    found = settings.watchers
    if "prometheus" not in found:
        say(f"no Prometheus: there is none on this machine, or it is switched off ({HOW_TO_GET})")
        return
    for name, process in _processes(settings, found).items():
        try:
            await supervisor.start(process)
        except GaveUp as error:
            await supervisor.stop(name)
            say(f"{name} is left out: {error}")


def _processes(settings: LocalSettings, found: Mapping[str, str]) -> dict[str, Process]:
    table = {"prometheus": _prometheus(settings, found["prometheus"])}
    if "alertmanager" in found:
        table["alertmanager"] = _alertmanager(settings, found["alertmanager"])
    return table


def _prometheus(settings: LocalSettings, executable: str) -> Process:
    folder = settings.var / "prometheus"
    command = [
        executable,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=15d",
        f"--web.listen-address={LOOPBACK}:{settings.ports['prometheus']}",
        "--log.level=warn",
    ]
    return Process(
        "prometheus",
        program(lambda: command),
        _answers(f"{settings.url('prometheus')}/-/ready"),
        prepare=lambda: write_prometheus(settings, folder),
    )


def _alertmanager(settings: LocalSettings, executable: str) -> Process:
    folder = settings.var / "alertmanager"
    command = [
        executable,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{settings.ports['alertmanager']}",
        "--cluster.listen-address=",  # alone
        "--log.level=warn",
    ]
    return Process(
        "alertmanager",
        program(lambda: command),
        _answers(f"{settings.url('alertmanager')}/-/ready"),
        prepare=lambda: write_alertmanager(settings, folder),
    )


def _answers(url: str) -> Callable[[], Any]:
    async def ready() -> None:
        async with httpx.AsyncClient(timeout=5) as client:
            (await client.get(url)).raise_for_status()

    return ready


def write_prometheus(settings: LocalSettings, folder: Path) -> None:
    """The configuration of every deployment, with this platform's targets, scraped more often."""
    shutil.copytree(PROMETHEUS / "rules", folder / "rules", dirs_exist_ok=True)
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))
    config["global"] |= {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE, "evaluation_interval": SCRAPE}
    config["scrape_configs"].append(
        {"job_name": "prometheus", "static_configs": [{"targets": [_host(settings, "prometheus")]}]}
    )
    _write(folder / "prometheus.yml", config)
    services = [{"targets": [_host(settings, name)], "labels": {"service": name}} for name in SERVICES]
    _write(folder / "targets" / "services.yml", services)
    for name in ("node", "postgres", "kafka"):  # whoever runs an exporter puts it here; it is read at once
        if not (path := folder / "targets" / f"{name}.yml").exists():
            _write(path, [])
    there = [{"targets": [_host(settings, "alertmanager")]}] if "alertmanager" in settings.watchers else []
    _write(folder / "targets" / "alertmanager.yml", there)


def write_alertmanager(settings: LocalSettings, folder: Path) -> None:
    """The configuration of every deployment, with the mail sink as its mail server."""
    shutil.copytree(ALERTMANAGER / "templates", folder / "templates", dirs_exist_ok=True)
    config = yaml.safe_load((ALERTMANAGER / "alertmanager.yml").read_text("utf-8"))
    config["global"] |= {
        "smtp_smarthost": f"{LOOPBACK}:{settings.ports['smtp']}",
        "smtp_require_tls": False,
    }
    for receiver in config["receivers"]:
        receiver.pop("webhook_configs", None)  # nobody listens here
    config["route"] |= {"group_wait": "1s", "group_interval": "5s"}
    for route in config["route"]["routes"]:
        route.pop("group_wait", None)
    _write(folder / "alertmanager.yml", config)


def _host(settings: LocalSettings, name: str) -> str:
    return urlsplit(settings.url(name)).netloc


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
