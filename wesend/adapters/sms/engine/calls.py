"""Requests as a file describes them, with their authorisation: a token that turned stale is fetched anew once."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

from ... import reading
from ...access_token import Token
from ...http_client import HttpClient, Reply, basic
from ...outcomes import TEMPORARY
from .definition import Auth, Call
from .documents import first_at
from .templates import Values, one_line, written


class Caller:
    """The calls of one gateway; ``constants``: its options and secrets. Threads may share it."""

    def __init__(self, auth: Auth, http: HttpClient, constants: Values):
        self.auth, self.http, self.constants = auth, http, constants
        self.token = Token(self._fetch, read=self._read_token, usual_s=auth.lifetime) if auth.kind == "oauth" else None
        self._headers = self._standing_headers()

    def _standing_headers(self) -> dict[str, str]:
        auth = self.auth
        if auth.kind == "basic":
            assert auth.user is not None and auth.password is not None
            return {"Authorization": basic(str(auth.user(self.constants)), str(auth.password(self.constants)))}
        if auth.kind in ("header", "bearer"):
            assert auth.value is not None
            return {auth.name: one_line(auth.value(self.constants))}
        return {}

    def call(self, call: Call, values: Values) -> Reply:
        """Never raises for what the network or the vendor does."""
        if self.token is None:
            return self._request(call, values, self._headers, None)
        until = time.monotonic() + self.http.timeout
        for _ in range(2):
            token, problem = self.token.get(until)
            if token is None:
                assert problem is not None
                # Nobody was asked to send anything yet, whatever went wrong.
                return Reply(TEMPORARY, code="no_token", reason=problem.reason)
            assert self.auth.value is not None
            header = {self.auth.name: one_line(self.auth.value({**self.constants, "token": token}))}
            reply = self._request(call, values, header, until)
            if reply.status not in self.auth.stale:
                break
            self.token.forget(token)
        return reply

    def _request(self, call: Call, values: Values, headers: dict[str, str], until: float | None) -> Reply:
        url = call.url(values)
        if call.query is not None:
            query = urlencode(_pairs(call.query(values)), errors="replace")
            url += ("&" if "?" in url else "?") + query
        if call.headers is not None:
            headers = {**headers, **{name: one_line(value) for name, value in call.headers(values).items()}}
        body = None if call.body is None else call.body(values)
        if call.content_type == "form":
            return self.http.request(call.method, url, headers=headers, form=_pairs(body or {}), until=until)
        return self.http.request(call.method, url, headers=headers, json=body, until=until)

    def _fetch(self, until: float) -> Reply:
        auth = self.auth
        assert auth.call is not None
        headers = {}
        if auth.user is not None and auth.password is not None:
            headers["Authorization"] = basic(str(auth.user(self.constants)), str(auth.password(self.constants)))
        return self._request(auth.call, self.constants, headers, until)

    def _read_token(self, reply: Reply) -> tuple[str | None, int | None]:
        document = reading.json_value(reply.body)
        token = None
        for path in self.auth.token:
            token = token or reading.text(reading.pick(document, path), 4000)
        return token, reading.whole(first_at(document, self.auth.expires_in))


def _pairs(table: Any) -> list[tuple[str, str]]:
    """A form's fields in order; a list is one field several times. A list of pairs stays one."""
    if isinstance(table, list):
        return [(name, written(value)) for name, value in table]
    return [(name, written(value)) for name, given in table.items() for value in (given if isinstance(given, list) else [given])]
