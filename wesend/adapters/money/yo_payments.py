"""Yo! Payments (Uganda): deposits from MTN and Airtel, in XML. Notices are signed by RSA, unchecked: Yo is asked anyway."""

from __future__ import annotations

import re
from xml.parsers import expat
from xml.sax.saxutils import escape

from .. import reading
from ..callbacks import CallbackRequest, UnreadableCallback
from ..http_client import ANSWERED, Reply
from ..options import BadOption, Option, Values
from .base import ACCEPTED, NOT_PAID, PAID, PENDING, REFUSED, UNKNOWN, Charge, ChargeAnswer, ChargeStatus, PaymentHint, takes
from .remote import RemoteMoney, is_of, not_charged, not_taken, whole_amount

CURRENCY = "UGX"
TAKEN = (0, 1)  # StatusCode: done, and pending
OPEN = ("SUCCEEDED", "PENDING", "INDETERMINATE")  # an error's code beside one of these is no refusal
GROUPED = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
STATUSES = {"SUCCEEDED": PAID, "FAILED": NOT_PAID}
LONGEST_FIELD = 4096


class YoPayments(RemoteMoney):
    type = "yo-payments"
    title = "Yo! Payments"
    about = "Deposits from MTN and Airtel in Uganda: the payer approves on the phone."
    brings_address = True
    options = (Option("base_url", "url", default="https://paymentsapi1.yo.co.ug", help="where its API is"), takes(CURRENCY))
    secrets = (
        Option("username", required=True, help="the API's user name"),
        Option("password", required=True, help="the API's password"),
    )

    @classmethod
    def check(cls, values: Values) -> None:
        if values.options["currencies"] != (CURRENCY,):
            raise BadOption(not_taken("Yo! Payments", CURRENCY, values.options["currencies"]), "options.currencies")

    def charge(self, charge: Charge) -> ChargeAnswer:
        amount = whole_amount(charge)
        if amount is None or charge.currency != CURRENCY:
            return ChargeAnswer(REFUSED, reason=f"Yo! Payments takes whole amounts of {CURRENCY} only")
        fields = {
            "Method": "acdepositfunds",
            "NonBlocking": "TRUE",
            "Amount": str(amount),
            "Account": charge.phone.lstrip("+"),
            "Narrative": charge.description,
            "ExternalReference": charge.reference,
        }
        if self.callback_url:
            fields |= {"InstantNotificationUrl": self.callback_url, "FailureNotificationUrl": self.callback_url}
        reply = self._call(fields)
        answer = read_response(reply.body)
        code, gateway_ref = reading.whole(answer.get("StatusCode")), reading.text(answer.get("TransactionReference"))
        said = reading.text(answer.get("ErrorMessage")) or reading.text(answer.get("StatusMessage"))
        may_be_asked = answer.get("TransactionStatus", "").strip().upper() in OPEN
        if reply.kind != ANSWERED:
            return not_charged(reply, said, gateway_ref=gateway_ref, may_be_asked=may_be_asked or code in TAKEN)
        if code is not None and code < 0 and not may_be_asked:
            return ChargeAnswer(REFUSED, gateway_ref, said or f"Yo! Payments answered {code}")
        if code in TAKEN:
            return ChargeAnswer(ACCEPTED, gateway_ref)
        return ChargeAnswer(UNKNOWN, gateway_ref, said or "Yo! Payments answered, but not as documented")

    def ask(self, charge: Charge, gateway_ref: str | None, age_ms: int) -> ChargeStatus:
        """By our reference, whether its own is known or not."""
        fields = {
            "Method": "actransactioncheckstatus",
            "PrivateTransactionReference": charge.reference,
            "DepositTransactionType": "PULL",
        }
        reply = self._call(fields)
        answer = read_response(reply.body) if reply.kind == ANSWERED else {}
        status = STATUSES.get(answer.get("TransactionStatus", "").strip().upper())
        if status == NOT_PAID:
            said = reading.text(answer.get("ErrorMessage")) or reading.text(answer.get("StatusMessage"))
            return ChargeStatus(NOT_PAID, reason=said or "Yo! Payments says that it failed")
        if status != PAID:
            return ChargeStatus(PENDING)
        told = answer.get("Amount", "").strip()
        told = told.replace(",", "") if GROUPED.fullmatch(told) else told
        amount = reading.micros(told) if "Amount" in answer else charge.amount_micros
        if amount is None or not is_of(charge, answer.get("CurrencyCode")):
            return ChargeStatus(PENDING, reason="Yo! Payments confirms another currency or no readable amount")
        return ChargeStatus(PAID, amount)

    def _call(self, fields: dict[str, str]) -> Reply:
        told = {"APIUsername": self.credentials["username"], "APIPassword": self.credentials["password"], **fields}
        lines = "".join(f"<{name}>{escape(_sayable(value))}</{name}>" for name, value in told.items())
        body = f'<?xml version="1.0" encoding="UTF-8"?><AutoCreate><Request>{lines}</Request></AutoCreate>'
        return self.http.request(
            "POST",
            f"{self.base_url}/ybs/task.php",
            body=body.encode(errors="replace"),
            headers={"Content-Type": "text/xml", "Accept": "text/xml", "Content-transfer-encoding": "text"},
        )

    def read_callback(self, request: CallbackRequest) -> list[PaymentHint]:
        reference = reading.text(request.form.get("external_ref"))
        failed = reading.text(request.form.get("failed_transaction_reference"))
        if reference is None and failed is None:
            raise UnreadableCallback
        return [PaymentHint(found, found) for found in (reference, failed) if found is not None]


def _sayable(text: str) -> str:
    """Without what XML can't hold."""
    return "".join(char for char in text if char.isprintable())


class _Unreadable(Exception):
    pass


def read_response(body: bytes) -> dict[str, str]:
    """The fields of ``AutoCreate/Response``; none of what is no such document, or declares a type of its own."""
    fields: dict[str, str] = {}
    path: list[str] = []

    def begin(name: str, _attributes: dict[str, str]) -> None:
        path.append(name)
        if len(path) == 3 and path[:2] == ["AutoCreate", "Response"]:
            fields[name] = ""

    def text(found: str) -> None:
        if len(path) == 3 and path[-1] in fields and len(fields[path[-1]]) < LONGEST_FIELD:
            fields[path[-1]] += found

    def refuse(*_arguments: object) -> None:
        raise _Unreadable

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.CharacterDataHandler = begin, text
    parser.EndElementHandler = lambda _name: path.pop() and None
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, _Unreadable, ValueError):
        return {}
    return fields
