"""Which addresses are this machine's own."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether `host` can only be reached from this machine."""
    if host == "localhost" or host.startswith("unix:"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_on_this_machine(address: str) -> bool:
    """Whether host:port, or a socket's `unix:path`, can only be this machine's."""
    return is_loopback(address if address.startswith("unix:") else address.rpartition(":")[0])
