"""What every mobile-money gateway adapter is: charge a phone, and be asked what became of the charge."""

from __future__ import annotations

from typing import NamedTuple

PENDING, PAID, NOT_PAID = "pending", "paid", "not_paid"


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


class Standing(NamedTuple):
    """What the gateway says of a charge; ``amount_micros`` is what it confirms (None: what was asked)."""

    status: str
    amount_micros: int | None = None
    reason: str | None = None


class MoneyGateway:
    type = ""
    name: str
    first_poll_ms = 5_000

    def __init__(self, name: str):
        self.name = name

    def charge(self, charge: Charge) -> ChargeAnswer:
        raise NotImplementedError

    def ask(self, charge: Charge, gateway_ref: str | None, age_ms: int) -> Standing:
        raise NotImplementedError
