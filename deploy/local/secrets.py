"""Passwords and keys of this machine's platform: made once, kept below `var/` readable by the owner only."""

import base64
import os
import secrets
from dataclasses import asdict, dataclass, fields
from typing import Any

from deploy.local.files import read_json, write_json, write_private
from deploy.local.settings import ROLES, SERVICES, LocalSettings


@dataclass(frozen=True)
class Secrets:
    """`passwords` by PostgreSQL role, `keys` (plain API keys) by platform role."""

    superuser: str
    passwords: dict[str, str]
    keys: dict[str, str]
    jwt: str
    data: str
    sms_callback: str
    front_door: str


def ensure_secrets(settings: LocalSettings, given: dict[str, Any] | None = None) -> Secrets:
    """The kept secrets, with those a newer version asks for; also writes the files that services are pointed at.

    `given` are those of another platform, to be kept from now on.
    """
    path = settings.var / "secrets.json"
    kept = given or read_json(path) or {}
    if given is None and _is_complete(kept):
        return Secrets(**kept)
    fresh = asdict(_new_secrets())
    grown = {name: fresh[name] | kept.get(name, {}) for name in ("passwords", "keys")}
    chosen = Secrets(**(fresh | kept | grown))
    write_json(settings.keys_file, [_hashed(role, key) for role, key in chosen.keys.items()])
    write_private(settings.jwt_secret_file, chosen.jwt)
    write_private(settings.data_key_file, chosen.data)
    write_private(settings.sms_callback_file, chosen.sms_callback)
    write_private(settings.front_door_key_file, chosen.front_door)
    write_json(path, asdict(chosen))  # last: a run killed before does all of it again
    return chosen


def _is_complete(kept: dict[str, Any]) -> bool:
    return (
        kept.keys() == {field.name for field in fields(Secrets)}
        and kept["passwords"].keys() == {role_name(service) for service in SERVICES}
        and kept["keys"].keys() == set(ROLES)
    )


def _new_secrets() -> Secrets:
    from shared.auth import new_key  # imports FastAPI, which only the first run has to wait for
    from shared.embedded.postgres import new_password  # with the server itself, which an image does without

    return Secrets(
        superuser=new_password(),
        passwords={role_name(service): new_password() for service in SERVICES},
        keys={role: new_key() for role in ROLES},
        jwt=secrets.token_urlsafe(48),
        data=base64.b64encode(os.urandom(64)).decode(),
        sms_callback=secrets.token_urlsafe(24),
        front_door=secrets.token_urlsafe(24),
    )


def _hashed(role: str, key: str) -> dict[str, str]:
    from shared.auth import hash_key

    return {"id": f"local-{role}", "role": role, "name": f"local {role}", "sha256": hash_key(key)}


def role_name(service: str) -> str:
    """A service's role and database in PostgreSQL."""
    return f"huifang_{service}"
