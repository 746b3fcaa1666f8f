"""Receipts: what gateways say of messages they have; asked for with growing gaps, and the end of validity."""

from __future__ import annotations

from collections.abc import Collection

from flask import current_app

from ...adapters import hiding
from ...adapters.sms.base import DELIVERED, FAILED, NEVER_SENT, SENT, UNLISTED, Question, Receipt, SmsGateway
from ...core import clock
from ...core.languages import marked
from ...database import Row, Tx, marks, query, write
from ...gateways import registry
from ..state import statuses
from ..state.transitions import Move, Moved, move
from . import costs, measures, multipart, not_taken, resend, unlisted

ASK_LIMIT = 160
"""Asked about before what was told is written down."""
ASKED_NEXT = """
    SELECT DISTINCT gateway FROM (
        SELECT gateway FROM messages WHERE poll_at IS NOT NULL AND poll_at <= ? AND gateway NOT IN ({without})
        ORDER BY poll_at LIMIT ?) AS waiting
"""
TO_ASK = """
    SELECT id, uid, recipient, gateway, gateway_ref, status, polls, poll_at, submitted_at, segments, charges FROM messages
    WHERE poll_at IS NOT NULL AND poll_at <= ? AND gateway = coalesce(?, gateway) ORDER BY poll_at LIMIT ?
"""


def plan_receipt(row: Row, receipt: Receipt, now: int, *, source: str = "DLR") -> Move:
    """The move that a receipt asks for; whether it is allowed is the table's to say."""
    code = receipt.code or receipt.status.upper()
    detail = f"{source}: {code}"
    meta = {"text": receipt.text[:500]} if receipt.text else None
    if receipt.status == DELIVERED:
        return Move(
            row["id"],
            statuses.DELIVERED,
            "delivered",
            detail,
            meta,
            {"delivered_at": now, "failed_at": None, "error_code": None, "error_message": receipt.text, "poll_at": None},
        )
    if receipt.status in (FAILED, NEVER_SENT):
        return Move(
            row["id"],
            statuses.FAILED,
            "failed",
            detail,
            meta,
            {"failed_at": now, "error_code": code, "error_message": receipt.text or code, "poll_at": None},
            refund=receipt.status == NEVER_SENT,
        )
    return Move(row["id"], statuses.SENT, "sent", detail, meta, {"poll_at": row["poll_at"]})


def due_gateways(without: Collection[str] = ()) -> set[str]:
    """The gateways, but for some, that are to be asked about the messages that have waited longest."""
    sql = ASKED_NEXT.format(without=marks(tuple(without)))
    return {row["gateway"] for row in query(sql, (clock.now_ms(), *without, 5 * ASK_LIMIT))}


def longest_gap_ms() -> int:
    """The longest that any gateway leaves between two questions about a message, or before the first."""
    return max(max(*gateway.poll_gaps_ms, gateway.first_poll_ms("") or 0) for gateway in registry.gateways().values())


def poll_due(limit: int = ASK_LIMIT, *, gateway: str | None = None) -> int:
    """Ask the gateways, or one of them, about messages whose time to ask has come; how many were asked about."""
    now = clock.now_ms()
    rows = query(TO_ASK, (now, gateway, limit))
    by_gateway: dict[str, list[Row]] = {}
    for row in rows:
        by_gateway.setdefault(row["gateway"], []).append(row)
    for name, asked in by_gateway.items():
        _ask(name, asked)
    return len(rows)


def _ask(name: str, asked: list[Row]) -> None:
    gateway = registry.gateway(name)
    now = clock.now_ms()
    answers: list[Receipt | None] = [None] * len(asked)
    if gateway is not None:
        try:
            answers = gateway.ask(
                [
                    Question(
                        row["id"],
                        row["uid"],
                        row["gateway_ref"],
                        row["recipient"],
                        now - (row["submitted_at"] or now),
                        row["charges"],
                    )
                    for row in asked
                ]
            )
        except Exception:
            current_app.logger.exception("gateway %s could not be asked", name)
    if gateway is not None and gateway.hidden:
        answers = [
            answer._replace(text=hiding.without(gateway.hidden, answer.text)) if answer is not None and answer.text else answer
            for answer in answers
        ]
    answers = [
        answer._replace(status=SENT)
        if answer is not None and answer.status == DELIVERED and multipart.some_are_missing(row, now)
        else answer
        for row, answer in zip(asked, answers, strict=True)
    ]
    pairs = list(zip(asked, answers, strict=True))
    gaps_ms = gateway.poll_gaps_ms if gateway is not None else SmsGateway.poll_gaps_ms

    def unit(tx: Tx) -> list[Moved]:
        at = clock.now_ms()
        for row, answer in pairs:
            if answer is not None and answer.cost is not None:
                costs.note(tx, tx.all("SELECT * FROM messages WHERE id = ?", (row["id"],))[0], answer.cost)
        unlisted.note(tx, [(row, answer) for row, answer in pairs if answer is not None and answer.status == UNLISTED], at)
        later = [
            (at + gaps_ms[min(row["polls"], len(gaps_ms) - 1)], row["id"], row["polls"])
            for row, answer in pairs
            if answer is None or answer.status in (SENT, UNLISTED)
        ]
        tx.run_many("UPDATE messages SET poll_at = ?, polls = polls + 1 WHERE id = ? AND polls = ? AND poll_at IS NOT NULL", later)
        moved = move(
            tx,
            [
                _plan_final(tx, row, answer, at)
                for row, answer in pairs
                if answer is not None and answer.status not in (SENT, UNLISTED)
            ]
            + [
                Move(row["id"], statuses.SENT, "sent", f"DLR: {answer.code or 'SENT'}")
                for row, answer in pairs
                if answer is not None and answer.status == SENT
            ],
            at,
        )
        measures.receipts(tx, moved, at)
        return moved

    write(unit)


def _plan_final(tx: Tx, row: Row, receipt: Receipt, now: int) -> Move:
    """What a final answer asks for; a failure may be another carrier's turn, or its own once more."""
    whole = tx.one("SELECT * FROM messages WHERE id = ?", (row["id"],)) if receipt.status == FAILED else None
    if whole is None:
        return plan_receipt(row, receipt, now)
    return not_taken.plan(tx, whole, receipt, now) or resend.plan(tx, whole, receipt, now) or plan_receipt(row, receipt, now)


def expire(limit: int = ASK_LIMIT) -> int:
    """Messages without a final receipt within their validity period fail with ``timeout``; how many."""
    now = clock.now_ms()
    overdue = ("SELECT id FROM messages WHERE status IN ('submitted', 'sent', 'unknown') AND expires_at <= ? LIMIT ?", (now, limit))
    if not query(*overdue):
        return 0

    def unit(tx: Tx) -> int:
        # Looked for again under the lock: a message may have failed and been queued anew since.
        return len(
            move(
                tx,
                [
                    Move(
                        row["id"],
                        statuses.FAILED,
                        "failed",
                        marked("No final receipt within the validity period"),
                        None,
                        {
                            "failed_at": now,
                            "error_code": statuses.TIMEOUT,
                            "poll_at": None,
                            "error_message": marked("No final receipt within the validity period"),
                        },
                    )
                    for row in tx.all(*overdue)
                ],
                now,
            )
        )

    return write(unit)
