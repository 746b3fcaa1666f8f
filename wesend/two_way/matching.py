"""Incoming messages → the accounts they are for: by a job, each in one transaction with all that follows from it."""

from __future__ import annotations

from flask import Flask, current_app

from ..core import clock
from ..core.chunks import chunks
from ..database import Tx, query, write
from ..database.rows import IncomingMessageRow
from . import counts, owners
from .delivery import deliver

CHUNK = 25  # messages in one transaction: some 10 ms
PAGE = 300
PARTS_MS = 10 * clock.MINUTE
FAILED_AGAIN_MS = 10 * clock.SECOND
TEXT_KEPT = 2000

WAITING = "SELECT * FROM incoming_messages WHERE state = 'new' AND id > ? ORDER BY id LIMIT ?"
PARTS = """
    SELECT * FROM incoming_messages
    WHERE gateway = ? AND sender = ? AND part_ref = ? AND coalesce(recipient, '') = ? AND coalesce(part_total, 0) = ?
        AND state = 'new'
    ORDER BY id
"""
Parts = dict[int, IncomingMessageRow]
"""Of one message, by their numbers."""
TAKE = "UPDATE incoming_messages SET state = ?, inbound_id = ? WHERE id = ? AND state = 'new'"


def init_app(app: Flask) -> None:
    app.extensions["wesend.failed_matches"] = {}


def match_new() -> int:
    """Match what waits, oldest first; how many messages were taken. One that fails is tried again after a while, alone."""
    taken = last_id = 0
    while rows := query(WAITING, (last_id, PAGE)):
        last_id = rows[-1]["id"]
        ready = [row for row in rows if not _failed_lately(row)]
        for chunk in chunks(ready, CHUNK):
            taken += _match(chunk)
    return taken


def match_one(row_id: int) -> None:
    """Match a message that somebody waits for."""
    _match(query("SELECT * FROM incoming_messages WHERE id = ? AND state = 'new'", (row_id,)))


def _match(rows: list[IncomingMessageRow]) -> int:
    try:
        return write(lambda tx: sum(_take(tx, row) for row in rows)) if rows else 0
    except Exception:
        if len(rows) > 1:
            return sum(_match([row]) for row in rows)
        current_app.logger.exception("incoming message %s could not be matched; it is tried again", rows[0]["id"])
        current_app.extensions["wesend.failed_matches"][rows[0]["id"]] = clock.now_ms()
        return 0


def _failed_lately(row: IncomingMessageRow) -> bool:
    failed: dict[int, int] = current_app.extensions["wesend.failed_matches"]
    at = failed.get(row["id"])
    if at is None:
        return False
    if 0 <= clock.now_ms() - at < FAILED_AGAIN_MS:
        return True
    del failed[row["id"]]
    return False


def _take(tx: Tx, row: IncomingMessageRow) -> int:
    """1 when the message was taken; 0 when its parts have not come yet, or another was quicker."""
    parts = _parts(tx, row)
    if parts is None:
        return 0
    text = "".join(part["text"] for part in parts)[:TEXT_KEPT]
    phone = owners.read_sender(tx, row["gateway"], row["sender"], row["recipient"])
    sender, country = (phone.e164, phone.country) if phone is not None else (row["sender"], None)
    found = owners.of_message(tx, row, sender, country, text)
    inbound_ids = [deliver(tx, row, owner, sender, text, is_first=place == 0) for place, owner in enumerate(found)]
    outcome = counts.MATCHED if found else counts.UNMATCHED
    for part in parts:
        tx.execute(TAKE, (outcome, inbound_ids[0] if inbound_ids else None, part["id"]))
    counts.add(tx, row["gateway"], outcome)
    return 1


def _parts(tx: Tx, row: IncomingMessageRow) -> list[IncomingMessageRow] | None:
    """The message's parts in order, each once; None when it waits for more, or is no longer new."""
    now_row = tx.one("SELECT * FROM incoming_messages WHERE id = ? AND state = 'new'", (row["id"],))
    if now_row is None or now_row["part_ref"] is None:
        return None if now_row is None else [now_row]
    found = tx.all(PARTS, (row["gateway"], row["sender"], row["part_ref"], row["recipient"] or "", row["part_total"] or 0))
    of_messages, repeated = _told_apart(found)
    kept = next((one for one in of_messages if row["id"] in {part["id"] for part in one.values()}), None)
    if kept is None:
        _drop_repeated(tx, [row])
        return None
    oldest = min(part["told_at"] for part in kept.values())
    is_whole = len(kept) >= (row["part_total"] or 1) or kept is not of_messages[-1]
    if not is_whole and 0 <= clock.now_ms() - oldest < PARTS_MS:
        return None
    _drop_repeated(tx, [part for part in repeated if (part["part_number"] or 0) in kept])
    return [kept[number] for number in sorted(kept)]


def _told_apart(parts: list[IncomingMessageRow]) -> tuple[list[Parts], list[IncomingMessageRow]]:
    """Messages that bear one reference, oldest first, each by its parts' numbers; and parts that came again. Another text with
    a number that is there already begins a message: what is left of the one before will not be more.
    """
    messages: list[Parts] = [{}]
    repeated = []
    for part in parts:
        number = part["part_number"] or 0
        known = messages[-1].get(number)
        if known is None:
            messages[-1][number] = part
        elif known["text"] == part["text"]:
            repeated.append(part)
        else:
            messages.append({number: part})
    return messages, repeated


def _drop_repeated(tx: Tx, parts: list[IncomingMessageRow]) -> None:
    for part in parts:
        tx.execute("UPDATE incoming_messages SET state = 'repeated' WHERE id = ?", (part["id"],))
