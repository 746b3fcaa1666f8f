"""Airtel Money: the payer approves on the phone. Our reference is the transaction's id, so it can always be asked for."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import phonenumbers

from ...core.languages import sentence
from .. import reading
from ..callbacks import CallbackRequest, UnreadableCallback
from ..http_client import ANSWERED, Reply
from ..options import BadOption, Option, Values
from .base import ACCEPTED, NOT_PAID, PAID, PENDING, REFUSED, UNKNOWN, Charge, ChargeAnswer, ChargeStatus, PaymentHint
from .remote import TokenMoney, not_charged, whole_amount

CURRENCIES = {
    "CD": "CDF",
    "CG": "XAF",
    "GA": "XAF",
    "KE": "KES",
    "MG": "MGA",
    "MW": "MWK",
    "NE": "XOF",
    "NG": "NGN",
    "RW": "RWF",
    "SC": "SCR",
    "TD": "XAF",
    "TZ": "TZS",
    "UG": "UGX",
    "ZM": "ZMW",
}
IN_PROGRESS = "DP00800001006"
OF_A_PAYMENT = "DP008"
"""How its codes about a payment begin: one in no list, such as that for "ambiguous", may be of a payer who is asked already."""
REFUSALS = {
    "DP00800001003": "The payer's limit is reached",
    "DP00800001004": "The payer may not pay this amount",
    "DP00800001010": "The payer may not do this",
    "DP00800001025": "The payer has too little money",
    "DP00800001026": "The payer declined",
}
STATUSES = {"TS": PAID, "TF": NOT_PAID, "TE": NOT_PAID}
LONGEST_REFERENCE = 64


class Airtel(TokenMoney):
    type = "airtel"
    title = "Airtel Money"
    about = "Airtel's collections: the payer approves on the phone."
    hears = True
    options = (
        Option("country", required=True, pattern="[A-Z]{2}", help="where the account is, ISO 3166 in capitals: UG"),
        Option("base_url", "url", default="https://openapi.airtel.africa", help="where its API is"),
        Option("currencies", "list", default=(), pattern="[A-Z]{3}", help="the country's own (that one)"),
    )
    secrets = (Option("client_id", required=True), Option("client_secret", required=True))

    @classmethod
    def check(cls, values: Values) -> None:
        country, given = values.options["country"], values.options["currencies"]
        if country not in CURRENCIES:
            raise BadOption(
                sentence(
                    "The option country must be one of Airtel Money's (%(countries)s), not %(country)s",
                    country=country,
                    countries=", ".join(CURRENCIES),
                ),
                "options.country",
            )
        if given and given != (CURRENCIES[country],):
            raise BadOption(
                sentence(
                    "The option currencies of Airtel Money must be %(currency)s in %(country)s, not %(given)s",
                    currency=CURRENCIES[country],
                    country=country,
                    given=", ".join(given),
                ),
                "options.currencies",
            )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.currencies = (CURRENCIES[self.settings["country"]],)

    def fetch_token(self, until: float) -> Reply:
        return self.http.request(
            "POST",
            f"{self.base_url}/auth/oauth2/token",
            until=until,
            json={
                "client_id": self.credentials["client_id"],
                "client_secret": self.credentials["client_secret"],
                "grant_type": "client_credentials",
            },
        )

    @property
    def _headers(self) -> dict[str, str]:
        return {"X-Country": self.settings["country"], "X-Currency": self.currencies[0]}

    def charge(self, charge: Charge) -> ChargeAnswer:
        amount = whole_amount(charge)
        if amount is None or charge.currency not in self.currencies:
            return ChargeAnswer(REFUSED, reason=f"Airtel Money takes whole amounts of {self.currencies[0]} only")
        place = {"country": self.settings["country"], "currency": charge.currency}
        reply = self.call(
            "POST",
            "/merchant/v1/payments/",
            headers=self._headers,
            json={
                "reference": charge.description[:LONGEST_REFERENCE] or "Top-up",
                "subscriber": {**place, "msisdn": _national(charge.phone)},
                "transaction": {"amount": amount, **place, "id": charge.reference},
            },
        )
        answer = reply.object()
        code = (reading.text(reading.pick(answer, "status.response_code")) or "").upper()
        said = reading.text(reading.pick(answer, "status.message"))
        if code in REFUSALS:
            return ChargeAnswer(REFUSED, reason=REFUSALS[code])
        if code == IN_PROGRESS:
            return ChargeAnswer(ACCEPTED, charge.reference)
        is_taken = reading.pick(answer, "status.success") is True
        if reply.kind != ANSWERED:
            return not_charged(reply, said, gateway_ref=charge.reference, may_be_asked=is_taken or code.startswith(OF_A_PAYMENT))
        if is_taken:
            return ChargeAnswer(ACCEPTED, charge.reference)
        return ChargeAnswer(UNKNOWN, charge.reference, said or "Airtel Money answered, but not as documented")

    def ask(self, charge: Charge, gateway_ref: str | None, age_ms: int) -> ChargeStatus:
        """It tells no amount, so what was asked is what counts."""
        reply = self.call("GET", f"/standard/v1/payments/{quote(charge.reference, safe='')}", headers=self._headers)
        answer = reply.object() if reply.kind == ANSWERED else {}
        status = STATUSES.get((reading.text(reading.pick(answer, "data.transaction.status")) or "").upper())
        if status == PAID:
            return ChargeStatus(PAID, charge.amount_micros)
        if status == NOT_PAID:
            reason = reading.text(reading.pick(answer, "data.transaction.message"))
            return ChargeStatus(NOT_PAID, reason=reason or "Airtel Money says that it failed")
        return ChargeStatus(PENDING)

    def read_callback(self, request: CallbackRequest) -> list[PaymentHint]:
        """Its ``hash`` needs not be checked: a hint only makes us ask."""
        reference = reading.text(reading.pick(reading.json_value(request.body), "transaction.id"))
        if reference is None:
            raise UnreadableCallback
        return [PaymentHint(reference, reference)]


def _national(e164: str) -> str:
    """Without the country's code, as Airtel takes it."""
    return phonenumbers.national_significant_number(phonenumbers.parse(e164))
