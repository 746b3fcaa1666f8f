"""MTN MoMo Collections: request to pay. Our reference is the request's id, so it can always be asked for."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ...core import money
from ...core.languages import sentence
from .. import reading
from ..callbacks import CallbackRequest, UnreadableCallback
from ..http_client import ANSWERED, Reply, basic
from ..options import Option
from .base import ACCEPTED, NOT_PAID, PAID, PENDING, Charge, ChargeAnswer, ChargeStatus, PaymentHint, takes
from .remote import TokenMoney, is_of, not_charged

LIVE, SANDBOX = "https://proxy.momoapi.mtn.com", "https://sandbox.momodeveloper.mtn.com"
LONGEST_NOTE = 160
REASONS = {
    "PAYER_NOT_FOUND": "The phone has no MoMo wallet",
    "NOT_ENOUGH_FUNDS": "The payer has too little money",
    "LOW_BALANCE_OR_PAYEE_LIMIT_REACHED_OR_NOT_ALLOWED": "The payer has too little money, or may not pay this much",
    "PAYER_LIMIT_REACHED": "The payer's limit is reached",
    "APPROVAL_REJECTED": "The payer declined",
    "EXPIRED": "The payer did not answer",
    "NOT_ALLOWED": "The payer may not do this",
    "INTERNAL_PROCESSING_ERROR": "MTN could not carry it out, often for too little money",
    "COULD_NOT_PERFORM_TRANSACTION": "The payer did not answer",
    "SERVICE_UNAVAILABLE": "MTN is not available",
}


class Momo(TokenMoney):
    type = "momo"
    title = "MTN MoMo"
    about = "MTN's collections: the payer approves on the phone."
    brings_address = True
    options = (
        Option(
            "target_environment",
            required=True,
            pattern="[A-Za-z0-9_-]+",
            help="as MTN named it: sandbox, mtnuganda, mtnrwanda …",
            destination=True,
        ),
        Option("api_user", required=True, help="the API user's UUID"),
        Option("base_url", "url", help=sentence("where its API is (%(url)s)", url=LIVE)),
        takes("UGX"),
    )
    secrets = (Option("subscription_key", required=True), Option("api_key", required=True))

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.base_url = self.base_url or (SANDBOX if self.settings["target_environment"] == "sandbox" else LIVE)

    def fetch_token(self, until: float) -> Reply:
        return self.http.request(
            "POST",
            f"{self.base_url}/collection/token/",
            until=until,
            body=b"",
            headers={
                "Authorization": basic(self.settings["api_user"], self.credentials["api_key"]),
                "Ocp-Apim-Subscription-Key": self.credentials["subscription_key"],
            },
        )

    @property
    def _headers(self) -> dict[str, str]:
        return {
            "X-Target-Environment": self.settings["target_environment"],
            "Ocp-Apim-Subscription-Key": self.credentials["subscription_key"],
        }

    def charge(self, charge: Charge) -> ChargeAnswer:
        headers = {**self._headers, "X-Reference-Id": charge.reference}
        if self.callback_url:
            headers["X-Callback-Url"] = self.callback_url
        note = charge.description[:LONGEST_NOTE]
        reply = self.call(
            "POST",
            "/collection/v1_0/requesttopay",
            headers=headers,
            json={
                "amount": money.text(charge.amount_micros),
                "currency": charge.currency,
                "externalId": charge.reference,
                "payer": {"partyIdType": "MSISDN", "partyId": charge.phone.lstrip("+")},
                "payerMessage": note,
                "payeeNote": note,
            },
        )
        if reply.kind == ANSWERED or reply.status == 409:  # 409: this reference was asked for already
            return ChargeAnswer(ACCEPTED, charge.reference)
        return not_charged(reply, _reason(reply.object()), gateway_ref=charge.reference)

    def ask(self, charge: Charge, gateway_ref: str | None, age_ms: int) -> ChargeStatus:
        reply = self.call("GET", f"/collection/v1_0/requesttopay/{quote(charge.reference, safe='')}", headers=self._headers)
        answer = reply.object() if reply.kind == ANSWERED else {}
        status = (reading.text(answer.get("status")) or "").upper()
        if status == "FAILED":
            return ChargeStatus(NOT_PAID, reason=_reason(answer.get("reason")) or "MTN says that it failed")
        if status != "SUCCESSFUL":
            return ChargeStatus(PENDING)
        return self._paid(charge, answer)

    @staticmethod
    def _paid(charge: Charge, answer: dict) -> ChargeStatus:
        """Another currency or an amount that is none is not what was asked: left for a person to look at."""
        amount = reading.micros(answer.get("amount")) if "amount" in answer else charge.amount_micros
        if not is_of(charge, answer.get("currency")) or amount is None:
            return ChargeStatus(PENDING, reason="MTN confirms another currency or no readable amount")
        return ChargeStatus(PAID, amount)

    def read_callback(self, request: CallbackRequest) -> list[PaymentHint]:
        """POST or PUT of the request's result; our reference is its ``externalId``."""
        call = reading.json_object(request.body)
        reference = reading.text((call or {}).get("externalId")) or reading.text((call or {}).get("referenceId"))
        if reference is None:
            raise UnreadableCallback
        return [PaymentHint(reference, reference)]


def _reason(said: object) -> str | None:
    """A text, or ``{code, message}``; known codes in plain words."""
    if isinstance(said, dict):
        code, message = reading.text(said.get("code")), reading.text(said.get("message"))
        return REASONS.get(code or "") or message or code
    word = reading.text(said)
    return REASONS.get(word or "") or word
