"""Where the local platform lies and listens, and what it keeps: all below `var/`."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from shared.clock import parse_clock
from shared.embedded.processes import LOOPBACK

ROOT = Path(__file__).parents[2]
SERVICES = ("gateway", "scheduler", "visits", "complaints", "notifications", "analytics")
ROLES = ("agent", "supervisor", "policy_owner", "integrator", "ops", "auditor", "admin")
REAL_TIME = "real"
FRONT_TLS = ("off", "internal", "files")
PAGE_ASSETS = ROOT / "shared" / "web" / "node_modules"

_OFFSETS = {name: offset for offset, name in enumerate(SERVICES)} | {
    "front": 9,
    "postgres": 10,
    "kafka": 11,
    "kafka_controller": 12,
    "prometheus": 13,
    "alertmanager": 14,
    "smtp": 20,
    "mail": 21,
    "sms": 22,
}
PORTED = tuple(_OFFSETS)
# what watches the platform, by the programs' names where they differ between distributions
WATCHERS = {"prometheus": ("prometheus",), "alertmanager": ("prometheus-alertmanager", "alertmanager")}
OFF = "off"


@dataclass(frozen=True)
class LocalSettings:
    """The environment's HUIFANG_VAR, _PORT_BASE, _<NAME>_PORT, _FRONT_TLS, _CLOCK, _KAFKA_BOOTSTRAP and _POSTGRES_DSN."""

    var: Path
    ports: dict[str, int]
    clock: str | None
    kafka_bootstrap: str | None
    postgres_dsn: str | None
    front_tls: str = "off"

    @classmethod
    def from_environment(cls) -> "LocalSettings":
        """Raises ValueError for a port that is no number, a clock that is none, and a kind of TLS that there is not."""
        clock = os.environ.get("HUIFANG_CLOCK") or None
        if clock not in (None, REAL_TIME):
            parse_clock(clock)
        front_tls = os.environ.get("HUIFANG_FRONT_TLS") or "off"
        if front_tls not in FRONT_TLS:
            raise ValueError(f"HUIFANG_FRONT_TLS is {front_tls!r}, not one of: {', '.join(FRONT_TLS)}")
        base = int(os.environ.get("HUIFANG_PORT_BASE") or 8100)
        return cls(
            var=Path(os.environ.get("HUIFANG_VAR") or ROOT / "var").resolve(),
            ports={
                name: int(os.environ.get(f"HUIFANG_{name.upper()}_PORT") or base + offset)
                for name, offset in _OFFSETS.items()
            },
            clock=clock,
            kafka_bootstrap=os.environ.get("HUIFANG_KAFKA_BOOTSTRAP") or None,
            postgres_dsn=os.environ.get("HUIFANG_POSTGRES_DSN") or None,
            front_tls=front_tls,
        )

    def url(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[name]}"

    @property
    def front_url(self) -> str:
        """The one address that people need, without a slash at its end."""
        return self.url("front").replace("http:", "http:" if self.front_tls == "off" else "https:")

    @property
    def watchers(self) -> dict[str, str]:
        """Prometheus and Alertmanager, with their programs, as far as the machine has them; HUIFANG_PROMETHEUS and
        HUIFANG_ALERTMANAGER name other programs, or are `off`."""
        found = {}
        for name, programs in WATCHERS.items():
            given = os.environ.get(f"HUIFANG_{name.upper()}")
            if given != OFF and (path := next(filter(None, map(shutil.which, (given,) if given else programs)), None)):
                found[name] = path
        return found

    @property
    def own_ports(self) -> dict[str, int]:
        """The ports this platform listens on itself; those of servers given from outside are none of its business."""
        given = {"postgres"} if self.postgres_dsn else set()
        given |= {"kafka", "kafka_controller"} if self.kafka_bootstrap else set()
        given |= WATCHERS.keys() - self.watchers.keys()
        return {name: port for name, port in self.ports.items() if name not in given}

    @property
    def jars(self) -> Path:
        """Beside the checkout's other downloads, not below `var` of this run: they are the same for every run."""
        return ROOT / "var" / "kafka" / "lib"

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def files(self) -> Path:
        """Photographs and signatures, sealed."""
        return self.var / "files"

    @property
    def traces(self) -> Path:
        return self.var / "traces"

    @property
    def run_file(self) -> Path:
        return self.var / "run.json"

    @property
    def keys_file(self) -> Path:
        return self.var / "keys.json"

    @property
    def jwt_secret_file(self) -> Path:
        return self.var / "jwt.secret"

    @property
    def sms_callback_file(self) -> Path:
        return self.var / "sms-callback.token"

    @property
    def front_door_key_file(self) -> Path:
        return self.var / "front-door.key"

    @property
    def people_file(self) -> Path:
        """The passwords of the people that the platform made for whoever tries it."""
        return self.var / "people.json"

    @property
    def data_key_file(self) -> Path:
        return self.var / "data.key"
