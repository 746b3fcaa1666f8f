"""Where a request comes from: behind a trusted proxy, what the proxy says."""

from __future__ import annotations

import ipaddress

from flask import current_app, request


def client_address() -> str:
    """The peer's address; where that is of `WESEND_TRUSTED_PROXIES`, the one it has appended to X-Forwarded-For.

    Only the last entry counts: what stands before it, the client may have written itself.
    """
    peer = request.remote_addr or ""
    told = _address(request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip())
    return str(told) if told is not None and _is_trusted(peer) else peer


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_trusted(peer: str) -> bool:
    address = _address(peer)
    return address is not None and any(address in network for network in current_app.config["WESEND"].trusted_proxies)
