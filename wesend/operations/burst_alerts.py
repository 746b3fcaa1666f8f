"""Telling the operator that an account reached its burst limit: once an hour each, by webhook and by mail."""

from __future__ import annotations

from email.message import EmailMessage

from flask import current_app

from ..accounts import languages
from ..accounts.sides import side_of
from ..coordination import pause
from ..core import clock
from ..core.languages import gettext as _
from ..core.languages import speaking
from ..database import Tx, write
from ..guards import burst_alerts
from ..guards.burst_alerts import Alert
from ..webhooks import outbox
from ..webhooks.endpoints import BURST_LIMIT, listening_for
from ..webhooks.formats import Event
from . import mailing

AGAIN_MS = clock.MINUTE
TRIED = "wesend.burst_alerts_tried"


def tell() -> None:
    """Tell of those that were noted since; a mail that can't go is tried again."""
    for alert in burst_alerts.untold():
        if alert["told_at"] is None:
            write(lambda tx, alert=alert: _put(tx, alert))  # type: ignore[misc]  # mypy can't infer a lambda's defaults
        if alert["mailed_at"] is None and pause.current() is None and _is_mailed(alert):
            burst_alerts.note_mailed(alert)


def _put(tx: Tx, alert: Alert) -> None:
    if not burst_alerts.note_told(tx, alert):
        return
    event = Event(BURST_LIMIT, f"account:{alert['account_id']}", _payload(alert))
    side = side_of(is_sandbox=bool(alert["is_sandbox"]))
    outbox.put(tx, [(endpoint, event) for endpoint in listening_for(tx, alert["account_id"], side, BURST_LIMIT)])


def _payload(alert: Alert) -> dict:
    return {
        "event": BURST_LIMIT,
        "account_id": alert["account_id"],
        "account": alert["name"],
        "prefix": alert["prefix"],
        "timestamp": clock.iso(alert["at"]),
    }


def _is_mailed(alert: Alert) -> bool:
    """Whether the mail has gone, or there is nobody to mail to."""
    to = current_app.config["WESEND"].alert_mail
    if not to:
        return True
    now, tried = clock.now_ms(), current_app.extensions.setdefault(TRIED, {})
    noted = (alert["account_id"], alert["is_sandbox"], alert["at"])
    if 0 <= now - tried.get(noted, 0) < AGAIN_MS:
        return False
    tried[noted] = now
    about = f"account {alert['account_id']}"
    return mailing.post(_message(alert, to), to, about=about, is_sandbox=bool(alert["is_sandbox"]))


def _message(alert: Alert, to: str) -> EmailMessage:
    with speaking(languages.of_address(to)):
        return mailing.compose(
            to,
            _("%(name)s sends too much to numbers that begin with %(prefix)s", name=alert["name"], prefix=alert["prefix"]),
            _(
                "Account %(id)s (%(name)s) reached its burst limit at %(at)s: too many messages to numbers that begin with"
                " %(prefix)s. What goes beyond it is refused."
                " This is what SMS pumping looks like: somebody makes an application send codes to"
                " numbers that he is paid for. Look at what asks for these messages, or put the numbers on the blocklist with"
                " `wesend blocklist add %(prefix)s`.\n\nYou are told once an hour for as long as it goes on.",
                id=alert["account_id"],
                name=alert["name"],
                at=clock.iso(alert["at"]),
                prefix=alert["prefix"],
            ),
        )
