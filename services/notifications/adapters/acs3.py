"""Aliyun's request signature V3 (ACS3-HMAC-SHA256) for RPC-style APIs with parameters in the query string."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from shared.ids import new_id

ALGORITHM = "ACS3-HMAC-SHA256"
NO_BODY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Credentials:
    key: str
    secret: str = field(repr=False)


def signed_headers(
    host: str, action: str, version: str, query: Mapping[str, str], credentials: Credentials | None, at: datetime
) -> dict[str, str]:
    """The headers of one request; without credentials, the same unsigned."""
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": NO_BODY,
        "x-acs-date": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": new_id().hex,
        "x-acs-version": version,
    }
    if credentials is None:
        return headers
    return {**headers, "authorization": _authorization(query, headers, credentials)}


def _authorization(query: Mapping[str, str], headers: Mapping[str, str], credentials: Credentials) -> str:
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    request = "\n".join(["POST", "/", _canonical(query), lines, names, NO_BODY])
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(credentials.secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={credentials.key},SignedHeaders={names},Signature={signature}"


def _canonical(query: Mapping[str, str]) -> str:
    return "&".join(f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}" for name in sorted(query))
