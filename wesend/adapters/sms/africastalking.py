"""Africa's Talking: one call for up to 100 messages of one text and sender; receipts by form POST, unsigned."""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .. import reading
from ..callbacks import CallbackRequest, UnreadableCallback
from ..http_client import ANSWERED
from ..options import Option
from .base import ACCEPTED, DELIVERED, FAILED, REFUSED, SENT, TEMPORARY, UNKNOWN, CallbackReceipt, Outcome, Receipt, Submission
from .remote import RemoteSmsGateway, base_url, failed, unreadable

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


class AfricasTalking(RemoteSmsGateway):
    type = "africastalking"
    title = "Africa's Talking"
    about = "SMS in many countries of Africa, up to 100 numbers a call. It brings delivery receipts."
    batch = 100
    options = (
        Option("username", required=True, help="the application's name; sandbox for their sandbox", destination=True),
        base_url(None),
    )
    secrets = (Option("api_key", required=True),)

    def __init__(self, *arguments: Any, **options: Any) -> None:
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
        form = {
            "username": self.settings["username"],
            "to": ",".join(s.to for s in group),
            "message": group[0].text,
            "bulkSMSMode": "1",
            "enqueue": "1",
        }
        if group[0].sender:
            form["from"] = group[0].sender
        if time.monotonic() > end:
            return [Outcome(TEMPORARY, code="busy", text="There was no time left to begin")] * len(group)
        reply = self.http.request(
            "POST",
            f"{self.base_url}/version1/messaging",
            form=form,
            headers={"apiKey": self.credentials["api_key"], "Accept": "application/json"},
        )
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
