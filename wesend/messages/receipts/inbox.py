"""Receipts that gateways report: kept first, then matched; one that comes before our own record waits five minutes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from flask import Flask, current_app

from ...accounts import roles
from ...accounts.roles import OPERATE, Actor
from ...adapters import hiding
from ...adapters.sms.base import UNLISTED, CallbackReceipt, Receipt
from ...core import clock
from ...core.chunks import chunks
from ...core.current_app import this_app
from ...core.erased import is_erased
from ...core.errors import WesendError
from ...database import Row, Tx, marks, query, reading, write
from ...database.rows import BroughtReceiptRow, MessageRow
from ...gateways import registry
from ..state.statuses import QUEUED
from ..state.transitions import Move, move
from . import costs, measures, multipart, not_taken, resend, unlisted
from .polling import plan_receipt

Reported = Row | Mapping[str, Any]
"""A receipt by its columns' names: kept, or about to be."""
WAITS_MS = 5 * clock.MINUTE
KEPT_MS = 30 * clock.DAY
MATCH_LIMIT = 300  # looked at, at once
CHUNK = 50  # matched in one transaction: 10 ms or so
RAW_KEPT = 2000  # characters
TEXT_KEPT = 300
SAME_DIGITS = 8  # of two spellings of one number, with and without its country
KEEP = """
    INSERT INTO brought_receipts (
        gateway, gateway_ref, reference, recipient, status, code, text, cost, raw, part, parts, created_at
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
KEEP_MATCHED = """
    INSERT INTO brought_receipts (
        gateway, gateway_ref, reference, recipient, status, code, text, cost, raw, part, parts, created_at, state, message_id
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'matched', ?)
"""
MATCH = "UPDATE brought_receipts SET state = 'matched', message_id = ? WHERE id = ? AND state = 'new'"
FORGET_NUMBER = "UPDATE brought_receipts SET recipient = ?, raw = NULL, text = NULL WHERE id = ?"
"""Of a receipt that comes after its recipient was erased."""
GIVE_UP = "UPDATE brought_receipts SET state = 'unmatched' WHERE id IN ({ids}) AND state = 'new'"
BY_REFERENCE = "SELECT * FROM messages WHERE uid = ? AND gateway = ?"
BY_GATEWAY_REF = "SELECT * FROM messages WHERE gateway_ref = ? AND gateway = ? ORDER BY id DESC LIMIT 1"
WITHOUT_REF = """
    SELECT * FROM messages INDEXED BY ix_messages_recipient WHERE recipient = ? AND gateway = ?
        AND status IN ('submitting', 'unknown') AND gateway_ref IS NULL ORDER BY id DESC LIMIT 2
"""
OLD = """
    SELECT max(id) AS last_id FROM (SELECT id, created_at FROM brought_receipts WHERE id > ? ORDER BY id LIMIT ?) AS oldest
    WHERE created_at < ?
