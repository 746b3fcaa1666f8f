"""M-Pesa Express (Safaricom's Daraja): STK push. Whole shillings; callbacks are unsigned, so the query decides."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from ...core import clock
from ...core.languages import sentence
from .. import reading
from ..callbacks import CallbackRequest, UnreadableCallback
from ..http_client import ANSWERED, Reply, basic
from ..options import BadOption, Option, Values
from .base import ACCEPTED, NOT_PAID, PAID, PENDING, REFUSED, UNKNOWN, Charge, ChargeAnswer, ChargeStatus, PaymentHint, takes
from .remote import TokenMoney, not_charged, whole_amount

PAID_CODE = "0"
STILL_PROCESSING = "500.001.1001"
STILL_OPEN = ("4999",)  # "the transaction is still under processing"
RESULTS = {
    "1": "The payer has too little money",
    "17": "M-Pesa could not carry it out",
    "26": "M-Pesa is busy",
    "1001": "The payer has another payment open",
    "1019": "The request expired",
    "1025": "The request could not be shown",
    "1032": "The payer cancelled",
    "1037": "The payer did not answer",
    "2001": "The payer gave a wrong PIN",
    "9999": "The request could not be shown",
}
"""Result code → why nothing was paid. Codes are numbers or words (`SFC_IC0003`); any other one is final as well."""
BAD_TOKEN = "404.001.03"
BUY_GOODS = "CustomerBuyGoodsOnline"


def _code(given: Any) -> str | None:
    """A result code as text, a number without leading zeros; None for none."""
    if isinstance(given, Decimal) and given.is_finite() and given == given.to_integral_value():
        given = reading.text(given.to_integral_value())  # 0.0
    number = reading.whole(given)
    return str(number) if number is not None else None if isinstance(given, bool) else reading.text(given)


class Mpesa(TokenMoney):
    type = "mpesa"
    title = "M-Pesa"
    about = "Safaricom's Daraja in Kenya: the payer is asked for a PIN on the phone (STK push)."
    brings_address = True
    callback_answer = ({"ResultCode": 0, "ResultDesc": "Accepted"}, 200)
    options = (
        Option("shortcode", required=True, pattern="[0-9]{5,10}", help="the paybill number; of a till its store number"),
        Option("till", pattern="[0-9]{5,10}", help="the till number, for CustomerBuyGoodsOnline (the shortcode)"),
        Option("transaction_type", "choice", default="CustomerPayBillOnline", choices=("CustomerPayBillOnline", BUY_GOODS)),
        Option("base_url", "url", default="https://api.safaricom.co.ke", help="where its API is"),
        takes("KES"),
    )
    secrets = (Option("consumer_key", required=True), Option("consumer_secret", required=True), Option("passkey", required=True))

    @classmethod
    def check(cls, values: Values) -> None:
        if values.options["till"] and values.options["transaction_type"] != BUY_GOODS:
            raise BadOption(sentence("The option till goes with the transaction_type %(kind)s", kind=BUY_GOODS), "options.till")

    def fetch_token(self, until: float) -> Reply:
        return self.http.request(
            "GET",
            f"{self.base_url}/oauth/v1/generate?grant_type=client_credentials",
            until=until,
            headers={"Authorization": basic(self.credentials["consumer_key"], self.credentials["consumer_secret"])},
        )

    def turned_down(self, reply: Reply) -> bool:
        return reply.status == 401 or reply.object().get("errorCode") == BAD_TOKEN

    def has_failed(self, reply: Reply) -> bool:
        """An error 500 is also how it says that the payer has not answered yet."""
        return super().has_failed(reply) and reply.object().get("errorCode") != STILL_PROCESSING

    def charge(self, charge: Charge) -> ChargeAnswer:
        amount = whole_amount(charge)
        if amount is None:
            return ChargeAnswer(REFUSED, reason="M-Pesa takes whole amounts only")
        payer = charge.phone.lstrip("+")
        reply = self.call(
            "POST",
            "/mpesa/stkpush/v1/processrequest",
            json={
                **self._signed(),
                "TransactionType": self.settings["transaction_type"],
                "Amount": amount,
                "PartyA": payer,
                "PartyB": self.settings["till"] or self.settings["shortcode"],
                "PhoneNumber": payer,
                "CallBackURL": self._callback(charge.reference),
                "TransactionDesc": charge.description[:13] or "Top-up",
                "AccountReference": charge.reference.replace("-", "")[-12:],
            },
        )
        answer = reply.object()
        code, checkout = _code(answer.get("ResponseCode")), reading.text(answer.get("CheckoutRequestID"))
        if reply.kind != ANSWERED:
            return not_charged(
                reply,
                reading.text(answer.get("errorMessage")),
                gateway_ref=checkout,
                may_be_asked=code == "0" and checkout is not None,
            )
        if code == "0" and checkout:
            return ChargeAnswer(ACCEPTED, checkout)
        if code is None or code == "0":
            return ChargeAnswer(UNKNOWN, checkout, "M-Pesa answered, but not as documented")
        said = reading.text(answer.get("ResponseDescription"))
        return ChargeAnswer(REFUSED, reason=said or f"M-Pesa answered {code}")

    def ask(self, charge: Charge, gateway_ref: str | None, age_ms: int) -> ChargeStatus:
        """Only by M-Pesa's CheckoutRequestID. It tells no amount, so what was asked is what counts."""
        if gateway_ref is None:
            return ChargeStatus(PENDING)
        reply = self.call("POST", "/mpesa/stkpushquery/v1/query", json={**self._signed(), "CheckoutRequestID": gateway_ref})
        # HTTP 500 with errorCode 500.001.1001 is how it says "still processing": pending, as is every other error.
        result = _code(reply.object().get("ResultCode")) if reply.kind == ANSWERED else None
        if result is None or result in STILL_OPEN:
            return ChargeStatus(PENDING)
        if result == PAID_CODE:
            return ChargeStatus(PAID, charge.amount_micros)
        return ChargeStatus(
            NOT_PAID, reason=RESULTS.get(result) or reading.text(reply.object().get("ResultDesc")) or f"M-Pesa answered {result}"
        )

    def read_callback(self, request: CallbackRequest) -> list[PaymentHint]:
        checkout = reading.text(reading.pick(reading.json_value(request.body), "Body.stkCallback.CheckoutRequestID"))
        if checkout is None:
            raise UnreadableCallback
        return [PaymentHint(reading.text(request.query.get("reference")), checkout)]

    def _callback(self, reference: str) -> str:
        """Our address with our reference: a charge whose answer was lost is found again by its callback alone."""
        return f"{self.callback_url}{'&' if '?' in self.callback_url else '?'}{urlencode({'reference': reference})}"

    def _signed(self) -> dict[str, str]:
        """What every call carries: the time in Nairobi, and a password made of it."""
        shortcode = self.settings["shortcode"]
        stamp = clock.to_datetime(clock.now_ms()).astimezone(clock.zone("Africa/Nairobi")).strftime("%Y%m%d%H%M%S")
        password = b64encode(f"{shortcode}{self.credentials['passkey']}{stamp}".encode()).decode()
        return {"BusinessShortCode": shortcode, "Password": password, "Timestamp": stamp}
