"""MarzSMS (Uganda): one call a message. No receipts are known, so what it accepted stays `sent`."""

from __future__ import annotations

from .. import reading
from ..http_client import ANSWERED, basic
from ..options import Option
from .base import ACCEPTED, REFUSED, Outcome, Submission
from .remote import RemoteSmsGateway, base_url, failed, unreadable

IDS = ("message_id", "messageId", "id", "uuid", "reference")  # what an entry of `results` may call its id
FAILED = ("failed", "rejected", "error", "undelivered", "invalid", "not_sent")
REASONS = ("error", "message", "reason", "status")


class MarzSms(RemoteSmsGateway):
    type = "marzsms"
    title = "MarzSMS"
    about = "SMS in Uganda. It tells no delivery receipts: what it accepted stays sent."
    sends_receipts = False
    options = (base_url("https://sms.wearemarz.com"),)
    secrets = (Option("api_key", required=True), Option("api_secret", required=True))

    def send(self, submission: Submission) -> Outcome:
        reply = self.http.request(
            "POST",
            f"{self.base_url}/api/v1/sms/send",
            json={"recipient": submission.to, "message": submission.text},
            headers={"Authorization": basic(self.credentials["api_key"], self.credentials["api_secret"])},
        )
        if reply.kind != ANSWERED:
            return failed(reply)
        answer = reply.object()
        result = reading.pick(answer, "data.results.0")
        result = result if isinstance(result, dict) else {}
        if answer.get("success") is False or _sent_to_nobody(answer):
            return Outcome(
                REFUSED,
                code=reading.text(answer.get("code")) or "refused",
                text=_first(result, REASONS) or reading.text(answer.get("message")),
            )
        if answer.get("success") is not True:
            return unreadable(reply)
        cost = reading.text(reading.pick(answer, "data.total_cost"))
        return Outcome(ACCEPTED, gateway_ref=_first(result, IDS), meta={"cost": cost} if cost else None)


def _sent_to_nobody(answer: dict) -> bool:
    """One message was sent: nothing succeeded, or its only result says that it failed, whatever the envelope says."""
    successful, unsent = (reading.whole(reading.pick(answer, f"data.{field}")) for field in ("successful", "failed"))
    result = reading.pick(answer, "data.results.0")
    word = (reading.text(result.get("status")) or "").lower() if isinstance(result, dict) else ""
    return (successful == 0 and bool(unsent)) or (
        not successful and (word in FAILED or isinstance(result, dict) and result.get("success") is False)
    )


def _first(entry: dict, fields: tuple[str, ...]) -> str | None:
    return next((found for found in (reading.text(entry.get(field)) for field in fields) if found), None)
