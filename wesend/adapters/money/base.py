"""What every mobile-money gateway adapter is: charge a phone, and be asked what became of the charge."""

from __future__ import annotations

from typing import NamedTuple

from ...core.languages import sentence
from ..callbacks import CallbackRequest
from ..options import Configurable, Option
from ..outcomes import ACCEPTED, REFUSED, UNKNOWN

PENDING, PAID, NOT_PAID = "pending", "paid", "not_paid"

NETWORKS = ("MTN", "AIRTEL", "SAFARICOM", "TELKOM", "VODACOM", "TIGO", "HALOTEL", "TTCL", "UTL")

__all__ = [
    "ACCEPTED",
    "NOT_PAID",
    "PAID",
    "PENDING",
    "REFUSED",
    "UNKNOWN",
    "CallbackRequest",
    "Charge",
    "ChargeAnswer",
    "MoneyGateway",
    "PaymentHint",
    "ChargeStatus",
    "takes",
]


class Charge(NamedTuple):
    """A request for payment. ``amount_micros`` of ``currency`` from ``phone`` (E.164); ``reference`` is our UUID."""

    reference: str
    phone: str
    amount_micros: int
    currency: str
    description: str


class ChargeAnswer(NamedTuple):
    """``accepted``: the payer is being asked; ``refused``: never will be; ``unknown``: ask later by reference."""

    kind: str
    gateway_ref: str | None = None
    reason: str | None = None


class ChargeStatus(NamedTuple):
    """What the gateway says of a charge; ``amount_micros`` is what it confirms (None: what was asked)."""

    status: str
    amount_micros: int | None = None
    reason: str | None = None


class PaymentHint(NamedTuple):
    """A charge that there is news of, by our reference, the gateway's id, or both. No money moves by a hint: `ask`."""

    reference: str | None
    gateway_ref: str | None


class MoneyGateway(Configurable):
    """``callback_answer``: JSON body (None: no body) and status that the vendor wants its callbacks answered with."""

    common_options = (
        Option("networks", "list", default=(), choices=NETWORKS, help="the networks whose phones it takes (all)"),
        Option("priority", "integer", default=0, least=-1000, most=1000, help="lowest first among those that fit (0)"),
    )
    name: str
    currencies: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    priority = 0
    first_poll_ms = 5_000
    callback_answer: tuple[dict | None, int] = (None, 200)

    def __init__(self, name: str):
        self.name = name

    def charge(self, charge: Charge) -> ChargeAnswer:
        raise NotImplementedError

    def ask(self, charge: Charge, gateway_ref: str | None, age_ms: int) -> ChargeStatus:
        raise NotImplementedError

    def trouble(self) -> str | None:
        """Why this thread's last charge or question could not be relied on, told once; None when it was answered."""
        return None

    def read_callback(self, request: CallbackRequest) -> list[PaymentHint]:
        """The charges that a call to our address has news of.

        BadSignature when it is not the vendor's, UnreadableCallback when it is not in the vendor's form.
        """
        return []

    def close(self) -> None:
        """Give back connections; called when the gateway is set anew or removed."""


def takes(currency: str) -> Option:
    """The option of the currencies that a gateway takes; ``currency`` is its usual one."""
    return Option(
        "currencies",
        "list",
        default=(currency,),
        pattern="[A-Z]{3}",
        help=sentence("a comma list of ISO 4217 currencies (%(currency)s)", currency=currency),
    )
