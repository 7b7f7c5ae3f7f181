"""Where the databases, Kafka and the data key are: on this machine's platform, or as an operator's secrets name them."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from deploy.backup.manifest import KeptTime, fingerprint
from deploy.local.files import read_json
from deploy.local.runfiles import read_run
from deploy.local.settings import SERVICES, LocalSettings
from shared.settings import ServiceSettings


class InstallationUnknown(RuntimeError):
    """A database or the data key can't be found; the text says what to give."""


@dataclass(frozen=True)
class Installation:
    """`dsns` by service; `data_key` is a fingerprint; `clock` is the platform's simulated one, `files` the folder beside
    the databases, None where files are in a bucket."""

    dsns: dict[str, str] = field(repr=False)
    data_key: str
    kafka: str
    topic_prefix: str = ""
    clock: KeptTime | None = None
    files: Path | None = None


def dsns_in(databases: Path) -> dict[str, str]:
    """DSNs by service of files `<service>.dsn` in a folder, as secrets are mounted. Raises InstallationUnknown."""
    dsns = {}
    for service in SERVICES:
        path = databases / f"{service}.dsn"
        if not path.is_file():
            raise InstallationUnknown(f"没有 {path}：--databases 的目录里每个服务要有一个文件，内容是它的 DSN")
        dsns[service] = path.read_text().strip()
    return dsns


def given(databases: Path, files: Path | None = None) -> Installation:
    """Databases by files in a folder, `files` beside them, all else by HUIFANG_* variables. Raises InstallationUnknown."""
    dsns = dsns_in(databases)
    settings = ServiceSettings()
    if settings.data_key is None:
        raise InstallationUnknown("HUIFANG_DATA_KEY_FILE 没有设置：备份要记下数据密钥的指纹，恢复要核对它")
    key = fingerprint(settings.data_key.get_secret_value())
    return Installation(dsns, key, settings.kafka_bootstrap, settings.topic_prefix, files=files)


def here(settings: LocalSettings) -> Installation:
    """This machine's running platform. Raises InstallationUnknown when it does not run."""
    run = read_run(settings)
    if run is None:
        raise InstallationUnknown("平台没有运行，请先执行 make run，或用 --databases 指明数据库")
    key = fingerprint(settings.data_key_file.read_text())
    clock = read_json(settings.var / "clock.json")
    return Installation(
        dict(run["postgres"]), key, run["kafka"], clock=KeptTime(**clock) if clock else None, files=files_here(settings)
    )


def files_here(settings: LocalSettings) -> Path | None:
    """Where this machine's platform keeps files; None for a bucket, whose keeper has backups of its own."""
    where = os.environ.get("HUIFANG_FILES") or str(settings.files)
    return None if "://" in where else Path(where)
