"""Twilio: one call a message; receipts by signed form POST, and by asking."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote

from .. import reading
from ..callbacks import BadSignature, CallbackRequest, UnreadableCallback, require_signature
from ..http_client import ANSWERED, Reply, basic
from ..options import Option
from .base import (
    ACCEPTED,
    DELIVERED,
    FAILED,
    HELP,
    REFUSED,
    SENT,
    START,
    STOP,
    CallbackInbound,
    CallbackReceipt,
    Outcome,
    Question,
    Receipt,
    Submission,
)
from .remote import RemoteSmsGateway, base_url, failed, unreadable

# accepted, scheduled, queued, sending and whatever comes later: nothing that we don't know already.
STATUSES = {"sent": SENT, "delivered": DELIVERED, "read": DELIVERED, "undelivered": FAILED, "failed": FAILED, "canceled": FAILED}
LONGEST_VALIDITY = 36_000
"""Seconds that Twilio takes, and its own choice."""
OPT_OUT_TYPES = {"stop": STOP, "start": START, "help": HELP}
ERRORS = {
    "30001": "Queue overflow",
    "30002": "Account suspended",
    "30003": "Unreachable destination handset",
    "30004": "Message blocked",
    "30005": "Unknown destination handset",
    "30006": "Landline or unreachable carrier",
    "30007": "Message filtered",
    "30008": "Unknown error",
    "30034": "Message from an unregistered number",
}


class Twilio(RemoteSmsGateway):
    type = "twilio"
    title = "Twilio"
    about = "SMS worldwide. It brings signed delivery receipts, and can be asked for them."
    brings_address = True
    inbound_answer = ("<Response/>", 200)
    can_poll = True
    options = (
        Option("account_sid", required=True, pattern=r"\w+", help="the account's SID, AC…"),
        Option("from", required=True, help="the number or sender that messages without a sender come from"),
        base_url("https://api.twilio.com"),
    )
    secrets = (Option("auth_token", required=True),)

    @property
    def _messages(self) -> str:
        return f"{self.base_url}/2010-04-01/Accounts/{self.settings['account_sid']}/Messages"

    def _call(self, method: str, url: str, form: dict | None = None) -> Reply:
        return self.http.request(
            method, url, form=form, headers={"Authorization": basic(self.settings["account_sid"], self.credentials["auth_token"])}
        )

    def send(self, submission: Submission) -> Outcome:
        form = {"To": submission.to, "From": submission.sender or self.settings["from"], "Body": submission.text}
        if self.callback_url:
            form["StatusCallback"] = self.callback_url
        if submission.valid_seconds is not None and submission.valid_seconds <= LONGEST_VALIDITY:
            form["ValidityPeriod"] = str(submission.valid_seconds)
        reply = self._call("POST", self._messages + ".json", form)
        answer = reply.object()
        if reply.kind != ANSWERED:
            return failed(reply, reading.text(answer.get("code")), reading.text(answer.get("message")))
        gateway_ref = reading.text(answer.get("sid"))
        if gateway_ref is None:
            return unreadable(reply)
        if (reading.text(answer.get("status")) or "").lower() in ("failed", "undelivered", "canceled"):
            receipt = _receipt(answer, "status", "error_code", "error_message")
            return Outcome(REFUSED, gateway_ref, receipt and receipt.code, receipt and receipt.text)
        cost = _cost(answer)
        return Outcome(ACCEPTED, gateway_ref, meta={"cost": cost} if cost else None)

    def ask_one(self, question: Question) -> Receipt | None:
        """Only by Twilio's id: it knows none of ours."""
        if question.gateway_ref is None:
            return None
        reply = self._call("GET", f"{self._messages}/{quote(question.gateway_ref, safe='')}.json")
        if reply.kind != ANSWERED:
            return None
        receipt = _receipt(reply.object(), "status", "error_code", "error_message")
        return receipt and receipt._replace(cost=_cost(reply.object()))

    def check_call(self, request: CallbackRequest) -> None:
        given = request.header("X-Twilio-Signature")
        try:
            require_signature(self._signature(request.url, request.form), given)
        except BadSignature:
            # Twilio signs the address that we gave it; behind a proxy the one that was called may read otherwise.
            require_signature(self._signature(self.callback_url, request.form), given)

    def read_callback(self, request: CallbackRequest) -> list[CallbackReceipt]:
        self.check_call(request)
        gateway_ref = reading.text(request.form.get("MessageSid") or request.form.get("SmsSid"))
        if gateway_ref is None or not (request.form.get("MessageStatus") or request.form.get("SmsStatus")):
            raise UnreadableCallback
        status = "MessageStatus" if request.form.get("MessageStatus") else "SmsStatus"
        receipt = _receipt(request.form, status, "ErrorCode", "ErrorMessage")
        to = reading.e164(request.form.get("To"))
        return [] if receipt is None else [CallbackReceipt(gateway_ref, None, to, receipt)]

    def read_inbound(self, request: CallbackRequest) -> list[CallbackInbound]:
        """Of one with pictures (NumMedia) the text is kept."""
        self.check_call(request)
        sender, ref = (reading.text(request.form.get(field)) for field in ("From", "MessageSid"))
        if (request.form.get("SmsStatus") or "").lower() != "received" or sender is None or ref is None:
            return []
        meaning = OPT_OUT_TYPES.get((request.form.get("OptOutType") or "").strip().lower())
        to, text = reading.text(request.form.get("To")), reading.message_text(request.form.get("Body"))
        return [CallbackInbound(sender, to, text, ref, meaning=meaning)]

    def _signature(self, url: str, form: Mapping[str, str]) -> str:
        signed = url + "".join(name + form[name] for name in sorted(form))
        key = self.credentials["auth_token"].encode()
        return b64encode(hmac.digest(key, signed.encode(errors="replace"), "sha1")).decode()


def _cost(answer: Mapping) -> str | None:
    """None while Twilio has not set its price yet."""
    price, unit = reading.text(answer.get("price")), reading.text(answer.get("price_unit"))
    return f"{unit} {price.lstrip('-')}" if price and unit else None


def _receipt(said: Mapping, status: str, code: str, message: str) -> Receipt | None:
    word = (reading.text(said.get(status)) or "").lower()
    if word not in STATUSES:
        return None
    number = reading.text(said.get(code))
    return Receipt(STATUSES[word], number or word, reading.text(said.get(message)) or ERRORS.get(number or ""))
