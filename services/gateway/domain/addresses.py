"""Where results may be posted to: never into the platform's own network, unless the operator allows it (SSRF)."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


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
    """Raises ForbiddenTarget for loopback, private, link-local and other special addresses that are not allowed."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    target = mapped or address
    if any(target in network for network in allowed if network.version == target.version):
        return
    if not target.is_global or target.is_multicast:
        raise ForbiddenTarget("目标是本机、内网或保留地址，如确需回写请由运维加入白名单")
