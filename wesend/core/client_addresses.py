"""Where a request comes from: behind a trusted proxy, what the proxy says; and whether it may use the sandbox."""

from __future__ import annotations

import hmac
import ipaddress
from functools import lru_cache

from flask import Request, current_app, request

from .current_app import this_app
from .current_request import this_request
from .settings import Settings

FORWARDING = frozenset(
    {
        "HTTP_FORWARDED",
        "HTTP_FORWARDED_FOR",
        "HTTP_VIA",
        "HTTP_CLIENT_IP",
        "HTTP_X_REAL_IP",
        "HTTP_X_CLIENT_IP",
        "HTTP_X_REMOTE_IP",
        "HTTP_X_REMOTE_ADDR",
        "HTTP_X_ORIGINATING_IP",
        "HTTP_X_CLUSTER_CLIENT_IP",
        "HTTP_X_HOST",
        "HTTP_X_SCHEME",
        "HTTP_X_ORIGINAL_HOST",
        "HTTP_X_ORIGINAL_FOR",
        "HTTP_X_ORIGINAL_URL",
        "HTTP_X_REWRITE_URL",
        "HTTP_X_NGINX_PROXY",
        "HTTP_X_VARNISH",
        "HTTP_MAX_FORWARDS",
        "HTTP_SURROGATE_CAPABILITY",
        "HTTP_PROXY_CLIENT_IP",
        "HTTP_WL_PROXY_CLIENT_IP",
        "HTTP_X_PROXYUSER_IP",
        "HTTP_X_ARR_LOG_ID",
        "HTTP_X_AZURE_CLIENTIP",
        "HTTP_X_AZURE_SOCKETIP",
        "HTTP_X_AMZ_CF_ID",
        "HTTP_X_APPENGINE_USER_IP",
        "HTTP_X_VERCEL_ID",
        "HTTP_X_ENVOY_EXTERNAL_ADDRESS",
        "HTTP_X_SUCURI_CLIENTIP",
        "HTTP_INCAP_CLIENT_IP",
        "HTTP_AKAMAI_ORIGIN_HOP",
        "HTTP_TRUE_CLIENT_IP",
        "HTTP_FLY_CLIENT_IP",
        "HTTP_FASTLY_CLIENT_IP",
        "HTTP_TAILSCALE_USER_LOGIN",
        "HTTP_CDN_LOOP",
        "HTTP_CF_CONNECTING_IP",
        "HTTP_CF_CONNECTING_IPV6",
        "HTTP_CF_IPCOUNTRY",
        "HTTP_CF_RAY",
        "HTTP_CF_VISITOR",
        "HTTP_CF_WORKER",
    }
)
"""What proxies and tunnels add, beside every header that begins as X-Forward."""


def client_address() -> str:
    """The peer's address; where that is of `WESEND_TRUSTED_PROXIES`, the one it has appended to X-Forwarded-For.

    Only the last entry counts: what stands before it, the client may have written itself.
    """
    environ = this_request().environ
    peer, forwarded = environ.get("REMOTE_ADDR") or "", environ.get("HTTP_X_FORWARDED_FOR")
    if not forwarded:  # asked of every call of an API
        return peer
    told = _address(forwarded.rpartition(",")[2].strip())
    return str(told) if told is not None and _is_trusted(peer) else peer


def may_use_sandbox() -> bool:
    """Whether this request may use the published credentials and see what the sandbox caught.

    While it is on, only who sits at this machine, unless `WESEND_SANDBOX=public` opens it to everybody.
    """
    settings: Settings = this_app().config["WESEND"]
    return settings.sandbox and (settings.sandbox_public or is_direct_from_loopback(this_request()))


def has_metrics_token() -> bool:
    """Whether the request carries `WESEND_METRICS_TOKEN`: who has it watches over this instance."""
    token: str = current_app.config["WESEND"].metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    return bool(token) and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode())


def is_direct_from_loopback(asked: Request) -> bool:
    """Made on this machine, to this machine, through nobody.

    A proxy on this machine has a loopback address as well: it shows by its headers or by the name that was asked for.
    That name tells, too, of a page elsewhere whose own name was pointed at this machine (DNS rebinding). Whoever asks for a
    whole address (`GET http://name/path`) means a proxy, and that name, whatever the Host header says.
    """
    environ = asked.environ
    return (
        _is_loopback(environ.get("REMOTE_ADDR") or "")
        and _names_loopback(environ.get("HTTP_HOST", ""))
        and environ.get("RAW_URI", "/").startswith("/")
        and not is_forwarded(asked)
    )


def is_forwarded(asked: Request) -> bool:
    """Whether a proxy says that it stands between; an empty header says so, too."""
    # Joined, for a look at each name costs ten times as much, on every call with a published key.
    return not FORWARDING.isdisjoint(asked.environ) or "HTTP_X_FORWARD" in " ".join(asked.environ)


@lru_cache(maxsize=256)
def _is_loopback(text: str) -> bool:
    """Of a peer; on a socket for both versions of IP, one of IPv4 is written as ``::ffff:127.0.0.1``."""
    address = _address(text)
    mapped = getattr(address, "ipv4_mapped", None)
    return address is not None and (mapped or address).is_loopback


@lru_cache(maxsize=256)
def _names_loopback(host: str) -> bool:
    """A Host header of 127.0.0.0/8, ::1 or localhost, with any port or none."""
    if host.startswith("["):
        name, bracket, port = host[1:].partition("]")
        return bool(bracket) and _is_port(port) and name.count(":") > 1 and _is_loopback(name)
    name, colon, port = host.partition(":")
    return _is_port(colon + port) and (name.lower() == "localhost" or _is_loopback(name))


def _is_port(text: str) -> bool:
    """``:8000`` or nothing."""
    return not text or (text[0] == ":" and text[1:].isascii() and text[1:].isdigit())


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_trusted(peer: str) -> bool:
    address = _address(peer)
    return address is not None and any(address in network for network in current_app.config["WESEND"].trusted_proxies)
