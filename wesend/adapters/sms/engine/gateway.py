"""The gateway that a file describes: what all vendors' files and `http` do by the same code."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Hashable
from typing import Any

import phonenumbers

from ....core.chunks import chunks
from ....core.languages import Sentence, sentence
from ...callbacks import CallbackRequest, UnreadableCallback
from ...http_client import ANSWERED, Reply
from ...options import Option
from ..base import REFUSED, CallbackInbound, CallbackReceipt, Outcome, Question, Receipt, SmsBalance, Submission
from ..remote import GroupingSmsGateway, side_by_side
from . import answers, receipts
from .answers import Recipient
from .calls import Caller
from .definition import Vendor
from .documents import amount_in, currency_in, first_at, of_answer

BALANCE_ALERT = Option(
    "balance_alert", "decimal", help="below this a balance at the vendor's is told by mail and shown (default: never)"
)
MOST_DRAINS = 20  # calls in a row for reports that are told once


class VendorGateway(GroupingSmsGateway):
    """A type for each vendor is made of this by `vendor_type`; ``on_reports`` keeps what is told only once."""

    vendor: Vendor
    on_reports: Callable[[list[CallbackReceipt]], None] | None = None
    on_balance: Callable[[SmsBalance], None] | None = None
    _told_balance: SmsBalance | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        limits = self.vendor.limits
        if self.tps is None:
            self.tps = limits.tps
        self.work_by(self.vendor)

    def work_by(self, vendor: Vendor) -> None:
        """Take up a description; of a type that is described by its options, each gateway has its own."""
        self.vendor = vendor
        self.constants = {
            **{name: "" if value is None else value for name, value in self.settings.items()},
            **{name: value or "" for name, value in self.credentials.items()},
            "callback_url": self.callback_url,
        }
        self.caller = Caller(vendor.auth, self.http, self.constants)
        self._spell = _SPELLINGS[vendor.send.to]
        self._sender = re.compile(vendor.limits.sender) if vendor.limits.sender else None

    @property
    def token(self) -> Any:
        return self.caller.token

    # -- sending

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        outcomes = super().submit(submissions)
        # By this thread, which has the application; those that made the calls may have none.
        balance, self._told_balance = self._told_balance, None
        if balance is not None and self.on_balance is not None:
            self.on_balance(balance)
        return outcomes

    def batch_key(self, submission: Submission) -> Hashable:
        """What a call says of all its messages: of whether they are plain, and of how long they hold, only where it does.

        A text or a sender that it says of all is the same, whatever the file says: nobody gets another one's.
        """
        send = self.vendor.send
        alike = send.said_of_all.union(send.same)
        return (
            submission.text if "text" in alike else None,
            submission.sender if "sender" in alike else None,
            submission.encoding != PLAIN if "unicode" in alike else None,
            submission.valid_seconds if alike & {"valid_seconds", "ttl_ms"} else None,
        )

    def refusal(self, submission: Submission) -> Outcome | None:
        """What surely would not be taken is not sent."""
        limits = self.vendor.limits
        if limits.max_length is not None and len(submission.text) > limits.max_length:
            return Outcome(REFUSED, code="too_long", text=f"The vendor takes texts of at most {limits.max_length} characters")
        if not limits.unicode and submission.encoding != PLAIN:
            return Outcome(REFUSED, code="unicode", text="The vendor takes plain (GSM-7) texts only")
        if self._sender is not None and submission.sender and not self._sender.fullmatch(submission.sender):
            return Outcome(REFUSED, code="sender", text=f"The vendor takes no sender such as {submission.sender!r}"[:200])
        return None

    def send_group(self, group: list[Submission], end: float) -> list[Outcome]:
        send = self.vendor.send
        first = group[0]
        recipients = [Recipient(message.to, self._spell(message.to)) for message in group]
        values = {"count": len(group), **self.constants, **self.of_message(first)}
        numbers = [recipient.told for recipient in recipients]
        values["to_list"] = numbers if send.join is None else send.join.join(numbers)
        if send.item is not None:
            item = send.item
            values["items"] = [item({**values, **self.of_message(message)}) for message in group]
        reply = self.caller.call(send.call, values)
        found = answers.read(self.vendor.answer, reply, recipients)
        self._note_balance(reply)
        return found

    def of_message(self, message: Submission) -> dict[str, Any]:
        return {
            "to": self._spell(message.to),
            "to_digits": message.to.lstrip("+"),
            "text": message.text,
            "sender": message.sender or "",
            "reference": message.reference,
            "valid_seconds": self.valid_seconds if message.valid_seconds is None else message.valid_seconds,
            "ttl_ms": None if message.valid_seconds is None else message.valid_seconds * 1000,
            "unicode": self.vendor.limits.unicode_as[message.encoding != PLAIN],
        }

    # -- asking

    def first_poll_ms(self, to: str) -> int | None:
        return None if self.vendor.poll is None else 1000 * self.vendor.poll.first

    def ask(self, questions: list[Question]) -> list[Receipt | None]:
        """In calls of as many as the vendor takes, some side by side; what can't begin in time waits for the next turn."""
        poll = self.vendor.poll
        if poll is None or not questions:
            return [None] * len(questions)
        if poll.once and not poll.asks_by_id:
            self._drain()
            return [None] * len(questions)
        by_reference = self._asks_by_reference
        positions = [at for at, asked in enumerate(questions) if by_reference or asked.gateway_ref is not None]
        found: list[Receipt | None] = [None] * len(questions)
        told_once: list[receipts.Told] = []

        def ask_some(group: list[int]) -> None:
            asked = [questions[at] for at in group]
            told = self._tell(self.caller.call(poll.call, {**self.constants, **self._of_questions(asked)}))
            if poll.once:
                told_once.extend(told)
                return
            for at, receipt in zip(group, _each_about(asked, told), strict=True):
                found[at] = receipt

        end, width = time.monotonic() + self.timeout, min(self.parallel, ASKED_AT_ONCE)
        groups = list(chunks(positions, poll.batch))
        for some in chunks(groups, width) if poll.once else (groups,):
            try:
                side_by_side(ask_some, some, width, end)
            finally:
                # By this thread, which has the application, and before the next are asked for.
                self._keep(told_once)
                told_once.clear()
        return found

    @property
    def _asks_by_reference(self) -> bool:
        """Whether a message whose id there is not known can be asked for."""
        return self.vendor.poll is not None and self.vendor.poll.by_reference

    def _of_questions(self, group: list[Question]) -> dict[str, Any]:
        poll = self.vendor.poll
        assert poll is not None
        ids = [asked.gateway_ref or "" for asked in group]
        return {
            "id": ids[0],
            "ids": ids if poll.join is None else poll.join.join(ids),
            "to": self._spell(group[0].to),
            "to_digits": group[0].to.lstrip("+"),
            "reference": group[0].reference,
            "count": len(group),
        }

    def _tell(self, reply: Reply) -> list[receipts.Told]:
        """The receipts of an answer; none when there is no report yet, or it can't be read."""
        poll = self.vendor.poll
        assert poll is not None
        if reply.kind != ANSWERED or reply.status in poll.none:
            return []
        return receipts.read_answer(poll, of_answer(reply.body, "json"))

    def _drain(self) -> None:
        """All reports that are ready, one call after the other."""
        poll = self.vendor.poll
        assert poll is not None
        for _ in range(MOST_DRAINS):
            told = self._tell(self.caller.call(poll.call, {**self.constants, "id": "", "ids": "", "count": 0}))
            self._keep(told)
            if not told:
                return

    def _keep(self, told: list[receipts.Told]) -> None:
        """What will not be told again is kept before anything is made of it."""
        reports = [
            # Some vendors' id of a message is ours: then it is found although its answer was lost.
            CallbackReceipt(entry.gateway_ref, entry.gateway_ref, receipts.number_of(entry.to), entry.receipt)
            for entry in told
            if entry.gateway_ref is not None
        ]
        if reports and self.on_reports is not None:
            self.on_reports(reports)

    # -- what the vendor calls us with

    def check_call(self, request: CallbackRequest) -> None:
        how = self.vendor.receipts
        receipts.check(how.check if how is not None else None, request, self.constants)

    def read_callback(self, request: CallbackRequest) -> list[CallbackReceipt]:
        self.check_call(request)
        if self.vendor.receipts is None:
            if self.vendor.inbound is None:
                return []
            raise UnreadableCallback
        return receipts.read_call(self.vendor.receipts, request)

    def read_inbound(self, request: CallbackRequest) -> list[CallbackInbound]:
        self.check_call(request)
        return [] if self.vendor.inbound is None else receipts.read_inbound(self.vendor.inbound, request)

    def is_own_fault(self, code: str | None) -> bool:
        how = self.vendor.receipts
        return how is not None and code is not None and code.casefold() in how.own_fault

    # -- balance

    def ask_balance(self) -> SmsBalance | None:
        balance = self.vendor.balance
        if balance is None or balance.call is None:
            return None
        reply = self.caller.call(balance.call, self.constants)
        return self._read_balance(of_answer(reply.body, "json"), balance.amount) if reply.kind == ANSWERED else None

    def _note_balance(self, reply: Reply) -> None:
        """Of vendors that tell it with every answer."""
        balance = self.vendor.balance
        if balance is not None and balance.call is None and reply.kind == ANSWERED:
            document = of_answer(reply.body, self.vendor.answer.format)
            found = self._read_balance(document, balance.amount or self.vendor.answer.balance)
            if found is not None:
                self._told_balance = found

    def _read_balance(self, document: Any, amount: tuple[str, ...]) -> SmsBalance | None:
        return read_balance(self.vendor, document, amount)

    def warnings(self) -> list[Sentence]:
        found = []
        if self.base_url.startswith("http://") and not _is_local(self.base_url):
            found.append(sentence("talks plain HTTP: everybody on the way can read its secrets and messages"))
        how = self.vendor.receipts
        if how is not None and receipts.is_unchecked(how.check, self.constants):
            found.append(sentence("believes receipts by their address alone: the secret of their signature is not set"))
        return found


