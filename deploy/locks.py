"""Write the lock files anew: `python -m deploy.locks`, after a dependency was changed in `pyproject.toml`.

`requirements.lock` holds everything a checkout needs. The image gets less: `deploy/image.lock` what services run on,
`deploy/sbom.lock` what lists an image's content while it is built; both are parts of the first. Versions that still fit stay.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WHOLE = ROOT / "requirements.lock"
IMAGE = ROOT / "deploy" / "image.lock"
SBOM = ROOT / "deploy" / "sbom.lock"
SBOM_TOOL = "cyclonedx-bom"
_COMPILE = ("pip", "compile", "--universal", "--generate-hashes", "--no-header", "--no-annotate", "--quiet")


def main() -> None:
    """Needs a package index. Raises CalledProcessError when the requirements contradict each other."""
    _compile("pyproject.toml", "--all-extras", "--output-file", WHOLE)
    part_of_it = ("--constraint", WHOLE, "--output-file")
    _compile("pyproject.toml", *part_of_it, IMAGE)
    _compile("-", *part_of_it, SBOM, given=SBOM_TOOL)


def _compile(*arguments: str | Path, given: str = "") -> None:
    command = [sys.executable, "-m", "uv", *_COMPILE, *map(str, arguments)]
    subprocess.run(command, cwd=ROOT, input=given, text=True, check=True)


if __name__ == "__main__":
    main()
