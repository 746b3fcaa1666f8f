"""One HTTP request to a gateway, and what its failure means for the message that it carried.

Whether anything was sent is seen where it happens, at the socket, and not guessed from an exception's class: before the
first byte of the request every failure is ``temporary``, after it ``unknown``.
"""

from __future__ import annotations

import json as json_module
import time
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .http_reply import ANSWERED as ANSWERED
from .http_reply import Reply as Reply
from .one_call import OneCall
from .outcomes import REFUSED, TEMPORARY, UNKNOWN

if TYPE_CHECKING:
    import requests

IDLE_SECONDS = 1.0  # an idle connection is kept no longer: one closed by the server as we send loses a message's fate
MOVED = (301, 307, 308)  # says for sure that nothing was carried out, unlike 302 and 303
UNSURE_4XX = (408, 425)


class HttpClient:
    """Requests to one gateway, from any thread: each takes a session of its own and gives it back.

    ``timeout``: seconds for a whole request, from its first look-up to the last byte of the answer (a name's look-up
    itself can't be interrupted). Environment proxies, cookies and redirects are not followed.
    """

    def __init__(self, timeout: float):
        self.timeout = timeout
        self.idle: deque[tuple[requests.Session, float]] = deque()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Any = None,
        json: Any = None,
        body: bytes | None = None,
        until: float | None = None,
    ) -> Reply:
        """Never raises for what the network or the server does. ``until``: an earlier end, in monotonic seconds."""
        from . import sockets  # with requests: most commands know of the gateways, and call none

        left = self.timeout if until is None else min(self.timeout, until - time.monotonic())
        if left <= 0:
            return Reply(TEMPORARY, code="busy", reason="There was no time left to begin")
        sent_headers = {name: value.encode(errors="replace") for name, value in (headers or {}).items()}
        if json is not None:
            body = json_module.dumps(json).encode()
            sent_headers.setdefault("Content-Type", b"application/json")
        elif form is not None:
            body = urlencode(form, errors="replace").encode()
            sent_headers.setdefault("Content-Type", b"application/x-www-form-urlencoded")
        session = self._take() or sockets.session()
        with OneCall(left) as call:
            try:
                status, content = sockets.exchange(session, method, url, sent_headers, body, left)
            except sockets.FAILURES as error:
                session.close()
                return _failed(call, timed_out=isinstance(error, sockets.Timeout))
        if call.expired:  # a cut in the headers otherwise reads as a clean answer
            session.close()
            return _failed(call)
        self._give_back(session)
        return _judge(status, content)

    def close(self) -> None:
        """Close what is idle; requests under way are not touched."""
        while self.idle:
            self.idle.pop()[0].close()

    __del__ = close
    """Also of a gateway that nobody knows any more."""

    def _take(self) -> requests.Session | None:
        now = time.monotonic()
        while self.idle:
            try:
                session, since = self.idle.pop()
            except IndexError:
                break  # another thread was quicker
            if now - since < IDLE_SECONDS:
                return session
            session.close()
        return None

    def _give_back(self, session: requests.Session) -> None:
        now = time.monotonic()
        self.idle.append((session, now))
        while self.idle and now - self.idle[0][1] > 2 * IDLE_SECONDS:
            try:
                self.idle.popleft()[0].close()
            except IndexError:
                break


def _failed(call: OneCall, *, timed_out: bool = False) -> Reply:
    if not call.sent:
        return Reply(TEMPORARY, code="unreachable", reason=f"The gateway could not be reached: {call.failure_words()}")
    if call.expired or timed_out:
        return Reply(UNKNOWN, code="no_answer", reason="The gateway gave no complete answer in time")
    return Reply(UNKNOWN, code="broken", reason="The connection broke before the gateway's answer was complete")


def _judge(status: int, content: bytes) -> Reply:
    if 200 <= status < 300:
        return Reply(ANSWERED, status, content)
    if status in (429, 503):
        kind = TEMPORARY
    elif status in MOVED or (400 <= status < 500 and status not in UNSURE_4XX):
        kind = REFUSED
    else:
        kind = UNKNOWN
    reply = Reply(kind, status, content, f"http_{status}")
    return reply._replace(reason=reply.said() or f"The gateway answered {status}")


def basic(user: str, password: str) -> str:
    """The value of an ``Authorization`` header."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
