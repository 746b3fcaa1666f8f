"""Africa's Talking: one call for up to 100 messages of one text and sender; receipts by form POST, unsigned."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

from .. import reading
from ..callbacks import CallbackRequest, UnreadableCallback
from ..http_client import ANSWERED, Reply
from ..options import Option
from .base import (
    ACCEPTED,
    DELIVERED,
    FAILED,
    REFUSED,
    SENT,
    STOP,
    TEMPORARY,
    UNKNOWN,
    CallbackInbound,
    CallbackReceipt,
    Outcome,
    Receipt,
    Submission,
)
from .remote import GroupingSmsGateway, base_url, failed, unreadable

LIVE, SANDBOX = "https://api.africastalking.com", "https://api.sandbox.africastalking.com"

CODES: dict[int | None, tuple[str, str | None]] = {
    100: (ACCEPTED, "Processed"),
    101: (ACCEPTED, "Sent"),
    102: (ACCEPTED, "Queued"),
    401: (REFUSED, "RiskHold"),
    402: (REFUSED, "InvalidSenderId"),
    403: (REFUSED, "InvalidPhoneNumber"),
    404: (REFUSED, "UnsupportedNumberType"),
    405: (REFUSED, "InsufficientBalance"),
    406: (REFUSED, "UserInBlacklist"),
    407: (REFUSED, "CouldNotRoute"),
    408: (REFUSED, "Refused"),
    409: (REFUSED, "DoNotDisturbRejection"),
    500: (TEMPORARY, "InternalServerError"),
    501: (TEMPORARY, "GatewayError"),
    502: (REFUSED, "RejectedByGateway"),
}
WORDS = {word.casefold(): (kind, word) for kind, word in CODES.values() if word} | {"success": (ACCEPTED, "Success")}
FAILURE = re.compile(
    r"could ?n[o']t|can ?not|not sent|unable|fail|reject|refus|invalid|denied|blacklist|blocked|unsupported"
    r"|insufficient|expired",
    re.IGNORECASE,
)
"""In statuses that are in no list (`Could Not Send`): the message did not leave."""
STATUSES = {
    "success": DELIVERED,
    "failed": FAILED,
    "rejected": FAILED,
    "expired": FAILED,
    "absentsubscriber": FAILED,
    "sent": SENT,
    "submitted": SENT,
    "buffered": SENT,
}


class AfricasTalking(GroupingSmsGateway):
    type = "africastalking"
    title = "Africa's Talking"
    about = "SMS in many countries of Africa, up to 100 numbers a call. It brings delivery receipts."
    batch = 100
    options = (
        Option("username", required=True, help="the application's name; sandbox for their sandbox", destination=True),
        Option(
            "endpoint",
            "choice",
            default="messaging",
            choices=("messaging", "bulk"),
            help="bulk: their newer address, which takes no message without a sender ID",
        ),
        base_url(None),
    )
    secrets = (Option("api_key", required=True),)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.base_url = self.base_url or (SANDBOX if self.settings["username"] == "sandbox" else LIVE)

    def batch_key(self, submission: Submission) -> Hashable:
        return submission.text, submission.sender

    def send_group(self, group: list[Submission], end: float) -> list[Outcome]:
        reply = self._call_bulk(group) if self.settings["endpoint"] == "bulk" else self._call(group)
        if reply.kind != ANSWERED:
            return [failed(reply)] * len(group)
        recipients = reading.pick(reply.object(), "SMSMessageData.Recipients")
        if not isinstance(recipients, list):
            return [unreadable(reply)] * len(group)
        message = reading.text(reading.pick(reply.object(), "SMSMessageData.Message"))
        if not recipients:
            # "Sent to 1/1 Total Cost: …" without recipients would contradict itself.
            said_why = message and (not message.startswith("Sent to") or message.startswith("Sent to 0/"))
            return [Outcome(REFUSED, code="refused", text=message) if said_why else unreadable(reply)] * len(group)
        told = {reading.e164(entry.get("number")): entry for entry in recipients if isinstance(entry, dict)}
        to_nobody = (message or "").startswith("Sent to 0/")
        return [_outcome(told.get(submission.to), to_nobody) for submission in group]

    def refusal(self, submission: Submission) -> Outcome | None:
        if self.settings["endpoint"] == "bulk" and not submission.sender:
            return Outcome(REFUSED, code="sender", text="Africa's Talking takes no bulk message without a sender ID")
        return None

    def _call(self, group: list[Submission]) -> Reply:
        form = {
            "username": self.settings["username"],
            "to": ",".join(s.to for s in group),
            "message": group[0].text,
            "bulkSMSMode": "1",
            "enqueue": "1",
        }
        if group[0].sender:
            form["from"] = group[0].sender
        return self.http.request("POST", f"{self.base_url}/version1/messaging", form=form, headers=self._headers)

    def _call_bulk(self, group: list[Submission]) -> Reply:
        body = {
            "username": self.settings["username"],
            "message": group[0].text,
            "senderId": group[0].sender,
            "phoneNumbers": [s.to for s in group],
        }
        return self.http.request("POST", f"{self.base_url}/version1/messaging/bulk", json=body, headers=self._headers)

    @property
    def _headers(self) -> dict[str, str]:
        return {"apiKey": self.credentials["api_key"], "Accept": "application/json"}

    def read_callback(self, request: CallbackRequest) -> list[CallbackReceipt]:
        gateway_ref, status = (reading.text(request.form.get(field)) for field in ("id", "status"))
        if gateway_ref is None or status is None:
            raise UnreadableCallback
        kept = STATUSES.get(status.lower())
        if kept is None:
            return []
        reason = reading.text(request.form.get("failureReason"))
        return [
            CallbackReceipt(
                gateway_ref, None, reading.e164(request.form.get("phoneNumber")), Receipt(kept, reason or status, reason)
            )
        ]

    def read_inbound(self, request: CallbackRequest) -> list[CallbackInbound]:
        """Messages (with a text and no status), and opt-outs (of a number and a sender, without an id)."""
        form = request.form
        sender, phone = reading.text(form.get("from")), reading.text(form.get("phoneNumber"))
        if "text" in form and not form.get("status") and sender is not None:
            to, ref, date = (reading.text(form.get(field)) for field in ("to", "id", "date"))
            return [CallbackInbound(sender, to, reading.message_text(form["text"]), ref, date)]
        if "senderId" in form and "id" not in form and phone is not None:
            return [_opt_out(phone, reading.text(form.get("senderId")))]
        return []


def _opt_out(phone: str, sender: str | None) -> CallbackInbound:
    """Told without an id and a time, and once more after somebody came back: each counts."""
    return CallbackInbound(phone, sender, "STOP", meaning=STOP)


def _outcome(entry: dict | None, to_nobody: bool) -> Outcome:
    """``to_nobody``: the answer as a whole says that nothing was sent."""
    if entry is None:
        return (
            Outcome(REFUSED, code="refused", text="The gateway sent it to nobody")
            if to_nobody
            else Outcome(UNKNOWN, code="unreadable", text="The gateway's answer does not name this number")
        )
    code, said = reading.whole(entry.get("statusCode")), reading.text(entry.get("status"))
    gateway_ref, cost = (reading.text(entry.get(field)) for field in ("messageId", "cost"))
    gateway_ref = None if gateway_ref == "None" else gateway_ref
    kind, word = _kind(code, said, to_nobody, has_id=gateway_ref is not None)
    shown = None if code is None else str(code)
    if kind == ACCEPTED:
        return Outcome(ACCEPTED, gateway_ref=gateway_ref, meta={"cost": cost} if cost else None)
    return Outcome(
        kind, code=shown or ("refused" if kind == REFUSED else None), text=said or word or "A status that is not documented"
    )


def _kind(code: int | None, said: str | None, to_nobody: bool, *, has_id: bool) -> tuple[str, str | None]:
    """By the code where it is listed, else by the word; a word of failure is one, whatever stands beside it."""
    kind, word = CODES.get(code) or WORDS.get(_plain(said)) or (UNKNOWN, None)
    could_not = FAILURE.search(said or "") is not None
    if kind == ACCEPTED and ((could_not and to_nobody) or (not has_id and (could_not or to_nobody))):
        return REFUSED, word
    if kind == UNKNOWN and (could_not or to_nobody):
        return REFUSED, word
    return kind, word


def _plain(said: str | None) -> str:
    return "".join(char for char in (said or "").casefold() if char.isalpha())
