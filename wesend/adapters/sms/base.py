"""What every SMS gateway adapter is: submit messages, say what became of each; maybe be asked later.

An adapter knows no database and no money. It answers one outcome a message and never raises for what a vendor
does: an exception that escapes counts as ``unknown``.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple

from ...core.languages import Sentence
from ..callbacks import CallbackRequest, UnreadableCallback
from ..options import Configurable, Option
from ..outcomes import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN

__all__ = [
    "ACCEPTED",
    "DELIVERED",
    "FAILED",
    "NEVER_SENT",
    "NOT_TAKEN",
    "NO_RECEIPT",
    "REFUSED",
    "SENT",
    "TEMPORARY",
    "UNKNOWN",
    "UNLISTED",
    "CallbackInbound",
    "CallbackReceipt",
    "CallbackRequest",
    "Outcome",
    "Question",
    "Receipt",
    "SmsGateway",
    "Submission",
]


class Submission(NamedTuple):
    """One message on its way out. ``reference`` is ours and unique; ``attempt`` counts from 1.

    ``charge``: how often it was paid for; a failed one that was retried by hand goes out once more under its reference.
    """

    id: int
    reference: str
    to: str
    text: str
    sender: str | None
    segments: int
    encoding: str
    attempt: int
    mime: bytes | None = None  # an e-mail as it goes out
    charge: int = 1
    form: str | None = None  # of what is no plain text (`sms_forms`)
    valid_seconds: int | None = None  # for which it is still worth sending; None: its sender did not say


NO_RECEIPT = -1
"""Of an outcome whose receipt is never asked for."""


class Outcome(NamedTuple):
    """``accepted`` (it has the message) | ``refused`` (for good) | ``temporary`` (surely not sent) | ``unknown``.

    ``works``: the gateway does, whatever became of this message (a full mailbox): its breaker counts no failure.
    """

    kind: str
    gateway_ref: str | None = None
    code: str | None = None
    text: str | None = None
    meta: dict | None = None
    works: bool = False
    receipt_ms: int | None = None
    """When its receipt is first asked for, of an accepted one for which the gateway's usual time does not hold."""


class Question(NamedTuple):
    """A message whose fate is asked for; ``age_ms`` since it was submitted; ``charge`` as in a submission."""

    id: int
    reference: str
    gateway_ref: str | None
    to: str
    age_ms: int
    charge: int = 1


SENT, DELIVERED, FAILED, NEVER_SENT = "sent", "delivered", "failed", "never_sent"
NOT_TAKEN = ("SUBMIT_FAIL", "THROTTLED")
"""Carriers' words for a failed message that they have not taken after all: it may be tried again."""
UNLISTED = "unlisted"
"""Of a receipt whose word nobody here knows: it is shown, and changes nothing."""


class Receipt(NamedTuple):
    """What a gateway says of a message it has: ``sent``, ``delivered``, ``failed``; ``never_sent`` is refunded.

    ``cost``: of the whole message, as ``EUR 0.0123``, where its gateway tells it only now.
    """

    status: str
    code: str | None = None
    text: str | None = None
    cost: str | None = None


class CallbackReceipt(NamedTuple):
    """A receipt as a gateway reported it, and what it may be matched by: its id, our reference, the number (E.164).

    ``part``: names the happening where a gateway tells of each part of a long message under one id, the same when it is
    told again; ``parts``: how many there are, where it says so.
    """

    gateway_ref: str | None
    reference: str | None
    to: str | None
    receipt: Receipt
    part: str | None = None
    parts: int | None = None


STOP, START, HELP = "stop", "start", "help"


class Part(NamedTuple):
    """Which part of a long message it is: parts with one ``reference`` between two numbers belong together, from 1."""

    reference: str
    number: int
    total: int


class CallbackInbound(NamedTuple):
    """A message that somebody wrote, as a gateway tells it: the numbers in any form; ``id`` the same when told again.

    Without an id the vendor's ``date`` of it tells two that say the same apart. ``meaning``: STOP, START or HELP, where the
    vendor reads such words itself. ``digest`` stands for all its bytes where there is neither, so that it is known again when
    its acknowledgement was lost.
    """

    sender: str
    to: str | None
    text: str
    id: str | None = None
    date: str | None = None
    meaning: str | None = None
    part: Part | None = None
    digest: str | None = None


class SmsBalance(NamedTuple):
    """What is left at the vendor's, as a decimal text; ``currency`` None: in credits, or not told."""

    amount: str
    currency: str | None


