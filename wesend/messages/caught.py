"""What the sandbox caught: messages paid from sandbox wallets and mail that had nowhere to go."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

from .. import clock, phones
from ..database import query, query_one
from ..upstreams.registry import SANDBOX, SANDBOX_MAIL
from . import handed_in, mail

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
    """Mail that was caught, ours and what applications handed to the SMTP catcher, oldest first."""
    # An address holds no space: one in a query string is a plus that was not escaped.
    address = to.strip().lower().replace(" ", "+") if to and to.strip() else None
    where, parameters = ["channel = 'email'", "gateway = ?",
                         "status NOT IN ('scheduled', 'dripping', 'queued', 'claimed', 'cancelled')"], [SANDBOX_MAIL]
    if address:
        where.append("lower(recipient) = ?")
        parameters.append(address)
    _add_since(where, parameters, since)
    rows = query(f"SELECT * FROM messages WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT {LIMIT}", parameters)
    ours = [(row["created_at"], _shown_mail(mail.render(mail.Letter.of(row)), row["uid"], row["recipient"],
                                            row["created_at"])) for row in reversed(rows)]
    return [shown for _, shown in sorted(ours + _handed_in(address, since), key=lambda entry: entry[0])]


def _handed_in(address: str | None, since: str | None, limit: int = LIMIT) -> list[tuple[int, dict]]:
    """What applications sent to the catcher's port."""
    after = query_one("SELECT id FROM caught_mails WHERE uid = ?", (since,)) if since else None
    where = ["recipient = coalesce(?, recipient)"]
    parameters: list[str | int | None] = [address]
    if after is not None:
        where.append("id > ?")
        parameters.append(after[0])
    elif since is not None:
        # A mail of ours or a time: both have an instant.
        ours = query_one("SELECT created_at FROM messages WHERE uid = ?", (since,))
        where.append("created_at >= ?")
        parameters.append(ours[0] if ours else _instant(since))
    rows = query(f"SELECT * FROM caught_mails WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT {limit}", parameters)
    return [(row["created_at"], _shown_mail(message_from_bytes(handed_in.raw_of(row["body_id"]), policy=policy.default), row["uid"],
                                            row["recipient"], row["created_at"])) for row in reversed(rows)]


def handed_in_lately(limit: int) -> list[dict]:
    """What applications sent to the catcher's port lately, newest first."""
    return [shown for _, shown in _handed_in(None, None, limit)]


def _shown_mail(message: EmailMessage, uid: str, to: str, at: int) -> dict:
    headers = {name: _header(message, name, raw) for name, raw in reversed(list(message.raw_items()))}
    first = {name.lower(): value for name, value in headers.items()}
    return {"id": uid, "to": to, "from": first.get("from", ""), "subject": first.get("subject", ""),
            "text": _part(message, "plain"), "html": _part(message, "html"),
            "headers": dict(reversed(headers.items())), "at": clock.iso(at)}


def _header(message: EmailMessage, name: str, raw: str) -> str:
    """A header decoded; as it came where the standard library stumbles over it, as over some malformed addresses."""
    try:
        shown = str(message.policy.header_fetch_parse(name, raw))
    except (AttributeError, LookupError, TypeError, ValueError):
        shown = str(raw)
    return shown.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _part(message: EmailMessage, subtype: str) -> str | None:
    """A part's text; a mail that is no proper MIME still shows what can be read of it.

    Lines end with a line feed and the last one with nothing, whatever SMTP made of them on the way.
    """
    try:
        part = message.get_body(preferencelist=(subtype,))
        return None if part is None else str(part.get_content()).replace("\r\n", "\n").removesuffix("\n")
    except (AttributeError, LookupError, TypeError, ValueError):
        return None


def _countries() -> list[str]:
    """Where a national number in ``to`` may be at home: wherever is sent to or from, since it is only looked for."""
    return [row[0] for row in query("SELECT country FROM routes UNION SELECT country FROM accounts")]


def _add_since(where: list[str], parameters: list, since: str | None) -> None:
    if since is None:
        return
    row = query_one("SELECT id FROM messages WHERE uid = ?", (since,))
    if row is not None:
        where.append("id > ?")
        parameters.append(row[0])
        return
    other = query_one("SELECT created_at FROM caught_mails WHERE uid = ?", (since,))
    if other is not None:
        where.append("created_at >= ?")
        parameters.append(other[0])
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
