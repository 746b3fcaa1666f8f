"""Codes of an authenticator app (TOTP, RFC 6238: six digits, SHA-1, a new one every 30 seconds)."""

from __future__ import annotations

import hmac
from typing import NamedTuple

import pyotp
import segno

from ...core import clock, vault
from ...core.errors import InvalidInput
from ...database import Tx, atomic, query_one
from ..roles import User
from . import factors

STEP_MS = 30 * clock.SECOND
STEPS_AROUND = 1
"""Steps before and after the present one whose codes pass too: phones' clocks differ, and people are slow."""
ISSUER = "wesend"
NAME = "Authenticator app"
UNCONFIRMED = "SELECT * FROM second_factors WHERE user_id = ? AND kind = 'totp' AND confirmed_at IS NULL"


class SetUp(NamedTuple):
    """An app that is being set up: the key as text, and a QR code of it as an SVG data URI."""

    secret: str
    picture: str


def begin(user: User) -> None:
    """Make a key for a new app; one that was begun before and not finished is forgotten."""
    with atomic() as tx:
        tx.execute("DELETE FROM second_factors WHERE user_id = ? AND kind = 'totp' AND confirmed_at IS NULL", (user.id,))
        tx.insert(
            "second_factors",
            user_id=user.id,
            kind=factors.TOTP,
            name=NAME,
            secret=vault.seal(pyotp.random_base32()),
            created_at=clock.now_ms(),
        )


def begun(user: User) -> SetUp | None:
    """What the user's app is to be given; None when nothing is being set up."""
    row = query_one(UNCONFIRMED, (user.id,))
    if row is None or row["secret"] is None:
        return None
    secret = vault.unseal(row["secret"])
    address = pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=ISSUER)
    return SetUp(secret, segno.make(address, error="m").svg_data_uri(scale=5, border=4))


def confirm(user: User, code: str) -> None:
    """The app shows the right code: from now on one is asked for at sign-in. InvalidInput."""
    now = clock.now_ms()
    with atomic() as tx:
        row = tx.one(UNCONFIRMED, (user.id,))
        step = None if row is None else _step_of(vault.unseal(row["secret"]), code, now)
        if row is None or step is None:
            raise InvalidInput("That is not the code that the app shows now", {"code": ["Not the present code"]})
        tx.execute("UPDATE second_factors SET confirmed_at = ?, last_step = ? WHERE id = ?", (now, step, row["id"]))
        factors.added(tx, user, factors.TOTP, NAME)


def use(tx: Tx, user: User, code: str) -> bool:
    """Whether it is a code of one of the user's apps that was not taken before."""
    now = clock.now_ms()
    for row in tx.all("SELECT * FROM second_factors WHERE user_id = ? AND kind = 'totp' AND confirmed_at IS NOT NULL", (user.id,)):
        step = _step_of(vault.unseal(row["secret"]), code, now)
        if step is not None and tx.changed(
            "UPDATE second_factors SET last_step = ? WHERE id = ? AND last_step < ?", (step, row["id"], step)
        ):
            factors.used(tx, row["id"])
            return True
    return False


def _step_of(secret: str, code: str, now: int) -> int | None:
    """The half minute since 1970 whose code it is, of those around now."""
    generator, present, found = pyotp.TOTP(secret), now // STEP_MS, None
    for step in range(present - STEPS_AROUND, present + STEPS_AROUND + 1):
        if hmac.compare_digest(generator.generate_otp(step).encode(), code.encode("utf-8", "replace")):
            found = step
    return found
