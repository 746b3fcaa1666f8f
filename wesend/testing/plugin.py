"""The pytest plugin: ``wesend_sandbox``, a sandbox that a test sends to and asks, in a namespace of its own.

One server a session, or the one that ``WESEND_URL`` names; with pytest-xdist each worker has its own.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request
from uuid import uuid4

import pytest

from .server import credentials_of, direct, serving

LOOK_EVERY = 5.0
"""Seconds that one call waits for a message."""


class NothingCame(AssertionError):
    """No message, or none that fits, within the time."""


class WesendSandbox:
    """A sandbox as one test sees it. ``url`` is the server's; ``credentials`` (API → keys) are the published ones.

    Send with the header ``X-Sandbox-Namespace: <namespace>`` (``headers``) and the test sees its own messages alone.
    """

    def __init__(self, url: str, credentials: dict[str, dict[str, Any]], namespace: str):
        self.url, self.credentials, self.namespace = url, credentials, namespace
        self.headers = {"X-Sandbox-Namespace": namespace}

    def messages(self, to: str | None = None) -> list[dict[str, Any]]:
        """SMS that were caught in this test's namespace, oldest first."""
        return self._get("messages", to=to, limit=1000)["messages"]

    def emails(self, to: str | None = None) -> list[dict[str, Any]]:
        """Mail, the same."""
        return self._get("emails", to=to, limit=1000)["emails"]

    def wait_for_message(self, to: str, pattern: str | None = None, timeout: float = 10) -> dict[str, Any]:
        """The newest SMS to a phone, as soon as there is one whose text ``pattern`` finds something in; NothingCame.

        What the pattern found (its first group, if it has one) stands in ``match``.
        """
        end, wanted = time.monotonic() + timeout, re.compile(pattern) if pattern is not None else None
        while True:
            found = self._get("messages", to=to, order="desc", limit=1000)["messages"]
            for message in found:
                match = wanted.search(message["text"]) if wanted is not None else None
                if wanted is None or match is not None:
                    return {**message, "match": match and (match[1] if match.re.groups else match[0])}
            left = end - time.monotonic()
            if left <= 0:
                texts = ", ".join(repr(message["text"]) for message in found) or "nothing"
                fitting = f" that {pattern!r} fits" if pattern else ""
                raise NothingCame(f"no message to {to} within {timeout:g} s{fitting}: {texts}")
            if found:
                time.sleep(min(0.1, left))
            else:
                self._get("messages", to=to, wait=min(LOOK_EVERY, left))

    def rule(self, to: str, outcome: str, *, delay: float | None = None, times: int | None = None) -> dict[str, Any]:
        """Say what becomes of the next messages to a phone, in this test's namespace; the rule."""
        given = {"to": to, "outcome": outcome, "delay": delay, "times": times, "namespace": self.namespace}
        return self._call("POST", "rules", given)

    def receive(self, from_: str, text: str, to: str | None = None) -> dict[str, Any]:
        """As if a phone had written to a number of the sandbox."""
        return self._call("POST", "messages", {"from": from_, "to": to, "text": text, "namespace": self.namespace})

    def events(self, since: str | None = None) -> list[dict[str, Any]]:
        """What was told by webhook of this test's messages, whether anybody listened or not."""
        return self._get("events", since=since, limit=1000)["events"]

    def reset(self) -> dict[str, int]:
        """Forget what lies in this test's namespace."""
        return self._call("POST", "reset", {"namespace": self.namespace})

    def _get(self, path: str, **asked: Any) -> dict[str, Any]:
        given = {name: value for name, value in asked.items() if value is not None}
        return self._call("GET", f"{path}?{urlencode({**given, 'namespace': self.namespace})}")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps({k: v for k, v in body.items() if v is not None}).encode()
        request = Request(f"{self.url}/sandbox/{path}", data, {"Content-Type": "application/json"}, method=method)
        try:
            with direct.open(request, timeout=40) as answer:
                return json.load(answer)
        except HTTPError as error:
            told = error.read().decode(errors="replace")
            raise AssertionError(f"the sandbox refused {method} /sandbox/{path}: {error.code} {told}") from None


@pytest.fixture(scope="session")
def wesend_server() -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """The URL of a sandbox for this session, and its credentials: of ``WESEND_URL``, else of a server of its own."""
    url = os.environ.get("WESEND_URL", "").strip().rstrip("/")
    if url:
        yield url, credentials_of(None, url)
        return
    with serving() as (url, folder):
        yield url, credentials_of(folder, url)


@pytest.fixture
def wesend_sandbox(wesend_server: tuple[str, dict[str, dict[str, Any]]]) -> Iterator[WesendSandbox]:
    """A sandbox in a namespace of this test's own, which is forgotten at its end."""
    url, credentials = wesend_server
    sandbox = WesendSandbox(url, credentials, f"test-{uuid4().hex[:16]}")
    yield sandbox
    sandbox.reset()
