"""People of a platform on one machine, so that one can sign in at once: their passwords lie in a file its owner alone reads.

They are made as an administrator makes people and choose their passwords as people do, through the gateway's own pages.
"""

import re
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.local.files import read_json, write_json
from deploy.local.settings import ROLES
from shared.roles import ROLE_NAMES, Role

PATH = "/api/v1/people"
FORM = re.compile(r'name="form" value="([^"]+)"')
AT_ONCE = 2  # as many as the gateway hashes at a time
SECONDS = 120  # a machine on which much else starts may take long over a password


@dataclass(frozen=True)
class Account:
    """Somebody to be made; without units of the whole organisation."""

    login: str
    name: str
    roles: tuple[str, ...]
    units: tuple[str, ...] = ()


ONE_PER_ROLE = tuple(Account(role, ROLE_NAMES[Role(role)], (role,)) for role in ROLES)


class PeopleRefused(RuntimeError):
    """The gateway did not take an account; the text carries its reason."""


def ensure_people(run: dict[str, Any], accounts: Sequence[Account], file: Path) -> dict[str, str]:
    """Passwords by login of those made now. The file holds all of them, as they were when they were made.

    Raises PeopleRefused.
    """
    kept: dict[str, str] = read_json(file) or {}
    missing = [account for account in accounts if account.login not in kept]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = dict(pool.map(lambda account: (account.login, _make(run, account)), missing))
    if made:
        write_json(file, kept | made)
    return made


def _make(run: dict[str, Any], account: Account) -> str:
    """The password of a new account, or a new one of an account that was left half made."""
    address, key = run["services"]["gateway"], run["keys"]["admin"]
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=SECONDS) as admin:
        made = admin.post(PATH, json=asdict(account))
        if made.status_code == 409:
            seen = _done(admin.get(f"{PATH}/{account.login}"), account.login)
            made = admin.post(f"{PATH}/{account.login}/reset-password", headers={"If-Match": seen.headers["ETag"]})
        issued = _done(made, account.login).json()["password"]
    password = secrets.token_urlsafe(12)
    with httpx.Client(base_url=address, headers={"Origin": address}, timeout=SECONDS) as browser:
        form = FORM.search(browser.get("/login").text)
        fields = {"login": account.login, "password": issued, "form": form[1] if form else ""}
        _done(browser.post("/login", data=fields), account.login)
        _done(browser.post("/login/password", data={"password": password, "again": password}), account.login)
    return password


def _done(answer: httpx.Response, login: str) -> httpx.Response:
    if answer.status_code >= 400:
        raise PeopleRefused(f"{login}: HTTP {answer.status_code} {answer.text[:300]}")
    return answer
