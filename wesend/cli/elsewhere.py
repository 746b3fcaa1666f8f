"""A sandbox elsewhere, spoken to by its own calls (`/sandbox/…`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from ..core.errors import InvalidInput, NotFound, WesendError

PATIENCE = 10.0
"""Seconds for an answer, beside those that it is asked to wait."""
LONGEST_POLL = 25.0


class OutOfReach(WesendError):
    pass


URL = click.option("--url", "server", default=None, metavar="URL", help="A sandbox elsewhere: http://host:port (default: here).")
NAMESPACE = click.option("--namespace", default=None, metavar="NAME", help="Only what was sent in this namespace (default: all).")


class Elsewhere:
    """A server by its address."""

    def __init__(self, url: str):
        if not url.lower().startswith(("http://", "https://")):
            raise InvalidInput(f"--url is http://host:port, not {url!r}")
        self.url = url.rstrip("/")

    def call(self, method: str, path: str, *, wait: float = 0.0, **asked: Any) -> dict[str, Any]:
        """The answer; InvalidInput with its words when it refuses, NotFound when there is no sandbox, OutOfReach."""
        import requests  # half of the time that this module takes

        given = {name: value for name, value in asked.items() if value is not None}
        if wait:
            given["wait"] = f"{wait:g}"
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(method, f"{self.url}/sandbox/{path}", params=given, timeout=PATIENCE + wait)
            told = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise OutOfReach(f"No sandbox answers at {self.url} ({type(error).__name__})") from error
        if answer.status_code == 404:
            raise NotFound(f"The sandbox at {self.url} is off, or not for this machine")
        if answer.status_code >= 400:
            raise InvalidInput(str(told.get("error", {}).get("message", f"HTTP {answer.status_code}")))
        return told

    def events(self, namespace: str | None) -> Iterator[dict[str, Any]]:
        """What happens from now on; ends never by itself."""
        before = self.call("GET", "events", limit=1)["events"]
        since = before[-1]["id"] if before else "0"
        while True:
            for event in self.call("GET", "events", since=since, namespace=namespace, wait=LONGEST_POLL)["events"]:
                since = event["id"]
                yield event
