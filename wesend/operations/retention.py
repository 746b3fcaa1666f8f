"""Retention: the texts of old messages are replaced, their rows stay.

What is under way keeps its text, however old. Of an e-mail the links stay: those in people's mailboxes lead through
us, and are found by their place in the text.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app

from ..core import clock
from ..core.channels import EMAIL
from ..database import Row, query, query_one, write
from ..messages.email import compose as mail
from ..messages.reporting.history import CLOCK_SKEW_MS, first_id_at
from ..messages.state import mail_texts
from ..messages.state.mail_texts import Written
from ..messages.state.redaction import REMOVED
from ..messages.state.statuses import FINAL
from ..sandbox import handed_in
from ..two_way import retention as two_way
from . import sweep_cursors

CHUNK = 300  # rows a transaction
ENDED = f"status IN ({', '.join(repr(status) for status in sorted(FINAL))})"
KEPT = f"substr(text, 1, {len(REMOVED)}) <> '{REMOVED}'"
"""The condition of rows that still have their text."""
MESSAGES = "messages"
FORMAT = "SELECT encoding FROM messages WHERE batch_id = batches.id LIMIT 1"
NO_SUBJECT = "subject = CASE WHEN subject IS NULL THEN NULL ELSE '' END"


def remove_texts() -> int:
    """Replace the next texts that are older than WESEND_KEEP_TEXT_DAYS; how many."""
    days = current_app.config["WESEND"].keep_text_days
    if days is None:
        return 0
    limit = clock.now_ms() - round(days * clock.DAY)
    end = first_id_at(limit - CLOCK_SKEW_MS)
    following = query_one("SELECT batch_id FROM messages WHERE id >= ? ORDER BY id LIMIT 1", (end,))
    newest = query("SELECT coalesce(max(id), 0) + 1 FROM batches")[0][0]
    return (
        _replace(MESSAGES, "encoding, channel, batch_id, fields", ENDED, end)
        + _replace(
            "batches",
            f"({FORMAT}) AS encoding, channel, id AS batch_id",
            f"finished_at IS NOT NULL AND created_at < {limit}",
            following["batch_id"] if following else newest,
        )
        # What applications handed to the sandbox's SMTP port is nothing but a text: it goes as a whole.
        + handed_in.forget_before(limit, CHUNK)
        + _sweep("inbound_messages", two_way.remove_inbound, limit)
        + _sweep("incoming_messages", two_way.remove_incoming, limit)
    )


def _sweep(name: str, remove: Callable[[int, int, int], two_way.Swept], limit: int) -> int:
    """Of what people wrote, on from where the last sweep ended."""
    begin = sweep_cursors.read(name)
    swept = remove(begin, limit, CHUNK)
    if swept.next_id > begin:
        write(lambda tx: sweep_cursors.advance(tx, name, begin, swept.next_id))
    return swept.replaced


def _replace(table: str, columns: str, ended: str, end: int) -> int:
    """Replace texts of rows below ``end`` that are ``ended``; when there are none, the mark moves on."""
    begin = sweep_cursors.read(table)
    rows = query(
        f"SELECT id, {columns} FROM {table} WHERE id >= ? AND id < ? AND {ended} AND {KEPT} ORDER BY id LIMIT ?",
        (begin, end, CHUNK),
    )
    if rows:
        tags: dict[int, str] = {}
        replaced = [(*_left(table, row, tags), row["id"]) for row in rows]
        # A failed message may have been queued again since it was read, and then it needs its text.
        write(
            lambda tx: tx.executemany(
                f"UPDATE {table} SET text = ?{', fields = ?' if table == MESSAGES else ''}, {NO_SUBJECT} WHERE id = ? AND {ended}",
                replaced,
            )
        )
        return len(rows)
    going = query(f"SELECT min(id) FROM {table} WHERE id >= ? AND id < ? AND NOT ({ended})", (begin, end))[0][0]
    done = end if going is None else going
    if done > begin:
        write(lambda tx: sweep_cursors.advance(tx, table, begin, done))
    return 0


def _left(table: str, row: Row, tags: dict[int, str]) -> tuple:
    """What stays of a row's text, and of a message's fields: REMOVED, and of an e-mail in HTML what its links need.

    ``tags``: those of batches, found out once. Texts are read one by one: a mail has up to 1 MB.
    """
    is_html = row["channel"] == EMAIL and row["encoding"] == mail.HTML
    if table == MESSAGES and row["fields"] is None:
        text = query("SELECT text FROM messages WHERE id = ?", (row["id"],))[0][0] if is_html else ""
        return REMOVED + mail_texts.only_links(text), None
    written = Written.of(row["batch_id"]) if is_html else Written("", None)
    if row["batch_id"] not in tags:
        tags[row["batch_id"]] = mail_texts.link_tags(written.text)
    if table == MESSAGES:
        return REMOVED, mail_texts.kept_fields(row["fields"], tags[row["batch_id"]], written.placeholders)
    return (REMOVED + tags[row["batch_id"]],)
