"""Gateway names → adapters. `sandbox`, `sandbox-money` and the two of e-mail are always there."""

from __future__ import annotations

from flask import current_app

from ..gateways.mail.caught import CaughtMail
from ..gateways.mail.smtp import SmtpGateway
from ..gateways.money.base import MoneyGateway
from ..gateways.money.sandbox import SandboxMoney
from ..gateways.sms.base import SmsGateway
from ..gateways.sms.sandbox import SandboxGateway

SANDBOX = "sandbox"
SANDBOX_MONEY = "sandbox-money"
SANDBOX_MAIL = "sandbox-mail"
SMTP = "smtp"


def sms_gateway(name: str) -> SmsGateway | None:
    """The adapter of an SMS gateway; None when there is none of that name."""
    return sms_gateways().get(name)


def sms_gateways() -> dict[str, SmsGateway]:
    return {SANDBOX: _built_in()[SANDBOX]}


def mail_gateway(*, is_sandbox: bool) -> SmsGateway:
    """Who carries e-mail: the SMTP server of the settings; without one, or for a sandbox wallet, it is caught."""
    built_in = _built_in()
    return built_in[SANDBOX_MAIL] if is_sandbox else built_in.get(SMTP, built_in[SANDBOX_MAIL])


def gateway(name: str) -> SmsGateway | None:
    """The adapter that carries messages under a name, of whichever channel."""
    return sms_gateways().get(name) or _built_in().get(name)


def gateways() -> dict[str, SmsGateway]:
    """Every adapter that carries messages."""
    return {**_built_in(), **sms_gateways()}


def _built_in() -> dict[str, SmsGateway]:
    extensions = current_app.extensions
    if "wesend.built_in_gateways" not in extensions:
        settings = current_app.config["WESEND"]
        found: dict[str, SmsGateway] = {SANDBOX: SandboxGateway(SANDBOX, settings.sandbox_delay),
                                        SANDBOX_MAIL: CaughtMail(SANDBOX_MAIL)}
        if settings.smtp_url:
            found[SMTP] = SmtpGateway(SMTP, settings.smtp_url, first_retry=settings.mail_backoff)
        extensions["wesend.built_in_gateways"] = found
    return extensions["wesend.built_in_gateways"]


def money_gateway(name: str) -> MoneyGateway | None:
    return SandboxMoney() if name == SANDBOX_MONEY else None


def money_gateway_for(currency: str, network: str | None, *, is_sandbox: bool) -> MoneyGateway | None:
    """Who takes a deposit of ``currency`` from a phone of ``network``; None: top-ups are not set up."""
    return SandboxMoney() if is_sandbox else None
