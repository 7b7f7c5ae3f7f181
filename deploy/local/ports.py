"""Ports are checked before anything starts: a taken one is told with a way out."""

from deploy.local.settings import LocalSettings
from shared.embedded.processes import port_is_taken, port_owner


class PortTaken(RuntimeError):
    """Somebody else listens where one of our processes wants to."""


def check_ports(settings: LocalSettings) -> None:
    """Raises PortTaken, with a way out."""
    for name, port in settings.own_ports.items():
        if port_is_taken(port):
            raise PortTaken(
                f"Port {port}, which {name} needs, is taken by {port_owner(port) or 'another process'}. Stop that one, "
                f"or move ours: HUIFANG_{name.upper()}_PORT=<port>, or all of them: HUIFANG_PORT_BASE=<first port>."
            )
