"""Africa's Talking: one call for up to 100 messages of one text and sender; receipts by form POST, unsigned."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor

from .. import reading
from ..callbacks import CallbackRequest, UnreadableCallback
from ..http_client import ANSWERED
from ..options import Option
from .base import (
    ACCEPTED,
    DELIVERED,
    FAILED,
    REFUSED,
    SENT,
    TEMPORARY,
    UNKNOWN,
    CallbackReceipt,
    Outcome,
    Receipt,
    Submission,
)
from .remote import RemoteSmsGateway, base_url, failed, unreadable

LIVE, SANDBOX = "https://api.africastalking.com", "https://api.sandbox.africastalking.com"

CODES: dict[int | None, tuple[str, str | None]] = {
    100: (ACCEPTED, "Processed"), 101: (ACCEPTED, "Sent"), 102: (ACCEPTED, "Queued"),
    401: (REFUSED, "RiskHold"), 402: (REFUSED, "InvalidSenderId"), 403: (REFUSED, "InvalidPhoneNumber"),
    404: (REFUSED, "UnsupportedNumberType"), 405: (REFUSED, "InsufficientBalance"), 406: (REFUSED, "UserInBlacklist"),
    407: (REFUSED, "CouldNotRoute"), 408: (REFUSED, "Refused"), 409: (REFUSED, "DoNotDisturbRejection"),
    500: (TEMPORARY, "InternalServerError"), 501: (TEMPORARY, "GatewayError"), 502: (REFUSED, "RejectedByGateway"),
}
STATUSES = {
    "success": DELIVERED,
    "failed": FAILED, "rejected": FAILED, "expired": FAILED, "absentsubscriber": FAILED,
    "sent": SENT, "submitted": SENT, "buffered": SENT,
}


class AfricasTalking(RemoteSmsGateway):
    type = "africastalking"
    title = "Africa's Talking"
    about = "SMS in many countries of Africa, up to 100 numbers a call. It brings delivery receipts."
    batch = 100
    options = (Option("username", required=True, help="the application's name; sandbox for their sandbox"),
               base_url(None))
    secrets = (Option("api_key", required=True),)

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.base_url = self.base_url or (SANDBOX if self.settings["username"] == "sandbox" else LIVE)

    def batch_key(self, submission: Submission) -> Hashable:
        return submission.text, submission.sender

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        """Groups that share text and sender go out side by side; one that can't begin in time is surely not sent.

        A number is told by itself in the answer, so a second message to it goes into a group of its own.
        """
        groups: dict[Hashable, list[int]] = defaultdict(list)
        seen: Counter = Counter()
        for position, submission in enumerate(submissions):
            turn = seen[self.batch_key(submission), submission.to]
            seen[self.batch_key(submission), submission.to] += 1
            groups[self.batch_key(submission), turn].append(position)
        outcomes: dict[int, Outcome] = {}
        end = time.monotonic() + self.timeout

        def send(positions: list[int]) -> None:
            outcomes.update(zip(positions, self._send([submissions[p] for p in positions], end), strict=True))

        if len(groups) == 1:
            send(*groups.values())
        elif groups:
            with ThreadPoolExecutor(min(len(groups), self.parallel)) as pool:
                list(pool.map(send, groups.values()))
        return [outcomes[position] for position in range(len(submissions))]

    def _send(self, group: list[Submission], end: float) -> list[Outcome]:
        form = {"username": self.settings["username"], "to": ",".join(s.to for s in group), "message": group[0].text,
                "bulkSMSMode": "1", "enqueue": "1"}
        if group[0].sender:
            form["from"] = group[0].sender
        if time.monotonic() > end:
            return [Outcome(TEMPORARY, code="busy", text="There was no time left to begin")] * len(group)
        reply = self.http.request("POST", f"{self.base_url}/version1/messaging", form=form,
                                  headers={"apiKey": self.credentials["api_key"], "Accept": "application/json"})
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
        return [_outcome(told.get(submission.to)) for submission in group]

    def read_callback(self, request: CallbackRequest) -> list[CallbackReceipt]:
        gateway_ref, status = (reading.text(request.form.get(field)) for field in ("id", "status"))
        if gateway_ref is None or status is None:
            raise UnreadableCallback
        kept = STATUSES.get(status.lower())
        if kept is None:
            return []
        reason = reading.text(request.form.get("failureReason"))
        return [CallbackReceipt(gateway_ref, None, reading.e164(request.form.get("phoneNumber")),
                                Receipt(kept, reason or status, reason))]


def _outcome(entry: dict | None) -> Outcome:
    if entry is None:
        return Outcome(UNKNOWN, code="unreadable", text="The gateway's answer does not name this number")
    code = reading.whole(entry.get("statusCode"))
    kind, word = CODES.get(code, (UNKNOWN, None))
    shown = None if code is None else str(code)
    if kind != ACCEPTED:
        said = reading.text(entry.get("status")) or word
        return Outcome(kind, code=shown, text=said or "A status that is not documented")
    gateway_ref, cost = (reading.text(entry.get(field)) for field in ("messageId", "cost"))
    return Outcome(ACCEPTED, gateway_ref=None if gateway_ref == "None" else gateway_ref,
                   meta={"cost": cost} if cost else None)
