"""An application that sends codes by wesend: what docs/testing.md's snippets in Python test."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

PAGE = """<!doctype html><form method="post">
<label>Phone <input name="phone" value="{phone}"></label><button formaction="/code">Send me a code</button>
<label>Code <input name="code"></label><button formaction="/sign-in">Sign in</button></form>{told}"""


class Outcome(NamedTuple):
    error: str | None


def send(url: str, headers: dict[str, str], to: str, text: str, *, api_key: str, api_secret: str, wallet_id: str) -> None:
    """One SMS by Wesendall's API; HTTPError where it is refused."""
    token = base64.b64encode(f"{api_key}:{api_secret}".encode()).decode()
    body = json.dumps({"walletId": wallet_id, "recipient": to, "message": text}).encode()
    told = {"Content-Type": "application/json", "Authorization": f"Basic {token}", **headers}
    with urlopen(Request(f"{url}/api/v1/sms/send", body, told), timeout=30):
        pass


class Shop:
    def __init__(self, url: str, headers: dict[str, str], **keys: str):
        self._url, self._headers, self._keys = url, headers, keys
        self._code = ""

    def sign_up(self, phone: str) -> Outcome:
        self._code = f"{secrets.randbelow(1_000_000):06}"
        try:
            send(self._url, self._headers, phone, f"Your code is {self._code}", **self._keys)
        except HTTPError as error:
            error.close()
            return Outcome("We could not reach your phone")
        return Outcome(None)

    def confirm(self, code: str) -> bool:
        return bool(code) and code == self._code

    def wsgi(self, environ: dict, start_response) -> Iterator[bytes]:
        """The same as a page."""
        sent = parse_qs(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode())
        phone, code = (sent.get(name, [""])[0] for name in ("phone", "code"))
        told = ""
        if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == "/code":
            told = self.sign_up(phone).error or "Sent"
        elif environ["REQUEST_METHOD"] == "POST":
            told = "<h1>Welcome</h1>" if self.confirm(code) else "Wrong code"
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        yield PAGE.format(phone=phone, told=told).encode()