"""
FORGET = "DELETE FROM brought_receipts WHERE id <= ? AND state <> 'new'"


def keep(gateway: str, receipts: list[CallbackReceipt], raw: str | None = None) -> None:
    """Write receipts down; nothing is made of them yet, so a gateway gets its answer at once."""
    now = clock.now_ms()
    rows = [tuple(_as_row(gateway, reported, raw, now).values()) for reported in receipts]
    write(lambda tx: tx.executemany(KEEP, rows))


def take(gateway: str, receipts: list[CallbackReceipt]) -> None:
    """Write receipts down, and in the same transaction what they say of messages that are known by now.

    That halves what a receipt costs; those of a busy SMSC come by the hundred. Whatever is wrong with what they say, they
    are kept, and looked at again.
    """
    for chunk in chunks(receipts, CHUNK):
        now = clock.now_ms()
        try:
            write(partial(_take, [_as_row(gateway, reported, None, now) for reported in chunk], now))
        except WesendError:
            raise  # nothing can be stored now
        except Exception:
            this_app().logger.exception("receipts of %s could not be matched at once", gateway)
            keep(gateway, chunk)


def _as_row(gateway: str, reported: CallbackReceipt, raw: str | None, now: int) -> dict[str, Any]:
    """The columns of KEEP, in their order."""
    text = reported.receipt.text or ""
    adapter = registry.gateway(gateway) if text else None
    if adapter is not None:
        text = hiding.without(adapter.hidden, text)
    return {
        "gateway": gateway,
        "gateway_ref": reported.gateway_ref,
        "reference": reported.reference,
        "recipient": reported.to,
        "status": reported.receipt.status,
        "code": reported.receipt.code,
        "text": text[:TEXT_KEPT] or None,
        "cost": reported.receipt.cost,
        "raw": raw[:RAW_KEPT] if raw else None,
        "part": reported.part,
        "parts": reported.parts,
        "created_at": now,
    }


def _take(rows: list[dict[str, Any]], now: int, tx: Tx) -> None:
    moves = _Moves(tx, now)
    new, matched = [], []
    for reported in rows:
        found = moves.find(reported)
        if found is None:
            new.append(tuple(reported.values()))
            continue
        moves.plan(reported, found)
        recipient = found.message["recipient"]
        if is_erased(recipient):
            reported.update(recipient=recipient, raw=None, text=None)
        matched.append((*reported.values(), found.message["id"]))
    if new:
        tx.run_many(KEEP, new)
    if matched:
        tx.run_many(KEEP_MATCHED, matched)
    moves.carry_out()


class Looked:
    """How far this process has looked: what found no message is looked at again with gaps, or it would bar the way."""

    GAPS_MS = ((10 * clock.SECOND, clock.SECOND), (WAITS_MS, 10 * clock.SECOND))
    """(age of a receipt up to which, gap between two looks)."""

    def __init__(self) -> None:
        self.last_id = 0
        self.again_at = [0] * len(self.GAPS_MS)

    def oldest_again(self, now: int) -> int | None:
        """Receipts that were looked at before and came since this moment are due for another look; None: none are."""
        due = None
        for position, (age, gap) in enumerate(self.GAPS_MS):
            # A clock that was set back must not put it off.
            if now >= self.again_at[position] or now < self.again_at[position] - gap:
                self.again_at[position] = now + gap
                due = 0 if age == WAITS_MS else now - age
        return due


def init_app(app: Flask) -> None:
    app.extensions["wesend.looked_receipts"] = Looked()


def match_new() -> int:
    """Match what was reported since, and now and then what found no message before; how many found theirs."""
    looked: Looked = current_app.extensions["wesend.looked_receipts"]
    since = looked.oldest_again(clock.now_ms())
    found = _match_pages("id <= ? AND created_at >= ?", (looked.last_id, since))[0] if since is not None else 0
    fresh, last_id = _match_pages("id > ?", (looked.last_id,))
    looked.last_id = max(looked.last_id, last_id)
    return found + fresh


def _match_pages(condition: str, values: tuple) -> tuple[int, int]:
    """Look at all that wait and meet the condition, oldest first; how many were matched, and the last one's id."""
    found = last_id = 0
    while True:
        rows = query(
            f"SELECT * FROM brought_receipts WHERE state = 'new' AND id > ? AND {condition} ORDER BY id LIMIT ?",
            (last_id, *values, MATCH_LIMIT),
        )
        for chunk in chunks(rows, CHUNK):
            found += _match(chunk)
        if len(rows) < MATCH_LIMIT:
            return found, rows[-1]["id"] if rows else last_id
        last_id = rows[-1]["id"]


class _Found(NamedTuple):
    """The message a receipt is about, and which part of it if it has several."""

    message: MessageRow
    part: Row | None = None


def _match(rows: list[Row]) -> int:
    """Record what has found its message; what has not takes no write lock."""
    now = clock.now_ms()
    likely = [reported for reported in rows if _find(reported) is not None]
    known = {reported["id"] for reported in likely}
    too_old = [reported["id"] for reported in rows if reported["id"] not in known and now - reported["created_at"] > WAITS_MS]

    def unit(tx: Tx) -> int:
        tx.execute(GIVE_UP.format(ids=marks(too_old)), too_old)
        matched, moves = 0, _Moves(tx, now)
        for reported in likely:
            found = moves.find(reported)
            if found is not None and tx.changed(MATCH, (found.message["id"], reported["id"])):
                matched += 1
                if is_erased(found.message["recipient"]):
                    tx.execute(FORGET_NUMBER, (found.message["recipient"], reported["id"]))
                moves.plan(reported, found)
        moves.carry_out()
        return matched

    return write(unit) if likely or too_old else 0


