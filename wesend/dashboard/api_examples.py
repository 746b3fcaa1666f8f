"""A first message by each of the four APIs: as a cURL command to copy, and as a call that the page can make."""

from __future__ import annotations

import base64
import json
import shlex
from typing import Any, NamedTuple

from ..accounts.keys import Credentials
from ..core.phones import example_number

TITLES = {"wesendall": "Wesendall", "wasambazie": "Wasambazie", "esms": "eSMS Africa", "worldledgers": "World Ledgers"}
TEXT = "Hello from wesend"
SENDER_NEEDED = "This API wants an approved sender ID: ask for one first."


class Example(NamedTuple):
    """``needs`` says what is missing before it can be run."""

    api: str
    title: str
    path: str
    headers: dict[str, str]
    body: str
    credentials: Credentials
    needs: str | None = None

    def curl(self, base_url: str) -> str:
        lines = [f"curl {base_url}{self.path}"]
        if self.api == "wesendall":
            lines.append(f"-u {self.credentials.public}:{self.credentials.secret}")
        lines += [
            f"-H {shlex.quote(f'{name}: {value}')}"
            for name, value in self.headers.items()
            if not (self.api == "wesendall" and name == "Authorization")
        ]
        return " \\\n  ".join([*lines, f"-d {shlex.quote(self.body)}"])

    def call(self) -> str:
        """What app.js needs to make the call, as JSON."""
        return json.dumps({"url": self.path, "headers": self.headers, "body": self.body})


def examples(credentials: dict[str, Credentials], *, wallet_uid: str, to: str, sender: str | None) -> list[Example]:
    """One for each API that has credentials; ``to`` in E.164, ``sender`` an approved one."""
    made = []
    for api, title in TITLES.items():
        given = credentials.get(api)
        if given is not None:
            number = example_number("KE") if api == "worldledgers" and not to.startswith("+254") else to  # it takes no other
            path, headers, body = _SHAPES[api](given, wallet_uid, number, sender, TEXT)
            headers = {**headers, "Content-Type": "application/json"}
            needs = SENDER_NEEDED if api == "wasambazie" and not sender else None
            made.append(Example(api, title, path, headers, json.dumps(body), given, needs))
    return made


YOURS = Credentials("YOUR_PUBLIC_KEY", "YOUR_SECRET_KEY", ("api_key", "api_secret"))


def curl_of(api: str, base_url: str, *, wallet_uid: str, to: str, sender: str | None, text: str) -> str:
    """A message as the command that sends it again, by its own API (Wesendall's for one that came by none)."""
    api = api if api in _SHAPES else "wesendall"
    path, headers, body = _SHAPES[api](YOURS, wallet_uid, to, sender, text)
    if api == "wesendall" and sender:
        body["sender"] = sender
    if api == "esms" and sender:
        body["sender_id"] = sender
    return Example(
        api, TITLES[api], path, {**headers, "Content-Type": "application/json"}, json.dumps(body, ensure_ascii=False), YOURS
    ).curl(base_url)


Shape = tuple[str, dict[str, str], dict[str, Any]]
"""A send by an API: path, headers, body."""


def _wesendall(given: Credentials, wallet_uid: str, to: str, _sender: str | None, text: str) -> Shape:
    token = base64.b64encode(f"{given.public}:{given.secret}".encode()).decode()
    return ("/api/v1/sms/send", {"Authorization": f"Basic {token}"}, {"walletId": wallet_uid, "recipient": to, "message": text})


def _wasambazie(given: Credentials, _wallet_uid: str, to: str, sender: str | None, text: str) -> Shape:
    return (
        "/v1/sms/send",
        {"X-API-PUBLIC-KEY": given.public or "", "X-API-SECRET-KEY": given.secret},
        {"to_number": to, "message": text, "sender_id": sender or "YOUR_SENDER"},
    )


def _esms(given: Credentials, _wallet_uid: str, to: str, _sender: str | None, text: str) -> Shape:
    return "/api/messages/send", {"Authorization": f"Bearer {given.secret}"}, {"to": to, "text": text}


def _worldledgers(given: Credentials, _wallet_uid: str, to: str, _sender: str | None, text: str) -> Shape:
    return "/api/v1/communication/sms", {"X-API-Key": given.secret}, {"message": text, "recipients": [to]}


_SHAPES = {"wesendall": _wesendall, "wasambazie": _wasambazie, "esms": _esms, "worldledgers": _worldledgers}
