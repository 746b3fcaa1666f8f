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
from ...core.languages import sentence
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
        return sentence(
            "No active route leads to %(country)s: wesend route set CODE --country %(country)s --gateway NAME --price …",
            country=country,
        )
    found = routes.candidates(country, phone.e164)
    if not found:
        return sentence("None of the routes to %(country)s is for this number's prefix or network", country=country)
    codes = ", ".join(route.code for route in found)
    named = [route.gateway for route in found if route.gateway]
    if not named and not wallet.is_sandbox:
        return sentence(
            "No gateway carries what takes %(codes)s: wesend route set %(code)s --country %(country)s --gateway NAME …",
            codes=codes,
            code=found[0].code,
            country=country,
        )
    if not wallet.is_sandbox and not any(name in registry.sms_gateways() for name in named):
        return sentence(
            "%(codes)s: the gateway %(name)s is not set up: wesend gateway set %(name)s --type …", codes=codes, name=named[0]
        )
    missing = [code for code in (found[0].currency, wallet.currency) if not rates.is_convertible(code)]
    if missing:
        return sentence(
            "There is no exchange rate for %(currency)s: wesend rate set %(currency)s UNITS_PER_USD", currency=missing[0]
        )
    return sentence("No price can be told for %(codes)s", codes=codes)


def told(recipients: Iterable[str], account: AccountInfo, wallet: WalletInfo, *, actor: Actor) -> str | None:
    """The cause for the first of these numbers, to an operator; None to anybody else, and where none of them is a number."""
    phone = _first(recipients, account) if roles.may(actor, OPERATE) else None
    return cause(phone, wallet, actor=actor) if phone is not None else None


def countries(recipients: Iterable[str], account: AccountInfo) -> list[str]:
    """Of these numbers, by their codes; each once."""
    read = (phones.normalise(text, account.country) for text in recipients)
    return list(dict.fromkeys(found.country for found in read if found is not None))


def _first(recipients: Iterable[str], account: AccountInfo) -> phones.Phone | None:
    read = (phones.normalise(text, account.country) for text in recipients)
    return next((found for found in read if found is not None), None)


def note(recipients: Iterable[str], account: AccountInfo, wallet: WalletInfo) -> None:
    """Write the cause to the log, once a minute each."""
    phone = _first(recipients, account)
    if phone is None:
        return
    noted: dict[tuple[str, str], float] = this_app().extensions.setdefault("wesend.no_route", {})
    why, now = cause(phone, wallet, actor="system"), time.monotonic()
    if now - noted.get((phone.country, why), -AGAIN) >= AGAIN:
        noted[phone.country, why] = now
        log.warning("no route for account %s to %s: %s", wallet.account_id, phone.country, why)