class _Moves:
    """What receipts ask for, carried out together at the end of a transaction."""

    def __init__(self, tx: Tx, now: int):
        self.tx, self.now = tx, now
        self.planned: dict[int, Move] = {}
        self.read: dict[int, MessageRow] = {}
        """Those of them of which nothing has changed since they were found."""

    def find(self, reported: Reported) -> _Found | None:
        found = _find(reported, self.tx)
        if found is not None and found.message["id"] in self.planned:
            # Several about one message: each sees what the one before has changed.
            self.carry_out()
            found = _find(reported, self.tx)
        return found

    def plan(self, reported: Reported, found: _Found) -> None:
        if reported["part"] is None and found.part is None:  # a part's cost is not the message's
            costs.note(self.tx, found.message, reported["cost"])
        self.read.pop(found.message["id"], None)
        if reported["cost"] is None:
            self.read[found.message["id"]] = found.message
        self.planned.update(_plan(self.tx, reported, found, self.now))

    def carry_out(self) -> None:
        measures.receipts(self.tx, move(self.tx, list(self.planned.values()), self.now, self.read), self.now)
        self.planned, self.read = {}, {}


def _plan(tx: Tx, reported: Reported, found: _Found, now: int) -> dict[int, Move]:
    """The move that a receipt asks for, by its message's id; none for a part that says nothing of the whole yet."""
    message = found.message
    told = Receipt(reported["status"], reported["code"], reported["text"])
    if told.status == UNLISTED:
        unlisted.note(tx, [(message, told)], now)
        return {}
    receipt: Receipt | None = told
    if reported["part"] is not None:
        receipt = multipart.counted(tx, message, reported, told)
    if found.part is not None:
        adapter = registry.gateway(reported["gateway"], tx)
        receipt = multipart.whole(tx, adapter, message, found.part, told) if adapter is not None else None
    if receipt is None:
        return {}
    planned = (
        not_taken.plan(tx, message, receipt, now) or resend.plan(tx, message, receipt, now) or plan_receipt(message, receipt, now)
    )
    if message["gateway_ref"] is None and reported["gateway_ref"] is not None and planned.to != QUEUED:
        # A message of unknown outcome learns the gateway's id of it from its receipt.
        planned = planned._replace(changes={**(planned.changes or {}), "gateway_ref": reported["gateway_ref"]})
    return {message["id"]: planned}


def _find(reported: Reported, tx: Tx | None = None) -> _Found | None:
    gateway, reader = reported["gateway"], reading(tx)
    if reported["reference"] is not None:
        message: MessageRow | None = reader.one(BY_REFERENCE, (reported["reference"], gateway))
        if message is not None:
            return None if _is_of_an_earlier_charge(message, reported) else _Found(message)
    if reported["gateway_ref"] is not None:
        alternatives = getattr(registry.gateway(gateway, tx), "alternatives", None)
        for spelled in alternatives(reported["gateway_ref"]) if alternatives else (reported["gateway_ref"],):
            message = reader.one(BY_GATEWAY_REF, (spelled, gateway))
            if message is not None and _is_to(message, reported):
                return _Found(message)
            part = multipart.find_part(gateway, spelled, tx)
            message = reader.one("SELECT * FROM messages WHERE id = ?", (part["message_id"],)) if part is not None else None
            if message is not None and _is_to(message, reported):
                return _Found(message, part)
    return _only_unknown(reported, tx)


def _is_of_an_earlier_charge(message: MessageRow, reported: Reported) -> bool:
    """Whether it names another id than the gateway gave the message when it was last sent, by hand."""
    known, named = message["gateway_ref"], reported["gateway_ref"]
    return message["charges"] > 1 and known is not None and named is not None and known != named


def _is_to(message: MessageRow, reported: Reported) -> bool:
    """Two messages may have one id in two spellings; a number may be told with its country or without.

    Of somebody who was erased the number is not known any more: then the id decides.
    """
    return (
        is_erased(message["recipient"])
        or reported["recipient"] is None
        or reported["recipient"][-SAME_DIGITS:] == message["recipient"][-SAME_DIGITS:]
    )


def _only_unknown(reported: Reported, tx: Tx | None) -> _Found | None:
    """An id that we don't know settles a message of unknown outcome, when exactly one to that number fits."""
    if reported["recipient"] is None:
        return None
    rows = reading(tx).all(WITHOUT_REF, (reported["recipient"], reported["gateway"]))
    return _Found(rows[0]) if len(rows) == 1 and rows[0]["status"] == "unknown" else None


def of_message(message_id: int, *, actor: Actor) -> list[BroughtReceiptRow]:
    """The receipts of a message, as they came; operators alone see them."""
    roles.require(actor, OPERATE)
    return query("SELECT * FROM brought_receipts WHERE message_id = ? ORDER BY id", (message_id,))


def forget_old(limit: int = 2000) -> int:
    """Housekeeping: receipts older than 30 days; how many."""
    last_id = query(OLD, (0, limit, clock.now_ms() - KEPT_MS))[0]["last_id"]
    return write(lambda tx: tx.changed(FORGET, (last_id,))) if last_id is not None else 0
