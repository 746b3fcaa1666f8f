"""Sandbox money: pays after a second; phones ending 0000099 are declined, 0000055 never answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.languages import marked
from ..options import Option
from .base import NOT_PAID, PAID, PENDING, Charge, ChargeAnswer, ChargeStatus, MoneyGateway

DECLINES, SILENT = "0000099", "0000055"
DELAY_MS = 1000


class SandboxMoney(MoneyGateway):
    type = "sandbox-money"
    title = marked("Sandbox money")
    about = "Every payer pays after a second, and no money moves. For trying top-ups out."
    first_poll_ms = DELAY_MS

    options = (
        Option(
            "currencies",
            "list",
            default=(),
            pattern="[A-Z]{3}",
            help="currencies of live wallets that it takes, to try things out (none)",
        ),
    )

    def __init__(self, name: str = "sandbox-money", given: Mapping[str, Any] | None = None):
        super().__init__(name)
        if given is not None:
            self.currencies, self.networks, self.priority = given["currencies"], given["networks"], given["priority"]

    def charge(self, charge: Charge) -> ChargeAnswer:
        return ChargeAnswer("accepted", gateway_ref="sbx-" + charge.reference)

    def ask(self, charge: Charge, gateway_ref: str | None, age_ms: int) -> ChargeStatus:
        if charge.phone.endswith(SILENT) or 0 <= age_ms < DELAY_MS:  # below zero: the clock was set back
            return ChargeStatus(PENDING)
        if charge.phone.endswith(DECLINES):
            return ChargeStatus(NOT_PAID, reason=marked("Declined by the payer (sandbox)"))
        return ChargeStatus(PAID, charge.amount_micros)
