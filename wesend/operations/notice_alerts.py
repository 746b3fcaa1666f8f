"""Telling of notices: by webhook and by mail, once a condition and hour for as long as it holds, and when it is over.

Of a low wallet and of a full disk mails of their own are sent (`alerts`, `storage_watch`): those are told by webhook here.
"""

from __future__ import annotations

from flask import current_app

from ..accounts import languages
from ..coordination import pause
from ..core import clock
from ..core.languages import Sentence, sentence, speaking, told
from ..database import Row, Tx, query, write
from ..webhooks import outbox
from ..webhooks.endpoints import ALERT_OVER, ALERT_RAISED, listening_anywhere
from ..webhooks.formats import Event
from . import mailing
from .notices import Notice, notices

AGAIN_MS = clock.HOUR
UNMAILED = "wesend.notices_unmailed"
SEEN = "wesend.notices_seen"
"""Titles by condition, which ``told`` can say in every language: the table has them in English."""
MAILED_ELSEWHERE = ("wallet:", "disk")
RAISE = """
    INSERT INTO operator_alerts (condition, title, since, told_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (condition) DO UPDATE SET title = excluded.title, told_at = excluded.told_at
"""


def tell() -> None:
    """Look at what holds now, and tell of what is new, has gone on for an hour, or is over."""
    now = clock.now_ms()
    holding = {notice.condition: notice for notice in notices(actor="system")}
    known = {row["condition"]: row for row in query("SELECT * FROM operator_alerts")}
    seen: dict[str, Sentence] = current_app.extensions.setdefault(SEEN, {})
    seen.update((condition, notice.title) for condition, notice in holding.items())
    for condition, notice in holding.items():
        row = known.get(condition)
        if row is None or not 0 <= now - row["told_at"] < AGAIN_MS:
            write(lambda tx, notice=notice, row=row: _raise(tx, notice, row, now))  # type: ignore[misc]  # mypy can't infer defaults
            _mail(condition, notice.title, notice.advice)
    for condition, row in known.items():
        if condition not in holding:
            write(lambda tx, row=row: _end(tx, row, now))  # type: ignore[misc]  # mypy can't infer defaults
            title = seen.pop(condition, row["title"])
            _mail(condition, sentence("Over: %(title)s", title=title), sentence("It holds no more."))
    _send_mails()


def _raise(tx: Tx, notice: Notice, row: Row | None, now: int) -> None:
    since = now if row is None else row["since"]
    tx.execute(RAISE, (notice.condition, notice.title, since, now))
    _put(tx, ALERT_RAISED, notice.condition, notice.title, since, {"advice": notice.advice})


def _end(tx: Tx, row: Row, now: int) -> None:
    tx.execute("DELETE FROM operator_alerts WHERE condition = ?", (row["condition"],))
    _put(tx, ALERT_OVER, row["condition"], row["title"], row["since"], {"over_at": clock.iso(now)})


def _put(tx: Tx, name: str, condition: str, title: str, since: int, more: dict) -> None:
    payload = {
        "event": name,
        "server": current_app.config["WESEND"].base_url,
        "condition": condition,
        "title": title,
        "since": clock.iso(since),
        **more,
        "timestamp": clock.iso(clock.now_ms()),
    }
    event = Event(name, f"alert:{condition}", payload)
    outbox.put(tx, [(endpoint, event) for endpoint in listening_anywhere(tx, name)])


def _mail(condition: str, subject: Sentence, text: Sentence) -> None:
    """Have it mailed; of a condition the newest news alone."""
    if not condition.startswith(MAILED_ELSEWHERE):
        _unmailed()[condition] = (subject, text)


def _unmailed() -> dict[str, tuple[Sentence, Sentence]]:
    """By condition; a restart forgets them, and the next hour's tells of what still holds."""
    return current_app.extensions.setdefault(UNMAILED, {})


def _send_mails() -> None:
    """To `WESEND_ALERT_MAIL`; what the mail server does not take for now is tried again with the next look."""
    to = current_app.config["WESEND"].alert_mail
    if not to:
        _unmailed().clear()
    elif pause.current() is None:
        for condition, (subject, text) in list(_unmailed().items()):
            with speaking(languages.of_address(to)):
                mail = mailing.compose(to, told(subject), f"{told(subject)}.\n\n{told(text)}")
            if mailing.post(mail, to, about="an alert"):
                _unmailed().pop(condition, None)
