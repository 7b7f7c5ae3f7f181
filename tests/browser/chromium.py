"""The Chromium that the browser tests drive: out of a package, so nothing is asked of the machine, or the machine's own."""

import os
import shutil
import subprocess
from pathlib import Path

from deploy.local.downloads import browser_of

HERE = Path(__file__).parent
MACHINES_OWN = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--lang=zh-CN", "--no-sandbox", "--no-zygote", "--disable-gpu", "--font-render-hinting=none")


def executable() -> str | None:
    """`HUIFANG_CHROMIUM`, else what `make setup` unpacked, else the machine's own; None when there is none."""
    if given := os.environ.get("HUIFANG_CHROMIUM"):
        return given
    packaged = browser_of(HERE)
    found = [str(packaged)] if packaged.exists() else [shutil.which(name) for name in MACHINES_OWN]
    return next(filter(None, found), None)


def libraries(program: str) -> dict[str, str]:
    """Environment for a machine that lacks libraries which the packaged Chromium brings along."""
    lacking = "not found" in subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    own = browser_of(HERE).parent / "al2023" / "lib"
    return {"LD_LIBRARY_PATH": str(own)} if lacking and own.exists() else {}