PLAIN = "GSM-7"
ASKED_AT_ONCE = 16


def read_balance(vendor: Vendor, document: Any, amount: tuple[str, ...]) -> SmsBalance | None:
    balance = vendor.balance
    assert balance is not None
    text = first_at(document, amount)
    number = amount_in(text)
    if number is None:
        return None
    if balance.unit == "credits":
        return SmsBalance(number, None)
    return SmsBalance(number, balance.fixed_currency or first_at(document, balance.currency) or currency_in(text))


def _each_about(asked: list[Question], told: list[receipts.Told]) -> list[Receipt | None]:
    """The receipts of messages that were asked about in one call."""
    if len(asked) == 1:
        return [_about(asked[0], told)]
    by_id = {entry.gateway_ref: entry.receipt for entry in told}
    return [by_id.get(one.gateway_ref) for one in asked]


def _about(question: Question, told: list[receipts.Told]) -> Receipt | None:
    """The receipt of the one message that was asked about: by its id, or the only one there is without ids."""
    by_id = next((entry.receipt for entry in told if entry.gateway_ref and entry.gateway_ref == question.gateway_ref), None)
    if by_id is not None:
        return by_id
    nameless = [entry.receipt for entry in told if entry.gateway_ref is None]
    return nameless[0] if len(nameless) == 1 or (nameless and len(told) == len(nameless)) else None


def _is_local(url: str) -> bool:
    return any(url.startswith(f"http://{host}") for host in ("127.", "localhost", "[::1]"))


def _e164(e164: str) -> str:
    return e164


def _digits(e164: str) -> str:
    return e164.lstrip("+")


def _significant(e164: str) -> str:
    try:
        return phonenumbers.national_significant_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        return _digits(e164)


def _national(e164: str) -> str:
    """As it is dialled at home."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return _digits(e164)
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(char for char in written if char.isdigit())


_SPELLINGS: dict[str, Callable[[str], str]] = {"e164": _e164, "digits": _digits, "significant": _significant, "national": _national}
