"""requests' sessions on connections that tell `OneCall` when the first byte goes out, and that end when it is over."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests import Timeout as Timeout
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .one_call import current

LONGEST_BODY = 1024 * 1024  # bytes of an answer that are read
FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)
"""What a request may raise for what the network or the server does."""


class _Watched:
    """Mixed into urllib3's connections; the call is the thread's, since a session serves one thread at a time."""

    sock: Any

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()  # type: ignore[misc]  # of the class that it is mixed into
        try:
            current.call.watch(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]  # of the class that it is mixed into
        except BaseException as error:
            current.call.failure = error
            raise

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        call = current.call
        if not call.watching:  # a connection of an earlier call
            call.watch(self.sock)
        call.sent = True
        super().send(data)  # type: ignore[misc]  # of the class that it is mixed into


class _PlainConnection(_Watched, HTTPConnection):
    pass


class _TlsConnection(_Watched, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class CuttableAdapter(HTTPAdapter):
    """requests' transport on those connections; used inside `OneCall` only."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None for every answer: a redirect is never followed, not even looked at."""


def session() -> requests.Session:
    made = _Session()
    made.trust_env = False
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    made.headers.update({"User-Agent": "wesend", "Accept": "application/json", "Accept-Encoding": "identity"})
    for prefix in ("http://", "https://"):
        # Only a connection that can't be made is tried again, on the name's next address; that is urllib3's default.
        made.mount(prefix, CuttableAdapter(pool_connections=2, pool_maxsize=1, max_retries=0))
    return made


def exchange(
    session: requests.Session, method: str, url: str, headers: Mapping[str, bytes], body: bytes | None, seconds: float
) -> tuple[int, bytes]:
    with session.request(
        method, url, headers=headers, data=body, stream=True, allow_redirects=False, timeout=(max(seconds / 2, 0.1), seconds)
    ) as response:
        content = b""
        for chunk in response.iter_content(16_384):
            content += chunk
            if len(content) > LONGEST_BODY:
                raise ValueError("the answer is too long")
        return response.status_code, content
