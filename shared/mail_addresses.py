"""E-mail addresses in one form, so that an address is one however people and systems write it."""

import string
import unicodedata
from typing import Annotated

import idna
from pydantic import AfterValidator

LONGEST = 254  # RFC 5321 §4.5.3.1.3: a path has 256 at most, with its brackets
_APART = frozenset('<>()[]\\,;:"@')  # what a local part without quotes may not have (RFC 5322 §3.2.3)
_OF_HOSTS = frozenset(string.ascii_lowercase + string.digits + "-_.")


def one_address(text: str) -> str:
    """The address in its one form; what is not one address, or is a sealed one, stays as it is, without blanks around.

    The domain is in small letters as DNS has it (A-labels, RFC 5890 §2.3.2.1; UTS #46), without the dot of the root; a name
    before `<…>` and full-width letters are gone. The part before the @ keeps its capitals: what they mean only its own
    server knows (RFC 5321 §2.4).
    """
    local, _, domain = _bare(unicodedata.normalize("NFKC", text).strip()).rpartition("@")
    local, host = local.strip(), _host(domain.strip())
    address = f"{local}@{host}"
    return address if host and _is_local_part(local) and len(address) <= LONGEST else text.strip()


def is_address(text: str) -> bool:
    """Whether this is one e-mail address, at a domain that strangers can reach."""
    address = one_address(text)
    local, _, host = address.rpartition("@")
    return bool(local) and "." in host and host == _host(host) and _is_local_part(local)


MailAddress = Annotated[str, AfterValidator(one_address)]


def _bare(written: str) -> str:
    """What stands in brackets behind somebody's name, else all of it."""
    if not written.endswith(">"):
        return written
    name, _, address = written[:-1].rpartition("<")
    name = name.strip()
    is_quoted = len(name) > 1 and name[0] == name[-1] == '"' and '"' not in name[1:-1]
    return address.strip() if is_quoted or _APART.isdisjoint(name) else written


def _is_local_part(local: str) -> bool:
    if len(local) > 2 and local[0] == local[-1] == '"':
        return '"' not in local[1:-1]
    return bool(local) and _APART.isdisjoint(local) and not any(map(str.isspace, local))


def _host(domain: str) -> str:
    """The domain in its one form; "" for what can be none."""
    host = domain.replace("。", ".").removesuffix(".").lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode() if len(host) <= LONGEST else ""
        except idna.IDNAError:
            return ""
    if host.startswith("[") and host.endswith("]"):
        return host  # an address of the network itself (RFC 5321 §4.1.3)
    return host if all(host.split(".")) and _OF_HOSTS.issuperset(host) else ""
