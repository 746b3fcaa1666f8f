"""Base of the SMS gateways that talk HTTP: settings, the client, and outcomes that are the same for all."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..http_client import HttpClient, Reply
from ..options import Option, read_options
from .base import UNKNOWN, Outcome, Question, Receipt, SmsGateway, Submission

ASKED_AT_ONCE = 8


def base_url(default: str | None) -> Option:
    return Option("base_url", "url", default=default, help="where its API is" + (f" ({default})" if default else ""))


class RemoteSmsGateway(SmsGateway):
    """``timeout``: seconds for one call in all; ``callback_url``: ours, where the vendor reports receipts."""

    def __init__(self, name: str, options: Mapping[str, Any], secrets: Mapping[str, Any], *, timeout: float, callback_url: str):
        super().__init__(name)
        self.settings, self.credentials = read_options(type(self), options, secrets)
        self.timeout, self.callback_url = timeout, callback_url
        self.parallel = self.settings["parallel"]
        self.tps = None if self.settings["tps"] is None else float(self.settings["tps"])
        self.base_url = (self.settings.get("base_url") or "").rstrip("/")
        self.http = HttpClient(timeout)

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        return [self.send(submission) for submission in submissions]

    def send(self, submission: Submission) -> Outcome:
        """One message in one call."""
        raise NotImplementedError

    def ask(self, questions: list[Question]) -> list[Receipt | None]:
        """Some at once; after ``timeout`` seconds the rest waits for the next time."""
        if not self.can_poll or not questions:
            return [None] * len(questions)
        end = time.monotonic() + self.timeout
        with ThreadPoolExecutor(min(len(questions), ASKED_AT_ONCE, self.parallel)) as pool:
            return list(pool.map(lambda asked: None if time.monotonic() > end else self.ask_one(asked), questions))

    def ask_one(self, question: Question) -> Receipt | None:
        """What became of one message; None: nothing new, or it can't be asked."""
        return None

    def close(self) -> None:
        self.http.close()


def failed(reply: Reply, code: str | None = None, text: str | None = None) -> Outcome:
    """The outcome of a reply that is not ANSWERED, in the vendor's own words where it has some."""
    return Outcome(reply.kind, code=code or reply.code, text=text or reply.reason)


def unreadable(reply: Reply) -> Outcome:
    """A success that does not read as one: it may well have gone out."""
    return Outcome(UNKNOWN, code="unreadable", text=f"The gateway answered {reply.status}, but not as documented")
