"""A probe through a gateway (`gateways.probe`), but to nobody whom the blocklist keeps free."""

from __future__ import annotations

from ..accounts import roles
from ..accounts.roles import OPERATE, Actor
from ..core import phones
from ..core.errors import RecipientBlocked
from ..gateways import probe
from ..gateways.probe import Probe
from . import blocklist


def send_probe(name: str, to: str, *, text: str = probe.TEXT, sender: str | None = None, actor: Actor) -> Probe:
    """As `probe.send_probe`; RecipientBlocked."""
    roles.require(actor, OPERATE)
    phone = phones.normalise(to, None)
    if phone is not None and blocklist.is_blocked(phone.e164):
        raise RecipientBlocked
    return probe.send_probe(name, to, text=text, sender=sender, actor=actor)
