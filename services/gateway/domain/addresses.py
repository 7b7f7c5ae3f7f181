"""Where results may be posted to: never into the platform's own network, unless the operator allows it (SSRF)."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291 §2.4: all that is assigned to hosts of the internet
# the last 32 bits are the IPv4 host: mapped and compatible (RFC 4291 §2.5.5), translated (RFC 2765), NAT64 (RFC 6052)
IPV4_BELOW = tuple(map(IPv6Network, ("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96")))
ISATAP = 0x0000_5EFE  # RFC 5214 §6.1: the interface id of a tunnel; a second form has one bit more


class ForbiddenTarget(ValueError):
    """An address that must not be called; says why, in Chinese."""


def parse_networks(text: str) -> list[Network]:
    """A comma-separated allow-list of addresses and networks. Raises ValueError."""
    return [ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()]


def check_url(url: str, allowed: Sequence[Network]) -> None:
    """What can be told without asking the name service. Raises ForbiddenTarget."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ForbiddenTarget("地址格式不对") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ForbiddenTarget("地址应为 http:// 或 https:// 开头的完整网址")
    if parts.username or parts.password:
        raise ForbiddenTarget("地址中不能带用户名或密码")
    try:
        address = ip_address(parts.hostname)
    except ValueError:
        return
    check_address(address, allowed)


def check_address(address: Address, allowed: Sequence[Network]) -> None:
    """Raises ForbiddenTarget for loopback, private, link-local and other special addresses that are not allowed.

    An IPv6 address that leads to an IPv4 host is judged as that host, and as itself.
    """
    for target in (address, *_reached(address)):
        if any(target in network for network in allowed if network.version == target.version):
            return
    if not all(_is_public(target) for target in _reached(address) or (address,)):
        raise ForbiddenTarget("目标是本机、内网或保留地址，如确需回写请由运维加入白名单")


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast


def _reached(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 hosts that an IPv6 address stands for by one of the known translations and tunnels."""
    if not isinstance(address, IPv6Address):
        return ()
    low = IPv4Address(int(address) & 0xFFFF_FFFF)
    if any(address in network for network in IPV4_BELOW) or (int(address) >> 32) & 0xFDFF_FFFF == ISATAP:
        return (low,)
    if address.teredo:
        return address.teredo
    return (address.sixtofour,) if address.sixtofour else ()
