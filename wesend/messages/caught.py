"""What the sandbox caught: messages paid from sandbox wallets and mail that had nowhere to go."""

from __future__ import annotations

from .. import clock, phones
from ..database import query
from ..upstreams.registry import SANDBOX

LIMIT = 1000
LARGEST_SECONDS = 2**43  # in milliseconds still an integer that SQLite can compare


class UnknownSince(ValueError):
    """``since`` is neither the id of a message nor a time."""


def messages(*, to: str | None, since: str | None) -> list[dict]:
    """SMS that the sandbox took, oldest first, at most the newest LIMIT; ``to`` in any form.

    (In a query string an unescaped ``+256…`` arrives as a space: a number is read without its plus too.)
    """
    where = ["gateway = ?", "channel = 'sms'",
             "status NOT IN ('scheduled', 'dripping', 'queued', 'claimed', 'cancelled')"]
    parameters: list = [SANDBOX]
    if to is not None and to.strip():
        readings = {phone.e164 for country in _countries() if (phone := phones.normalise(to, country))}
        where.append(f"recipient IN ({', '.join('?' * len(readings))})")
        parameters.extend(readings)
    _add_since(where, parameters, since)
    rows = query(f"SELECT * FROM messages WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT {LIMIT}", parameters)
    return [{"id": row["uid"], "to": row["recipient"], "sender": row["sender"], "text": row["text"],
             "status": row["status"], "segments": row["segments"], "at": clock.iso(row["created_at"])}
            for row in reversed(rows)]


def emails(*, to: str | None, since: str | None) -> list[dict]:
    """Mail that was caught, oldest first."""
    return []


def _countries() -> list[str]:
    """Where a national number in ``to`` may be at home: wherever is sent to or from, since it is only looked for."""
    return [row[0] for row in query("SELECT country FROM routes UNION SELECT country FROM accounts")]


def _add_since(where: list[str], parameters: list, since: str | None) -> None:
    if since is None:
        return
    row = query("SELECT id FROM messages WHERE uid = ?", (since,))
    if row:
        where.append("id > ?")
        parameters.append(row[0][0])
        return
    where.append("created_at >= ?")
    parameters.append(_instant(since))


def _instant(text: str) -> int:
    """ISO 8601 (UTC without a zone) or seconds since 1970."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = None
    if seconds is not None:
        if not abs(seconds) < LARGEST_SECONDS:  # an infinity or what is no number, too
            raise UnknownSince("since is beyond all times")
        return round(seconds * 1000)
    try:
        return clock.parse_iso(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise UnknownSince("since is the id of a message or a time") from None
