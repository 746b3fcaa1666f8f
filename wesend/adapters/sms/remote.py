"""Base of the SMS gateways that talk HTTP: settings, the client, and outcomes that are the same for all."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from ...core.languages import sentence
from .. import hiding
from ..http_client import HttpClient, Reply
from ..options import Option, read_options
from .base import TEMPORARY, UNKNOWN, Outcome, Question, Receipt, SmsGateway, Submission

T = TypeVar("T")

ASKED_AT_ONCE = 8


def base_url(default: str | None) -> Option:
    return Option(
        "base_url",
        "url",
        default=default,
        help=sentence("where its API is (%(url)s)", url=default) if default else "where its API is",
    )


class RemoteSmsGateway(SmsGateway):
    """``timeout``: seconds for one call in all; ``callback_url``: ours, where the vendor reports receipts."""

    def __init__(self, name: str, options: Mapping[str, Any], secrets: Mapping[str, Any], *, timeout: float, callback_url: str):
        super().__init__(name)
        self.settings, self.credentials = read_options(type(self), options, secrets)
        self.timeout, self.callback_url = timeout, callback_url
        self.hidden = hiding.words_of(self.credentials.values(), callback_url)
        self.parallel = self.settings["parallel"]
        self.tps = None if self.settings["tps"] is None else float(self.settings["tps"])
        self.inbound_account = self.settings["inbound_account"]
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


class GroupingSmsGateway(RemoteSmsGateway):
    """Those whose call takes several messages: of one `batch_key`, each number once, for the answer tells of numbers."""

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        """Groups go out side by side; one that can't begin in time is surely not sent."""
        outcomes: dict[int, Outcome] = {}
        end = time.monotonic() + self.timeout

        def send(positions: list[int]) -> None:
            group = [submissions[position] for position in positions]
            late = Outcome(TEMPORARY, code="busy", text="There was no time left to begin")
            found = [late] * len(group) if time.monotonic() > end else self.send_group(group, end)
            outcomes.update(zip(positions, found, strict=True))

        side_by_side(send, self._groups(submissions, outcomes), self.parallel)
        return [outcomes[position] for position in range(len(submissions))]

    def _groups(self, submissions: list[Submission], outcomes: dict[int, Outcome]) -> list[list[int]]:
        """The positions of what goes into a call together; what is refused here gets its outcome at once.

        A second message to a number goes into a group of its own.
        """
        groups: dict[Hashable, list[list[int]]] = defaultdict(list)
        seen: Counter = Counter()
        for position, submission in enumerate(submissions):
            refused = self.refusal(submission)
            if refused is not None:
                outcomes[position] = refused
                continue
            key = self.batch_key(submission)
            turn = seen[key, submission.to]
            seen[key, submission.to] += 1
            alike = groups[key, turn]
            if not alike or len(alike[-1]) == self.batch:
                alike.append([])
            alike[-1].append(position)
        return [group for alike in groups.values() for group in alike]

    def refusal(self, submission: Submission) -> Outcome | None:
        """Why a message is not even sent; None: it is."""
        return None

    def send_group(self, group: list[Submission], end: float) -> list[Outcome]:
        """One call, at most ``batch`` messages; an outcome for each."""
        raise NotImplementedError


def side_by_side(work: Callable[[T], None], items: list[T], width: int, until: float | None = None) -> None:
    """Do it for each, as many at once as ``width``; what has not begun ``until`` then (monotonic seconds) is left.

    The threads have the caller's context: in it an access token finds where others have kept one.
    """

    def one(item: T) -> None:
        if until is None or time.monotonic() <= until:
            work(item)

    if len(items) == 1:
        one(items[0])
    elif items:
        contexts = [copy_context() for _ in items]  # one can't be entered twice at once
        with ThreadPoolExecutor(min(len(items), width)) as pool:
            list(pool.map(lambda context, item: context.run(one, item), contexts, items))


def failed(reply: Reply, code: str | None = None, text: str | None = None) -> Outcome:
    """The outcome of a reply that is not ANSWERED, in the vendor's own words where it has some."""
    return Outcome(reply.kind, code=code or reply.code, text=text or reply.reason)


def unreadable(reply: Reply) -> Outcome:
    """A success that does not read as one: it may well have gone out."""
    return Outcome(UNKNOWN, code="unreadable", text=f"The gateway answered {reply.status}, but not as documented")