class SmsGateway(Configurable):
    """Base of the adapters. ``in_process`` ones answer at once and need no thread; ``batch`` is what one submit takes.

    ``parallel`` calls at once and ``tps`` calls a second are limits for the caller to keep. ``can_poll``: it may be
    asked; ``sends_receipts`` False: what it accepted stays ``sent``, for nothing more will be heard.
    """

    common_options = (
        Option("tps", "decimal", help="messages a second, over all workers (default: no limit)"),
        Option("parallel", "integer", default=16, least=1, most=256, help="calls at once, over all workers (16)"),
        Option("inbound_account", "integer", least=1, help="id of the account that gets messages which are nobody else's"),
    )
    in_process = False
    known_by_number = False
    """Whether what it makes of a message follows from the number alone (`sandbox_numbers`), so that nobody need call it."""
    batch = 1
    parallel = 16
    tps: float | None = None
    can_poll = False
    sends_receipts = True
    carries_bytes = False
    """Whether it can send what is no text; a flash message goes out as a plain one where it can't."""
    delivers_at_once = False
    """Whether accepting a message is all that is ever heard of it, and as good as delivery (e-mail)."""
    inbound_account: int | None = None
    """Whose a message is that nobody else's it is found to be."""
    retry_delays: tuple[float, ...] | None = None
    """Seconds before each retry of a temporary failure; None: the instance's setting."""
    poll_gaps_ms: tuple[int, ...] = (30_000, 60_000, 120_000, 240_000)
    """From one question about a message to the next; the last for ever."""
    callback_answer: tuple[str | None, int] = (None, 200)
    inbound_answer: tuple[str | None, int] = (None, 200)
    """Body and status that the vendor wants its calls answered with: of receipts, of messages that people wrote."""
    balance_call = False
    """Whether it can be asked what is left at the vendor's."""
    valid_seconds = 48 * 3600
    """How long a message is worth sending, for vendors that take it along."""

    def __init__(self, name: str):
        self.name = name

    @property
    def link_trouble(self) -> str | None:
        """Why the connection that this process keeps open is down; None while it is up, or none is kept."""
        return None

    def may_submit(self) -> bool:
        """Whether this process may; False while others hold all the sessions that a vendor allows."""
        return True

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        """One outcome for each submission, in order."""
        raise NotImplementedError

    def batch_key(self, submission: Submission) -> Hashable:
        """What messages must have in common to go out in one call; a caller who groups by it gets one call a submit."""
        return None

    def first_poll_ms(self, to: str) -> int | None:
        """How long after acceptance a receipt is first asked for; None: it comes by itself."""
        return 30_000 if self.can_poll else None

    def ask(self, questions: list[Question]) -> list[Receipt | None]:
        """What became of each; None: nothing new, ask again later."""
        return [None] * len(questions)

    def whole(self, gateway_ref: str, receipts: Mapping[str, Receipt]) -> Receipt | None:
        """What the receipts of a message's parts say of it, where each part has an id of its own; None: nothing yet."""
        return None

    def read_callback(self, request: CallbackRequest) -> list[CallbackReceipt]:
        """The receipts of a call to our address; none when it tells nothing that we keep.

        BadSignature when it is not the vendor's, UnreadableCallback when it is not in the vendor's form.
        """
        return []

    def read_inbound(self, request: CallbackRequest) -> list[CallbackInbound]:
        """The messages that a call to our address brings; none when it brings none."""
        return []

    def check_call(self, request: CallbackRequest) -> None:
        """BadSignature when a call to our address is not the vendor's, where it shows so."""

    def is_own_fault(self, code: str | None) -> bool:
        """Whether a failed receipt's code tells of a fault of ours, and not of the gateway's."""
        return False

    def ask_balance(self) -> SmsBalance | None:
        """What is left at the vendor's; None when it did not say."""
        return None

    def warnings(self) -> list[Sentence]:
        """What whoever runs it should know of how it talks, in sentences that follow its name."""
        return []

    def close(self) -> None:
        """Give back connections; called when the gateway is set anew or removed."""


def read_either(gateway: SmsGateway, request: CallbackRequest) -> tuple[list[CallbackReceipt], list[CallbackInbound]]:
    """What a call to a gateway's one address brings: receipts, messages that people wrote, or nothing that is kept.

    BadSignature when it is not the vendor's, UnreadableCallback when it is neither.
    """
    try:
        receipts = gateway.read_callback(request)
    except UnreadableCallback:
        messages = gateway.read_inbound(request)
        if not messages:
            raise
        return [], messages
    return receipts, [] if receipts else gateway.read_inbound(request)
