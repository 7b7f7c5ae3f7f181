"""Kafka's jars: resolved once into a lock file with a SHA-256 each, fetched and checked against it ever after.

jgo speaks the Maven protocol. Nothing is resolved at set-up: exactly the locked jars are fetched, from Maven Central or
the mirror given, and a jar whose bytes differ from the lock is refused.

    python -m shared.embedded.jars        writes the lock anew, after a change of version
"""

import hashlib
import os
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext
from jgo.parse import Endpoint

from shared.embedded import EmbeddedServerError

# "!" keeps log4j's bill of materials from choosing the versions of Kafka's own jars
ENDPOINT = "org.apache.kafka:kafka_2.13:4.3.0+org.apache.logging.log4j:log4j-slf4j-impl:2.25.4!"
LOCK_FILE = Path(__file__).parents[2] / "deploy" / "kafka" / "kafka.lock.toml"
MIRROR_VARIABLE = "HUIFANG_MAVEN_MIRROR"

ATTEMPTS = 3
PAUSE_SECONDS = 0.5

Progress = Callable[[int, int], None]


class JarRefused(EmbeddedServerError):
    """A jar's bytes are not those of the lock file."""


@dataclass(frozen=True)
class LockedJar:
    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def read_lock(path: Path = LOCK_FILE) -> list[LockedJar]:
    return [LockedJar(**entry) for entry in tomllib.loads(path.read_text())["jars"]]


def ensure_jars(folder: Path, locked: list[LockedJar], progress: Progress = lambda done, total: None) -> list[Path]:
    """Every locked jar in `folder`, fetched where missing or damaged; every one is checked every time (0.1 s).

    `progress(done, total)` is called after each jar fetched. Raises JarRefused when what the repository serves is not
    what was locked, EmbeddedServerError when it cannot be reached.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in locked if not _is_intact(folder / jar.filename, jar)]
    if missing:
        progress(0, len(missing))
    with ThreadPoolExecutor(8) as pool:
        for done, _ in enumerate(pool.map(lambda jar: _fetch(jar, folder), missing), start=1):
            progress(done, len(missing))
    return [folder / jar.filename for jar in locked]


def _is_intact(path: Path, jar: LockedJar) -> bool:
    return path.exists() and _sha256(path) == jar.sha256


def _fetch(jar: LockedJar, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as repository:
        fetched = _download(jar, Path(repository))
        if (actual := _sha256(fetched)) != jar.sha256:
            raise JarRefused(
                f"{jar.filename} is not the file that was locked: expected SHA-256 {jar.sha256}, got {actual}. "
                f"It was thrown away. Check the mirror ({MIRROR_VARIABLE}); if Kafka's version was changed on purpose, "
                "write the lock anew: python -m shared.embedded.jars"
            )
        fetched.replace(folder / jar.filename)


def _download(jar: LockedJar, repository: Path) -> Path:
    for attempt in range(1, ATTEMPTS + 1):
        context = MavenContext(repo_cache=repository / str(attempt), local_repos=[], remote_repos=_repositories())
        try:
            return Path(context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve())
        except (RuntimeError, OSError) as error:
            trouble = error
        time.sleep(PAUSE_SECONDS)
    raise EmbeddedServerError(
        f"{jar.filename} could not be fetched ({type(trouble).__name__}). The first set-up needs a Maven repository: "
        f"check the network or the proxy, or set {MIRROR_VARIABLE} to a mirror, and run the same command again."
    ) from trouble


def _repositories() -> dict[str, str]:
    return {"central": os.environ.get(MIRROR_VARIABLE, "").rstrip("/") or MAVEN_CENTRAL_URL}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def resolve_lock() -> list[LockedJar]:
    """Resolve ENDPOINT anew, with everything it needs at run time, and hash each jar."""
    with tempfile.TemporaryDirectory() as repository:
        context = MavenContext(repo_cache=Path(repository), local_repos=[], remote_repos=_repositories(), timeout=60)
        wanted = [
            context.create_dependency(replace(each, scope="compile")) for each in Endpoint.parse(ENDPOINT).coordinates
        ]
        direct, transitive = context.resolver.resolve(wanted)
        needed = direct + [each for each in transitive if each.scope in ("compile", "runtime")]
        jars = {
            LockedJar(each.groupId, each.artifactId, each.version, _sha256(each.artifact.resolve())) for each in needed
        }
    return sorted(jars, key=lambda jar: (jar.group, jar.artifact))


def write_lock(jars: list[LockedJar], path: Path = LOCK_FILE) -> None:
    head = f"# {ENDPOINT}\n# written by `python -m shared.embedded.jars`; not to be edited\n"
    entries = ("\n[[jars]]\n" + "".join(f'{name} = "{value}"\n' for name, value in asdict(jar).items()) for jar in jars)
    path.write_text(head + "".join(entries))


if __name__ == "__main__":
    write_lock(resolve_lock())
    sys.stdout.write(f"{LOCK_FILE.name}: {len(read_lock())} jars\n")
