"""A mail to whoever has signed in from a browser that was not known: if it was not them, their password is known."""

from __future__ import annotations

from email.message import EmailMessage

from ..accounts import devices, languages
from ..accounts.devices import NewDevice
from ..accounts.users import FIRST_EMAIL
from ..coordination import pause
from ..core import clock
from ..core.languages import gettext as _
from ..core.languages import speaking, told
from ..gateways import registry
from . import mailing


def tell() -> None:
    """Mail about each; what can't be mailed within a day, or by no server, is not told any more."""
    for device in devices.to_mail():
        if _is_settled(device):
            devices.mailed(device["id"])


def _is_settled(device: NewDevice) -> bool:
    """Whether nothing is left to be told of it."""
    if device["email"] == FIRST_EMAIL or registry.mail_gateway(is_sandbox=False) is None:
        return True
    if not 0 <= clock.now_ms() - device["created_at"] < devices.MAIL_WITHIN_MS:
        return True
    return pause.current() is None and mailing.post(_mail(device), device["email"], about="a new device")


def _mail(device: NewDevice) -> EmailMessage:
    with speaking(languages.of_address(device["email"])):
        return mailing.compose(
            device["email"],
            _("Somebody signed in to wesend as you from a new device"),
            _(
                "%(device)s, from %(address)s, at %(time)s.\n\nIf it was you, there is nothing to do. If it was not, change your"
                " password now, and sign out everywhere else on the page “Your sign-in”.",
                device=told(devices.name_of(device["user_agent"])),
                address=device["address"],
                time=clock.iso(device["created_at"]),
            ),
        )
