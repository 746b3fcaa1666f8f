"""Why there is no way to a number: told to the operator, in the log and by command. A customer learns that there is none."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from ...accounts import roles
from ...accounts.roles import OPERATE, Actor
from ...accounts.service import AccountInfo
from ...core import phones
from ...core.current_app import this_app
from ...gateways import registry
from ...routing import rates, routes
from ...wallets.service import WalletInfo

log = logging.getLogger(__name__)
AGAIN = 60.0
"""Seconds after which the same cause stands in the log once more."""


def cause(phone: phones.Phone, wallet: WalletInfo, *, actor: Actor) -> str:
    """One sentence, with the command that helps; for an operator alone."""
    roles.require(actor, OPERATE)
    country = phone.country
    if not routes.active_routes_by_country().get(country):
        return f"No active route leads to {country}: wesend route set CODE --country {country} --gateway NAME --price …"
    found = routes.candidates(country, phone.e164)
    if not found:
        return f"None of the routes to {country} is for this number's prefix or network"
    codes = ", ".join(route.code for route in found)
    named = [route.gateway for route in found if route.gateway]
    if not named and not wallet.is_sandbox:
        return f"No gateway carries what takes {codes}: wesend route set {found[0].code} --country {country} --gateway NAME …"
    if not wallet.is_sandbox and not any(name in registry.sms_gateways() for name in named):
        return f"{codes}: the gateway {named[0]} is not set up: wesend gateway set {named[0]} --type …"
    missing = [code for code in (found[0].currency, wallet.currency) if not rates.is_convertible(code)]
    if missing:
        return f"There is no exchange rate for {missing[0]}: wesend rate set {missing[0]} UNITS_PER_USD"
    return f"No price can be told for {codes}"


def told(recipients: Iterable[str], account: AccountInfo, wallet: WalletInfo, *, actor: Actor) -> str | None:
    """The cause for the first of these numbers, to an operator; None to anybody else, and where none of them is a number."""
    phone = _first(recipients, account) if roles.may(actor, OPERATE) else None
    return cause(phone, wallet, actor=actor) if phone is not None else None


def _first(recipients: Iterable[str], account: AccountInfo) -> phones.Phone | None:
    read = (phones.normalise(text, account.country) for text in recipients)
    return next((found for found in read if found is not None), None)


def note(recipients: Iterable[str], account: AccountInfo, wallet: WalletInfo) -> None:
    """Write the cause to the log, once a minute each."""
    phone = _first(recipients, account)
    if phone is None:
        return
    noted: dict[tuple[str, str], float] = this_app().extensions.setdefault("wesend.no_route", {})
    sentence, now = cause(phone, wallet, actor="system"), time.monotonic()
    if now - noted.get((phone.country, sentence), -AGAIN) >= AGAIN:
        noted[phone.country, sentence] = now
        log.warning("no route for account %s to %s: %s", wallet.account_id, phone.country, sentence)
