"""How a dialect's API sends a message: a call that is shown as a cURL command, and made for whoever tries it."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable
from typing import Any, NamedTuple

from ..accounts.credentials import Credentials

BASIC = "Basic "


class Wanted(NamedTuple):
    """A message to be sent. ``to`` in E.164; ``sender`` None: the API's own, or the route's."""

    wallet_uid: str
    to: str
    sender: str | None
    text: str


class Call(NamedTuple):
    """The POST that sends it; ``path`` from the root; ``credentials`` as headers."""

    path: str
    credentials: dict[str, str]
    body: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {**self.credentials, "Content-Type": "application/json"}

    @property
    def text(self) -> str:
        return json.dumps(self.body, ensure_ascii=False)

    def options(self) -> list[str]:
        """curl's options, the body last; HTTP Basic as curl takes it."""
        return [*(_option(name, value) for name, value in self.headers.items()), f"-d {shlex.quote(self.text)}"]


def _option(name: str, value: str) -> str:
    if name == "Authorization" and value.startswith(BASIC):
        return f"-u {base64.b64decode(value.removeprefix(BASIC)).decode()}"
    return f"-H {shlex.quote(f'{name}: {value}')}"


class FirstMessage(NamedTuple):
    """``country``: the only one that the API takes numbers of. ``needs_sender``: it refuses a message without one."""

    call: Callable[[Credentials, Wanted], Call]
    country: str | None = None
    needs_sender: bool = False


def basic(given: Credentials) -> dict[str, str]:
    """The header of HTTP Basic."""
    return {"Authorization": BASIC + base64.b64encode(f"{given.public}:{given.secret}".encode()).decode()}
