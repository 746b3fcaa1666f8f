"""A mail to whoever runs the instance when what is left at a vendor's falls below the gateway's ``balance_alert``."""

from __future__ import annotations

from flask import current_app

from ..accounts import languages
from ..coordination import pause
from ..core import clock, money
from ..core.languages import gettext as _
from ..core.languages import speaking
from ..gateways import balances
from ..gateways.balances import BalanceInfo
from . import mailing

AGAIN_MS = clock.MINUTE


def tell() -> None:
    """Once each time that it falls below; while the mail server can't take it, it is tried again."""
    to = current_app.config["WESEND"].alert_mail
    if pause.current() is not None:
        return
    for balance in balances.to_tell():
        if not to or _taken(balance, to):
            balances.note_told(balance)


def _taken(balance: BalanceInfo, to: str) -> bool:
    now = clock.now_ms()
    tried: dict[tuple[str, int | None], int] = current_app.extensions.setdefault("wesend.carrier_alerts", {})
    crossing = (balance.gateway, balance.low_since)
    if 0 <= now - tried.get(crossing, 0) < AGAIN_MS:
        return False
    tried[crossing] = now
    with speaking(languages.of_address(to)):
        left, limit = (_amount(micros or 0, balance.currency) for micros in (balance.amount_micros, balance.alert_micros))
        mail = mailing.compose(
            to,
            _("Gateway %(name)s is low: %(left)s left", name=balance.gateway, left=left),
            _(
                "%(left)s are left at the vendor of the gateway %(name)s, less than the %(limit)s below which you asked to be told."
                " Sending goes on until the vendor refuses. You are told again when it has been above that and falls below once"
                " more.",
                name=balance.gateway,
                left=left,
                limit=limit,
            ),
        )
    return mailing.post(mail, to, about=f"gateway {balance.gateway}")


def _amount(micros: int, currency: str | None) -> str:
    return f"{money.text(micros)} {currency or _('credits')}"
