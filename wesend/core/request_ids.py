"""Every answer carries `X-Request-Id`: the caller's own when it is a plain one, else a fresh one."""

from __future__ import annotations

import re

from flask import Flask, Response

from .current_request import this_g, this_request
from .ids import new_id

HEADER = "X-Request-Id"
PLAIN = re.compile(r"[A-Za-z0-9._:\-]{1,100}")


def request_id() -> str:
    here = this_g()
    found: str | None = here.get("request_id")
    if found is None:
        given = this_request().environ.get("HTTP_X_REQUEST_ID")
        found = here.request_id = given if given and PLAIN.fullmatch(given) else new_id()
    return found


def init_app(app: Flask) -> None:
    @app.after_request
    def carry(response: Response) -> Response:
        response.headers.add(HEADER, request_id())  # nobody has set it before
        return response
