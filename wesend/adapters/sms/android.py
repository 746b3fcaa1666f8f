"""An Android phone with SMS Gateway (sms-gate.app), through its cloud or a private server.

The message's id is ours, so one of unknown outcome can be asked for, and none is sent twice. One that failed and is sent
once more by hand needs another, or the app would take it for the first.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from urllib.parse import quote
from uuid import NAMESPACE_OID, uuid5

from ...core.languages import marked
from .. import reading
from ..callbacks import CallbackRequest, UnreadableCallback, require_signature
from ..http_client import ANSWERED, basic
from ..options import Option
from .base import (
    ACCEPTED,
    DELIVERED,
    FAILED,
    NEVER_SENT,
    REFUSED,
    SENT,
    CallbackInbound,
    CallbackReceipt,
    Outcome,
    Question,
    Receipt,
    Submission,
)
from .remote import RemoteSmsGateway, base_url, failed, unreadable

# Pending and Processed: the phone has not sent it yet.
STATES = {"sent": SENT, "delivered": DELIVERED, "failed": FAILED, "cancelled": FAILED}
EVENTS = {"sms:sent": SENT, "sms:delivered": DELIVERED, "sms:failed": FAILED, "sms:cancelled": FAILED}
RECEIVED = "sms:received"
SETTLED_MS = 60_000  # by then a call that got no answer has come to an end on the server, too


class Android(RemoteSmsGateway):
    type = "android"
    title = marked("Android phone")
    about = "A phone of yours with the SMS Gateway app (sms-gate.app), through its cloud or a private server."
    can_poll = True
    options = (
        base_url("https://api.sms-gate.app"),
        Option("number", help="the number that people write to, for messages which don't tell it"),
        Option("sim1", help="the number of the first SIM card, where the phone has two"),
        Option("sim2", help="the number of the second SIM card"),
    )
    secrets = (
        Option("username", required=True),
        Option("password", required=True),
        Option("webhook_key", help="the app's signing key; without it only the secret in our address protects"),
    )

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": basic(self.credentials["username"], self.credentials["password"])}

    def send(self, submission: Submission) -> Outcome:
        ours = _id(submission.reference, submission.charge)
        reply = self.http.request(
            "POST",
            f"{self.base_url}/3rdparty/v1/messages",
            headers=self._headers,
            json={
                "textMessage": {"text": submission.text},
                "phoneNumbers": [submission.to],
                "id": ours,
                "withDeliveryReport": True,
                **({} if submission.valid_seconds is None else {"ttl": submission.valid_seconds}),
            },
        )
        if reply.status == 409:  # a message with our id is there already
            return Outcome(ACCEPTED, gateway_ref=ours)
        if reply.kind != ANSWERED:
            return failed(reply)
        gateway_ref = reading.text(reply.object().get("id"))
        if gateway_ref is None:
            return unreadable(reply)
        receipt = _state(reply.object())
        if receipt is not None and receipt.status == FAILED:
            return Outcome(REFUSED, gateway_ref, receipt.code, receipt.text)
        return Outcome(ACCEPTED, gateway_ref=gateway_ref)

    def ask_one(self, question: Question) -> Receipt | None:
        asked = quote(question.gateway_ref or _id(question.reference, question.charge), safe="")
        reply = self.http.request("GET", f"{self.base_url}/3rdparty/v1/messages/{asked}", headers=self._headers)
        if reply.status == 404 and reply.object() and question.gateway_ref is None and question.age_ms >= SETTLED_MS:
            return Receipt(NEVER_SENT, "not_found", "The gateway has no message with our id")
        return _state(reply.object()) if reply.kind == ANSWERED else None

    def check_call(self, request: CallbackRequest) -> None:
        """A phone tries for two days, so the age of a signed call says nothing against it."""
        key = self.credentials["webhook_key"]
        if key:
            signed = request.body + request.header("X-Timestamp").encode(errors="replace")
            require_signature(hmac.digest(key.encode(), signed, "sha256").hex(), request.header("X-Signature").lower())

    def read_callback(self, request: CallbackRequest) -> list[CallbackReceipt]:
        self.check_call(request)
        call = reading.json_object(request.body)
        if call is None or not isinstance(call.get("event"), str):
            raise UnreadableCallback
        if call["event"] not in EVENTS:
            return []
        ours = reading.text(reading.pick(call, "payload.messageId"))
        if ours is None:
            raise UnreadableCallback
        payload = call["payload"]
        to = reading.e164(payload.get("recipient")) or reading.e164(payload.get("phoneNumber"))
        word, reason = call["event"].removeprefix("sms:"), reading.text(payload.get("reason"))
        return [
            CallbackReceipt(
                ours,
                ours,
                to,
                Receipt(EVENTS[call["event"]], word, reason),
                _part(call, payload) if EVENTS[call["event"]] == DELIVERED else None,
                reading.whole(payload.get("partsCount")),
            )
        ]

    def read_inbound(self, request: CallbackRequest) -> list[CallbackInbound]:
        """The app's own id follows from the text, so two messages that say the same have one: it is none."""
        self.check_call(request)
        call = reading.json_object(request.body) or {}
        payload = call.get("payload")
        if call.get("event") != RECEIVED or not isinstance(payload, dict):
            return []
        sender = reading.text(payload.get("sender")) or reading.text(payload.get("phoneNumber"))
        if sender is None:
            return []
        sim = {1: "sim1", 2: "sim2"}.get(reading.whole(payload.get("simNumber")) or 0)
        to = reading.text(payload.get("recipient")) or (self.settings[sim] if sim else None) or self.settings["number"]
        text = reading.message_text(payload.get("message"))
        return [CallbackInbound(sender, to, text, date=reading.text(payload.get("receivedAt")))]


def _id(reference: str, charge: int) -> str:
    """What the app knows a message by: 36 characters at most."""
    return reference if charge == 1 else str(uuid5(NAMESPACE_OID, f"{reference} {charge}"))


def _part(call: dict, payload: dict) -> str:
    """The app tells of the delivery of each part; a call that is tried again says the same under the same id."""
    said = (call["event"], call.get("id"), sorted(payload.items(), key=lambda pair: pair[0]))
    return sha256(repr(said).encode(errors="replace")).hexdigest()[:32]


def _state(message: dict) -> Receipt | None:
    """Where a message stands; the only recipient says why it failed."""
    word = (reading.text(message.get("state")) or "").lower()
    only = (reading.text(reading.pick(message, "recipients.0.state")) or "").lower()
    if STATES.get(only) == FAILED and STATES.get(word) != DELIVERED:
        word = only  # an envelope that is still pending, about a recipient that failed
    if word not in STATES:
        return None
    reason = reading.text(reading.pick(message, "recipients.0.error")) or reading.text(message.get("reason"))
    return Receipt(STATES[word], word, reason)
