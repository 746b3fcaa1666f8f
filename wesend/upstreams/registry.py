"""Gateway names → adapters. `sandbox` and `sandbox-money` are always there."""

from __future__ import annotations

from flask import current_app

from ..gateways.money.base import MoneyGateway
from ..gateways.money.sandbox import SandboxMoney
from ..gateways.sms.base import SmsGateway
from ..gateways.sms.sandbox import SandboxGateway

SANDBOX = "sandbox"
SANDBOX_MONEY = "sandbox-money"


def sms_gateway(name: str) -> SmsGateway | None:
    """The adapter of a configured SMS gateway; None when there is none of that name."""
    return sms_gateways().get(name)


def sms_gateways() -> dict[str, SmsGateway]:
    settings = current_app.config["WESEND"]
    extensions = current_app.extensions
    if "wesend.sandbox_gateway" not in extensions:
        extensions["wesend.sandbox_gateway"] = SandboxGateway(SANDBOX, settings.sandbox_delay)
    return {SANDBOX: extensions["wesend.sandbox_gateway"]}


def money_gateway(name: str) -> MoneyGateway | None:
    return SandboxMoney() if name == SANDBOX_MONEY else None


def money_gateway_for(currency: str, network: str | None, *, is_sandbox: bool) -> MoneyGateway | None:
    """Who takes a deposit of ``currency`` from a phone of ``network``; None: top-ups are not set up."""
    return SandboxMoney() if is_sandbox else None
