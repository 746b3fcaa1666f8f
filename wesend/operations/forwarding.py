"""Mails of what people wrote to a service, for the address that its owner gave; plain and free."""

from __future__ import annotations

from email.message import EmailMessage

from flask import current_app

from ..accounts.sides import SANDBOX
from ..coordination import pause
from ..core import clock
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
    to = f" to {_line(mail['number'])}" if mail["number"] else ""
    subject = f"SMS from {_line(mail['sender'])}{to}"
    base_url = current_app.config["WESEND"].base_url
    at = clock.iso_in_zone(mail["received_at"], mail["time_zone"])
    return mailing.compose(mail["recipient"], subject, f"{mail['text']}\n\n{at}\n{base_url}/inbox")


def _line(text: str) -> str:
    """A gateway's words in a header: on one line."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:80]
