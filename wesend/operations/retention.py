"""Retention: the texts of old messages are replaced, their rows stay.

What is under way keeps its text, however old. Of an e-mail the links stay: those in people's mailboxes lead through
us, and are found by their place in the text.
"""

from __future__ import annotations

from flask import current_app

from .. import clock
from ..database import query, query_one, write
from ..messages import handed_in, mail
from ..messages.compose import EMAIL
from ..messages.history import CLOCK_SKEW_MS, first_id_at
from ..messages.statuses import FINAL
from ..messages.texts import REMOVED
from . import marks

CHUNK = 300  # rows a transaction
ENDED = f"status IN ({', '.join(repr(status) for status in sorted(FINAL))})"
KEPT = f"substr(text, 1, {len(REMOVED)}) <> '{REMOVED}'"
"""The condition of rows that still have their text."""
NO_SUBJECT = "subject = CASE WHEN subject IS NULL THEN NULL ELSE '' END"


def remove_texts() -> int:
    """Replace the next texts that are older than WESEND_KEEP_TEXT_DAYS; how many."""
    days = current_app.config["WESEND"].keep_text_days
    if days is None:
        return 0
    # Of what applications handed to the sandbox's SMTP port nothing is left: it is nothing but a text.
    limit = clock.now_ms() - round(days * clock.DAY)
    end = first_id_at(limit - CLOCK_SKEW_MS)
    following = query_one("SELECT batch_id FROM messages WHERE id >= ? ORDER BY id LIMIT 1", (end,))
    newest = query("SELECT coalesce(max(id), 0) + 1 FROM batches")[0][0]
    return (_replace("messages", "encoding, channel", ENDED, end)
            + _replace("batches", "NULL AS encoding, channel", f"finished_at IS NOT NULL AND created_at < {limit}",
                       following["batch_id"] if following else newest)
            + handed_in.forget_before(limit, CHUNK))


def _replace(table: str, columns: str, ended: str, end: int) -> int:
    """Replace texts of rows below ``end`` that are ``ended``; when there are none, the mark moves on."""
    begin = marks.read(table)
    rows = query(f"SELECT id, text, {columns} FROM {table} WHERE id >= ? AND id < ? AND {ended} AND {KEPT} ORDER BY id"
                 f" LIMIT ?",
                 (begin, end, CHUNK))
    if rows:
        replaced = [(REMOVED + (mail.only_links(row["text"]) if row["channel"] == EMAIL and row["encoding"] else ""),
                     row["id"])
                    for row in rows]
        # A failed message may have been queued again since it was read, and then it needs its text.
        write(lambda tx: tx.executemany(f"UPDATE {table} SET text = ?, {NO_SUBJECT} WHERE id = ? AND {ended}",
                                        replaced))
        return len(rows)
    going = query(f"SELECT min(id) FROM {table} WHERE id >= ? AND id < ? AND NOT ({ended})", (begin, end))[0][0]
    done = end if going is None else going
    if done > begin:
        write(lambda tx: marks.advance(tx, table, begin, done))
    return 0
