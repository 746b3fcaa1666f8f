"""What every SMS gateway adapter is: submit messages, say what became of each; maybe be asked later.

An adapter knows no database and no money. It answers one outcome a message and never raises for what a vendor
does: an exception that escapes counts as ``unknown``.
"""

from __future__ import annotations

from typing import NamedTuple

ACCEPTED, REFUSED, TEMPORARY, UNKNOWN = "accepted", "refused", "temporary", "unknown"


class Submission(NamedTuple):
    """One message on its way out. ``reference`` is ours and unique; ``attempt`` counts from 1."""

    id: int
    reference: str
    to: str
    text: str
    sender: str | None
    segments: int
    encoding: str
    attempt: int
    mime: bytes | None = None  # an e-mail as it goes out


class Outcome(NamedTuple):
    """``accepted`` (it has the message) | ``refused`` (for good) | ``temporary`` (surely not sent) | ``unknown``."""

    kind: str
    gateway_ref: str | None = None
    code: str | None = None
    text: str | None = None
    meta: dict | None = None


class Question(NamedTuple):
    """A message whose fate is asked for; ``age_ms`` since it was submitted."""

    id: int
    reference: str
    gateway_ref: str | None
    to: str
    age_ms: int


SENT, DELIVERED, FAILED, NEVER_SENT = "sent", "delivered", "failed", "never_sent"


class Receipt(NamedTuple):
    """What a gateway says of a message it has: ``sent``, ``delivered``, ``failed``; ``never_sent`` is refunded."""

    status: str
    code: str | None = None
    text: str | None = None


class CallbackReceipt(NamedTuple):
    """A receipt that was brought: ``gateway_ref`` or ``reference`` tell whose it is, ``to`` is the recipient."""

    gateway_ref: str | None
    reference: str | None
    to: str | None
    receipt: Receipt


class SmsGateway:
    """Base of the adapters. ``in_process`` ones answer at once and need no thread; ``batch`` is what one submit takes."""

    type = ""
    in_process = False
    batch = 1
    parallel = 16
    tps: float | None = None
    can_poll = False
    sends_receipts = True
    delivers_at_once = False
    """Whether accepting a message is all that is ever heard of it, and as good as delivery (e-mail)."""
    retry_delays: tuple[float, ...] | None = None
    """Seconds before each retry of a temporary failure; None: the instance's setting."""

    def __init__(self, name: str):
        self.name = name

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        """One outcome for each submission, in order."""
        raise NotImplementedError

    def first_poll_ms(self, to: str) -> int | None:
        """How long after acceptance a receipt is first asked for; None: it will be brought."""
        return 30_000 if self.can_poll else None

    def ask(self, questions: list[Question]) -> list[Receipt | None]:
        """What became of each; None: nothing new, ask again later."""
        return [None] * len(questions)
