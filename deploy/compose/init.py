"""Secrets and `.env` of `deploy/compose.yaml`: `python3 deploy/compose/init.py [--host NAME] [--port 8080] [--tls internal]`.

Made once; what is there is kept, so it may be run again. Standard library only: it runs before anything is installed.
Secrets lie in `deploy/compose/secrets`, a folder its owner alone may enter: the files in it can be read by any user of the
containers they are mounted into, and by nobody else.
"""

import argparse
import base64
import hashlib
import json
import os
import secrets
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECRETS = HERE / "secrets"
ENV = HERE.parent / ".env"
STATE = HERE / "secrets" / "operator"
SERVICES = ("gateway", "scheduler", "visits", "complaints", "notifications", "analytics")
ROLES = ("admin", "integrator", "policy_owner", "supervisor", "ops", "auditor")
# filled in by an operator where a provider or a certificate is used
EMPTY = (
    *("sms-access.secret", "smtp.url", "oidc-client.secret", "cti.key", "cti-webhook.secret"),
    *("front.crt", "front.key"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="localhost", help="the name that people and programs call the platform by")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--tls", choices=("off", "internal", "files"), default="off", help="as HUIFANG_FRONT_TLS")
    given = parser.parse_args()
    if given.tls == "off" and given.host not in ("localhost", "127.0.0.1"):
        sys.exit("Passwords would travel in the clear: use --tls internal or files for other names than localhost.")
    SECRETS.mkdir(mode=0o700, exist_ok=True)
    SECRETS.chmod(0o700)
    make_secrets()
    front = f"{'http' if given.tls == 'off' else 'https'}://{given.host}:{given.port}"
    _keep(ENV, env(given.host, given.port, given.tls, front))
    make_operator(front)
    print(f"secrets in {SECRETS}, settings in {ENV}")
    print(f"the platform will be at {front}/; make people: HUIFANG_VAR={STATE} .venv/bin/huifang people add --help")


def make_secrets() -> None:
    for service in SERVICES:
        dsn = f"postgresql://huifang_{service}:{secrets.token_urlsafe(24)}@postgres:5432/huifang_{service}?sslmode=disable"
        _keep(SECRETS / f"{service}.dsn", dsn)
    _keep(SECRETS / "postgres.password", secrets.token_urlsafe(24))
    _keep(SECRETS / "grafana.password", secrets.token_urlsafe(16))
    _keep(SECRETS / "data.key", base64.b64encode(os.urandom(64)).decode())
    _keep(SECRETS / "jwt.secret", secrets.token_urlsafe(48))
    _keep(SECRETS / "front-door.key", secrets.token_urlsafe(24))
    _keep(SECRETS / "sms-callback.token", secrets.token_urlsafe(24))
    _keep(SECRETS / "alerts.token", secrets.token_urlsafe(24))
    _keep(SECRETS / "alerts.secret", "whsec_" + base64.b64encode(os.urandom(32)).decode())
    for name in EMPTY:
        _keep(SECRETS / name, "")


def make_operator(front: str) -> None:
    """The first keys, in plain for the operator's commands, hashed for the services."""
    STATE.mkdir(mode=0o700, exist_ok=True)
    keys = {role: "hf_" + secrets.token_urlsafe(32) for role in ROLES}
    run = {"front": front, "services": {name: f"{front}/{name}" for name in SERVICES}, "keys": keys}
    if _keep(STATE / "run.json", json.dumps(run, indent=2)):
        hashed = [
            {"id": f"first-{role}", "role": role, "name": f"first {role}", "sha256": _hash(key)}
            for role, key in keys.items()
        ]
        _replace(SECRETS / "keys.json", json.dumps(hashed, indent=2))


def env(host: str, port: int, tls: str, front: str) -> str:
    names = ["localhost", "127.0.0.1", host, *SERVICES]
    cluster = base64.urlsafe_b64encode(hashlib.sha256(os.urandom(16)).digest()[:16]).rstrip(b"=").decode()
    publish = f"127.0.0.1:{port}" if tls == "off" else str(port)
    address = "http://:8080" if tls == "off" else f"https://{host}:8080, https://localhost:8080"
    return f"""# made by compose/init.py; change what you like, it is not written over. All settings: `deploy/compose.yaml`
HUIFANG_HOSTS={",".join(dict.fromkeys(names))}
HUIFANG_SITES='{json.dumps({"front": front})}'
HUIFANG_FRONT_ADDRESS={address}
HUIFANG_FRONT_PUBLISH={publish}
HUIFANG_FRONT_TLS={tls}
KAFKA_CLUSTER_ID={cluster.replace("-", "A")}
"""


def _hash(key: str) -> str:
    """As `shared.keys.hash_key`."""
    return hashlib.sha256(key.encode()).hexdigest()


def _keep(path: Path, text: str) -> bool:
    """Write it unless it is there; tells whether it was written."""
    if path.exists():
        return False
    _replace(path, text)
    return True


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_name(path.name + ".new")
    unfinished.write_text(text)
    unfinished.replace(path)


if __name__ == "__main__":
    main()
