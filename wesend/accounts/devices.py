"""Browsers in which a user has signed in, known by a cookie of their own: of a new one the user is told by mail."""

from __future__ import annotations

import secrets
from hashlib import sha256

from ..core import clock
from ..core.languages import marked, sentence
from ..database import Tx, query, write
from ..database.rows import KnownDeviceRow
from .roles import User
from .sessions import LONGEST_AGENT

MOST = 50
"""Browsers kept of a user; the one not seen for longest goes."""
MAIL_WITHIN_MS = clock.DAY
"""After this a mail about a new browser is no news any more."""

SEEN_AGAIN = "UPDATE known_devices SET last_at = ?, address = ? WHERE user_id = ? AND token_sha256 = ?"
FORGET_ALL_BUT_NEWEST = """
    DELETE FROM known_devices
    WHERE user_id = ? AND id NOT IN (SELECT id FROM known_devices WHERE user_id = ? ORDER BY last_at DESC, id DESC LIMIT ?)
"""


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def signed_in(user: User, token: str, *, address: str, user_agent: str) -> str:
    """Note the browser whose cookie holds ``token``; the token that it is to keep.

    One that is not known gets another token, and its user is to be mailed, unless they sign in for the first time.
    """
    made = secrets.token_urlsafe(32)
    return write(lambda tx: _note(tx, user, token, made, address, user_agent))


def _note(tx: Tx, user: User, token: str, made: str, address: str, user_agent: str) -> str:
    now = clock.now_ms()
    if token and tx.changed(SEEN_AGAIN, (now, address[:64], user.id, _digest(token))):
        return token
    is_first = tx.one("SELECT 1 FROM users WHERE id = ? AND last_sign_in_at IS NULL", (user.id,)) is not None
    tx.insert(
        "known_devices",
        user_id=user.id,
        token_sha256=_digest(made),
        address=address[:64],
        user_agent=user_agent[:LONGEST_AGENT],
        mail_due=int(not is_first),
        created_at=now,
        last_at=now,
    )
    tx.execute(FORGET_ALL_BUT_NEWEST, (user.id, user.id, MOST))
    return made


class NewDevice(KnownDeviceRow):
    email: str


TO_MAIL = """
    SELECT d.*, u.email FROM known_devices d JOIN users u ON u.id = d.user_id WHERE d.mail_due = 1 ORDER BY d.id LIMIT 100
"""


def to_mail() -> list[NewDevice]:
    """Those of which their users are still to be told, with the user's e-mail."""
    return query(TO_MAIL)


def mailed(device_id: int) -> None:
    """There is nothing left to tell of it."""
    write(lambda tx: tx.changed("UPDATE known_devices SET mail_due = 0 WHERE id = ?", (device_id,)))


SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
"""Signs in a User-Agent → what people call it; the first that fits: Edge calls itself Chrome and Safari, too."""


def name_of(user_agent: str) -> str:
    """``Firefox on Linux``; else the beginning of what the browser says of itself."""
    browser = next((name for sign, name in BROWSERS if sign in user_agent), None)
    system = next((name for sign, name in SYSTEMS if sign in user_agent), None)
    if browser is None:
        return user_agent[:40] or marked("Unknown")
    return sentence("%(browser)s on %(system)s", browser=browser, system=system) if system else browser
