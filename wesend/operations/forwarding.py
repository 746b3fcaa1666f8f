"""Mails of what people wrote to a service, for the address that its owner gave; plain and free."""

from __future__ import annotations

from email.message import EmailMessage

from flask import current_app

from ..accounts import languages
from ..accounts.sides import SANDBOX
from ..coordination import pause
from ..core import clock
from ..core.languages import gettext as _
from ..core.languages import speaking
from ..two_way import forwarding
from ..two_way.forwarding import Forwarded
from . import mailing


def send_due() -> None:
    """What could not be taken is tried again; while dispatch is paused everything waits."""
    if pause.current() is not None:
        return
    for mail in forwarding.due():
        if mailing.post(_mail(mail), mail["recipient"], about=f"message {mail['inbound_id']}", is_sandbox=mail["side"] == SANDBOX):
            forwarding.note_sent(mail)
        else:
            forwarding.note_failed(mail)


def _mail(mail: Forwarded) -> EmailMessage:
    with speaking(languages.of_address(mail["recipient"], mail["account_id"])):
        subject = (
            _("SMS from %(sender)s to %(number)s", sender=_line(mail["sender"]), number=_line(mail["number"]))
            if mail["number"]
            else _("SMS from %(sender)s", sender=_line(mail["sender"]))
        )
    base_url = current_app.config["WESEND"].base_url
    at = clock.iso_in_zone(mail["received_at"], mail["time_zone"])
    return mailing.compose(mail["recipient"], subject, f"{mail['text']}\n\n{at}\n{base_url}/inbox")


def _line(text: str) -> str:
    """A gateway's words in a header: on one line."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:80]
