"""Which addresses are the public Internet's: a URL that a user gave may lead to no other."""

from __future__ import annotations

import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor

NAT64 = ipaddress.ip_network("64:ff9b::/96")


NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "2001::/23",
            "2001:db8::/32",
            "3fff::/20",
        ),
    )
)
"""IANA's registries of special-purpose addresses, with multicast: what is not the public Internet's to route, and the
relays and anycast services (192.0.0.0/24, 192.88.99.0/24, 2001::/23) at which nobody's endpoint stands. Python's own
properties follow the registries of the year of its release: 3.11 passes 192.0.0.0/24 and 192.88.99.0/24.
"""


GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")  # the only part of IPv6 that is given out; 5f00::/16 and the like are not


def is_public(address: str) -> bool:
    """Whether an IP address may be connected to; an IPv4 address inside an IPv6 one is looked at."""
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip not in GLOBAL_UNICAST:
            return False
    return ip.is_global and not any(ip in network for network in NOT_PUBLIC)


LOOK_UP_SECONDS = 1.0  # a page waits for it


_FOR_WARNINGS = ThreadPoolExecutor(4, thread_name_prefix="look-up")


def leads_to_private(host: str) -> bool:
    """Whether a host's name or address is private as it resolves now: for a warning, never for a decision."""
    try:
        found = _FOR_WARNINGS.submit(socket.getaddrinfo, host.strip("[]"), None).result(LOOK_UP_SECONDS)
        return not all(is_public(str(entry[4][0])) for entry in found)
    except (OSError, ValueError):
        return False
