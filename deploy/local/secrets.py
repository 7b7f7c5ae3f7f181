"""Passwords and keys of this machine's platform: made once, kept below `var/` readable by the owner only."""

import base64
import os
import secrets
from dataclasses import asdict, dataclass

from deploy.local.files import read_json, write_json, write_private
from deploy.local.settings import ROLES, SERVICES, LocalSettings
from shared.embedded.postgres import new_password


@dataclass(frozen=True)
class Secrets:
    """`passwords` by PostgreSQL role, `keys` (plain API keys) by platform role."""

    superuser: str
    passwords: dict[str, str]
    keys: dict[str, str]
    jwt: str
    data: str
    sms_callback: str


def ensure_secrets(settings: LocalSettings) -> Secrets:
    """The kept secrets, or new ones; also writes the files that services are pointed at."""
    path = settings.var / "secrets.json"
    kept = read_json(path)
    if kept:
        return Secrets(**kept)
    made = _new_secrets()
    write_json(settings.keys_file, [_hashed(role, key) for role, key in made.keys.items()])
    write_private(settings.jwt_secret_file, made.jwt)
    write_private(settings.data_key_file, made.data)
    write_private(settings.sms_callback_file, made.sms_callback)
    write_json(path, asdict(made))  # last: a run killed before makes all of them anew
    return made


def _new_secrets() -> Secrets:
    from shared.auth import new_key  # imports FastAPI, which only the first run has to wait for

    return Secrets(
        superuser=new_password(),
        passwords={role_name(service): new_password() for service in SERVICES},
        keys={role: new_key() for role in ROLES},
        jwt=secrets.token_urlsafe(48),
        data=base64.b64encode(os.urandom(64)).decode(),
        sms_callback=secrets.token_urlsafe(24),
    )


def _hashed(role: str, key: str) -> dict[str, str]:
    from shared.auth import hash_key

    return {"id": f"local-{role}", "role": role, "name": f"local {role}", "sha256": hash_key(key)}


def role_name(service: str) -> str:
    """A service's role and database in PostgreSQL."""
    return f"huifang_{service}"
