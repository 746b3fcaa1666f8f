"""What the tests of the guarded client share."""

import socket

from wesend.adapters.guarded_http import Answer, GuardedHttp


def post(http: GuardedHttp, url: str, body: bytes = b"{}") -> Answer:
    return http.post(url, body, {"Content-Type": "application/json"})


def resolving_to(*addresses: str, port: int) -> list:
    """What `socket.getaddrinfo` says of a name with these addresses."""
    return [
        (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses
    ]
