"""A bind that is asked for: who it is, and whether there is room for it."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from ..accounts import keys
from ..accounts.key_limits import require_usable
from ..accounts.key_use import note_use
from ..accounts.keys import Key
from ..adapters.sms.smpp import requests, statuses
from ..adapters.sms.smpp.pdu import Malformed
from ..binds import deliveries, failures, opened, terms
from ..binds.opened import TRANSMITTER, Opened
from ..coordination import cluster
from ..core.current_app import this_app
from ..core.errors import InvalidCredentials
from ..core.settings_values import is_loopback
from .orders import Sender
from .session import MODES, Read

CREDENTIALS, ADDRESS, SANDBOX_OFF, SUSPENDED, TOO_MANY, SHUT_OUT, STOPPING, MALFORMED = (
    "credentials",
    "address",
    "sandbox_off",
    "suspended",
    "too_many_binds",
    "too_many_failures",
    "stopping",
    "malformed",
)
"""Why a bind is refused."""


class Bound(NamedTuple):
    bind: Opened
    sender: Sender
    system_id: str
    version: int


class Unbound(NamedTuple):
    """``account_id`` where the credentials were right; ``failed``: it counts as a guess."""

    status: int
    reason: str
    system_id: str
    account_id: int | None = None
    failed: bool = False


def bind(read: Read, *, tls: bool, stopping: bool) -> Bound | Unbound:
    """Look at a bind and enter it; what goes wrong on the way is the caller's to answer."""
    instance, address = this_app().config["WESEND"].instance, read.session.address
    try:
        asked = requests.read_bind(read.pdu.body)
    except Malformed:
        return Unbound(statuses.RINVCMDLEN, MALFORMED, "")
    shown = shown_id(asked.system_id)
    if stopping:
        return Unbound(statuses.RBINDFAIL, STOPPING, shown)
    if failures.is_shut_out(instance, address):
        return Unbound(statuses.RBINDFAIL, SHUT_OUT, shown)
    try:
        key = keys.authenticate(terms.API, asked.password, asked.system_id)
    except InvalidCredentials:
        return Unbound(statuses.RINVPASWD, CREDENTIALS, shown, failed=True)
    if key.is_sandbox and not may_use_sandbox(address):
        return Unbound(statuses.RINVPASWD, SANDBOX_OFF, shown, failed=True)
    try:
        require_usable(key, address)
    except InvalidCredentials:
        return Unbound(statuses.RINVPASWD, ADDRESS, shown, key.account.id, failed=True)
    return _enter(read, key, asked, tls=tls)


def _enter(read: Read, key: Key, asked: requests.Bind, *, tls: bool) -> Bound | Unbound:
    address, mode = read.session.address, MODES[read.pdu.command]
    if not key.account.is_active:
        return Unbound(statuses.RBINDFAIL, SUSPENDED, asked.system_id, key.account.id)
    allowed = terms.terms_of(key.id)
    made = opened.of_key(key, mode, address, cluster.this_process().holder, secrets.token_hex(4), tls=tls)
    if not opened.open_up(made, allowed.binds):
        return Unbound(statuses.RBINDFAIL, TOO_MANY, asked.system_id, key.account.id)
    note_use(key, address)
    if mode != TRANSMITTER:
        deliveries.try_now(terms.keys_served_by(key.id))
    return Bound(made, Sender(key, allowed, address), asked.system_id, asked.interface_version)


def may_use_sandbox(address: str) -> bool:
    """The published key is for this machine, unless the sandbox is public."""
    settings = this_app().config["WESEND"]
    return bool(settings.sandbox and (settings.sandbox_public or is_loopback(address.removeprefix("::ffff:"))))


def shown_id(system_id: str) -> str:
    """What a stranger calls itself, for the log and the page."""
    return "".join(sign if " " <= sign <= "~" else "?" for sign in system_id[:16])


def as_it_is(system_id: str, address: str) -> Sender | None:
    """A bound client's key and terms as they are now; None when the key is revoked."""
    key = keys.find_live(terms.API, system_id)
    return None if key is None else Sender(key, terms.terms_of(key.id), address)
