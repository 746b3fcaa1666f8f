"""MarzPay (Uganda): collections from MTN and Airtel. Callbacks may be signed; the collection is asked for anyway."""

from __future__ import annotations

import hmac
from urllib.parse import quote

from ...core import money
from .. import reading
from ..callbacks import BadSignature, CallbackRequest, UnreadableCallback, require_signature
from ..http_client import ANSWERED, Reply, basic
from ..options import Option
from .base import ACCEPTED, NOT_PAID, PAID, PENDING, REFUSED, UNKNOWN, Charge, ChargeAnswer, ChargeStatus, PaymentHint, takes
from .remote import RemoteMoney, is_of, not_charged

STATUSES = {
    "successful": PAID,
    "completed": PAID,
    "failed": NOT_PAID,
    "cancelled": NOT_PAID,
    "canceled": NOT_PAID,
    "rejected": NOT_PAID,
    "expired": NOT_PAID,
}
AMOUNTS = ("data.collection.amount.raw", "data.transaction.amount.raw", "data.transaction.amount")  # the first counts
CURRENCIES = ("data.collection.amount.currency", "data.transaction.amount.currency", "data.transaction.currency")
LONGEST_DESCRIPTION = 255


class MarzPay(RemoteMoney):
    type = "marzpay"
    title = "MarzPay"
    about = "Collections from MTN and Airtel in Uganda."
    brings_address = True
    options = (
        Option("country", default="UG", pattern="[A-Z]{2}", help="ISO 3166, two capital letters (UG)"),
        Option("base_url", "url", default="https://wallet.wearemarz.com", help="where its API is"),
        takes("UGX"),
    )
    secrets = (
        Option("api_key", required=True),
        Option("api_secret", required=True),
        Option("webhook_secret", help="checks X-MarzPay-Signature; without it only our address is a secret"),
    )

    def _call(self, method: str, path: str, body: dict | None = None) -> Reply:
        return self.http.request(
            method,
            f"{self.base_url}/api/v1/collect-money{path}",
            json=body,
            headers={"Authorization": basic(self.credentials["api_key"], self.credentials["api_secret"])},
        )

    def charge(self, charge: Charge) -> ChargeAnswer:
        body = {
            "amount": money.number(charge.amount_micros),
            "phone_number": charge.phone,
            "country": self.settings["country"],
            "reference": charge.reference,
            "description": charge.description[:LONGEST_DESCRIPTION],
        }
        if self.callback_url:
            body["callback_url"] = self.callback_url
        reply = self._call("POST", "", body)
        answer = reply.object()
        transaction = reading.pick(answer, "data.transaction")
        transaction = transaction if isinstance(transaction, dict) else {}
        uuid, status = reading.text(transaction.get("uuid")), _status(transaction)
        has_begun = uuid is not None and status != NOT_PAID and reading.text(transaction.get("status")) is not None
        said = reading.text(answer.get("message"))
        if reply.kind != ANSWERED:
            return not_charged(reply, said, gateway_ref=uuid, may_be_asked=has_begun)
        if status == NOT_PAID or (answer.get("status") in ("error", "failed") and not has_begun):
            return ChargeAnswer(REFUSED, uuid, said or "MarzPay refused the collection")
        if answer.get("status") != "success" or uuid is None:
            return ChargeAnswer(UNKNOWN, uuid, "MarzPay answered, but not as documented")
        return ChargeAnswer(ACCEPTED, uuid)

    def ask(self, charge: Charge, gateway_ref: str | None, age_ms: int) -> ChargeStatus:
        """Only by MarzPay's id; what it says of another reference is not about this charge."""
        if gateway_ref is None:
            return ChargeStatus(PENDING)
        reply = self._call("GET", f"/{quote(gateway_ref, safe='')}")
        answer = reply.object() if reply.kind == ANSWERED else {}
        transaction = reading.pick(answer, "data.transaction")
        transaction = transaction if isinstance(transaction, dict) else {}
        reference = reading.text(transaction.get("reference"))
        if reference is not None and reference.lower() != charge.reference.lower():
            return ChargeStatus(PENDING)
        status = _status(transaction)
        if status == PAID:
            return self._paid(charge, answer)
        if status == NOT_PAID:
            reason = reading.text(transaction.get("message")) or reading.text(transaction.get("reason"))
            return ChargeStatus(NOT_PAID, reason=reason or f"MarzPay says {reading.text(transaction.get('status'))}")
        return ChargeStatus(PENDING)

    @staticmethod
    def _paid(charge: Charge, answer: dict) -> ChargeStatus:
        told = [found for found in (reading.pick(answer, path) for path in AMOUNTS) if found is not None]
        amount = reading.micros(told[0]) if told else charge.amount_micros
        if amount is None or not all(is_of(charge, reading.pick(answer, path)) for path in CURRENCIES):
            return ChargeStatus(PENDING, reason="MarzPay confirms another currency or no readable amount")
        return ChargeStatus(PAID, amount)

    def read_callback(self, request: CallbackRequest) -> list[PaymentHint]:
        secret = self.credentials["webhook_secret"]
        if secret:
            self._check(request, secret)
        call = reading.json_object(request.body) or {}
        transaction = call.get("transaction") or reading.pick(call, "data.transaction")
        uuid, reference = (reading.text(reading.pick(transaction, field)) for field in ("uuid", "reference"))
        if uuid is None and reference is None:
            raise UnreadableCallback
        return [PaymentHint(reference, uuid)]

    @staticmethod
    def _check(request: CallbackRequest, secret: str) -> None:
        """``t=…,v1=hex HMAC-SHA256("t.body")``. No bound on its age: a replayed hint only makes us ask once more."""
        parts = dict(part.strip().partition("=")[::2] for part in request.header("X-MarzPay-Signature").split(","))
        if "t" not in parts or "v1" not in parts:
            raise BadSignature
        signed = parts["t"].encode(errors="replace") + b"." + request.body
        require_signature(hmac.digest(secret.encode(), signed, "sha256").hex(), parts["v1"].lower())


def _status(transaction: dict) -> str | None:
    return STATUSES.get((reading.text(transaction.get("status")) or "").lower())
