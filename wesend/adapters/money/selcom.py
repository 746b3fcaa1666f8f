"""Selcom (Tanzania): an order, then a push to the payer's wallet. Every call is signed, the webhook alike."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ...core import clock
from ...core.email_address import is_address
from ...core.languages import sentence
from .. import reading
from ..callbacks import BadSignature, CallbackRequest, UnreadableCallback, require_signature
from ..http_client import ANSWERED, Reply
from ..options import BadOption, Option, Values
from .base import ACCEPTED, NOT_PAID, PAID, PENDING, REFUSED, UNKNOWN, Charge, ChargeAnswer, ChargeStatus, PaymentHint, takes
from .remote import RemoteMoney, is_of, not_charged, not_taken, whole_amount

CURRENCY = "TZS"
TAKEN = ("000", "111", "927")  # done, in progress, waits for the payer
AMBIGUOUS = "999"
STATUSES = {"COMPLETED": PAID, "CANCELLED": NOT_PAID, "USERCANCELLED": NOT_PAID, "REJECTED": NOT_PAID}


class Selcom(RemoteMoney):
    type = "selcom"
    title = "Selcom"
    about = "Mobile money of every network in Tanzania: the payer approves on the phone."
    brings_address = True
    options = (
        Option("vendor", required=True, help="the vendor's (till's) number"),
        Option("email", required=True, help="an address for the buyer of every order"),
        Option("base_url", "url", default="https://apigw.selcommobile.com", help="where its API is"),
        takes(CURRENCY),
    )
    secrets = (Option("api_key", required=True), Option("api_secret", required=True))

    @classmethod
    def check(cls, values: Values) -> None:
        if not is_address(values.options["email"]):
            raise BadOption(sentence("The option email must be an e-mail address"), "options.email")
        if values.options["currencies"] != (CURRENCY,):
            raise BadOption(not_taken("Selcom", CURRENCY, values.options["currencies"]), "options.currencies")

    def charge(self, charge: Charge) -> ChargeAnswer:
        """No order, no push: what becomes of the second call is what becomes of the charge."""
        amount = whole_amount(charge)
        if amount is None or charge.currency != CURRENCY:
            return ChargeAnswer(REFUSED, reason=f"Selcom takes whole amounts of {CURRENCY} only")
        payer = charge.phone.lstrip("+")
        ordered = self._call(
            "POST",
            "create-order-minimal",
            {
                "vendor": self.settings["vendor"],
                "order_id": charge.reference,
                "buyer_email": self.settings["email"],
                "buyer_name": payer,
                "buyer_phone": payer,
                "amount": amount,
                "currency": charge.currency,
                "webhook": b64encode(self.callback_url.encode()).decode(),
                "buyer_remarks": charge.description,
                "merchant_remarks": charge.description,
                "no_of_items": 1,
            },
        )
        answer = _answer(ordered, charge.reference)
        if answer.kind != ACCEPTED:
            return answer._replace(kind=REFUSED)  # whatever became of the order: nobody is asked to pay without a push
        pushed = self._call("POST", "wallet-payment", {"transid": charge.reference, "order_id": charge.reference, "msisdn": payer})
        return _answer(pushed, charge.reference)

    def ask(self, charge: Charge, gateway_ref: str | None, age_ms: int) -> ChargeStatus:
        reply = self._call("GET", "order-status", {"order_id": charge.reference})
        answer = reply.object() if reply.kind == ANSWERED else {}
        said = reading.text(reading.pick(answer, "data.0.payment_status"))
        status = STATUSES.get((said or "").upper())
        if status == NOT_PAID:
            return ChargeStatus(NOT_PAID, reason=f"Selcom says {said}")
        if status != PAID:
            return ChargeStatus(PENDING)
        told = reading.pick(answer, "data.0.amount")
        amount = charge.amount_micros if told is None else reading.micros(told)
        if amount is None or not is_of(charge, reading.pick(answer, "data.0.currency")):
            return ChargeStatus(PENDING, reason="Selcom confirms another currency or no readable amount")
        return ChargeStatus(PAID, amount)

    def read_callback(self, request: CallbackRequest) -> list[PaymentHint]:
        body = reading.json_object(request.body)
        if body is None:
            raise UnreadableCallback
        self._check(request, body)
        reference = reading.text(body.get("order_id"))
        if reference is None:
            raise UnreadableCallback
        return [PaymentHint(reference, reference)]

    def _check(self, request: CallbackRequest, body: Mapping[str, Any]) -> None:
        """Signed as our own calls are; a signature that leaves the order out signs nothing."""
        names = [name.strip() for name in request.header("Signed-Fields").split(",") if name.strip()]
        if "order_id" not in names or any(name not in body for name in names):
            raise BadSignature
        signed = self._digest(request.header("Timestamp"), {name: body[name] for name in names})
        require_signature(signed, request.header("Digest"))

    def _digest(self, timestamp: str, fields: Mapping[str, Any]) -> str:
        signed = "&".join([f"timestamp={timestamp}", *(f"{name}={_written(value)}" for name, value in fields.items())])
        return b64encode(hmac.digest(self.credentials["api_secret"].encode(), signed.encode(errors="replace"), "sha256")).decode()

    def _call(self, method: str, name: str, fields: dict[str, Any]) -> Reply:
        timestamp = clock.to_datetime(clock.now_ms()).isoformat(timespec="seconds")
        url = f"{self.base_url}/v1/checkout/{name}"
        if method == "GET":
            url += "?" + urlencode(fields)
        return self.http.request(
            method,
            url,
            json=None if method == "GET" else fields,
            headers={
                "Authorization": "SELCOM " + b64encode(self.credentials["api_key"].encode()).decode(),
                "Digest-Method": "HS256",
                "Digest": self._digest(timestamp, fields),
                "Timestamp": timestamp,
                "Signed-Fields": ",".join(fields),
            },
        )


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _answer(reply: Reply, reference: str) -> ChargeAnswer:
    answer = reply.object()
    said = reading.text(answer.get("message"))
    code = reading.text(answer.get("resultcode"))
    if reply.kind != ANSWERED:
        return not_charged(reply, said, gateway_ref=reference, may_be_asked=code == AMBIGUOUS or code in TAKEN)
    if code in TAKEN:
        return ChargeAnswer(ACCEPTED, reference)
    if code is None or code == AMBIGUOUS:
        return ChargeAnswer(UNKNOWN, reference, said or "Selcom gave no clear answer")
    return ChargeAnswer(REFUSED, reason=said or f"Selcom answered {code}")
