"""`/messages`: single sends, list, detail, retry, cancel, figures, export."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import Blueprint, Flask, Response, request
from flask.typing import ResponseReturnValue

from ...accounts import exports
from ...accounts.roles import Actor
from ...core import clock, money, phones
from ...core.csv_cells import safe_cell
from ...core.current_app import this_app
from ...core.errors import InvalidRecipient, MessageNotFound
from ...database.rows import BatchRow, MessageRow
from ...messages.reporting import disclosure, history, reports
from ...messages.reporting.sent import Sent
from ...messages.sending import actions, send
from ...messages.sending.accept import get_batch_by_id
from ...messages.sending.compose import Addressee, Composer
from ...messages.state.statuses import DELIVERED
from ...wallets.service import read_balance, wallets_of_side
from ..body import json_object, query_arguments
from ..dialect import account, actor, key_wallet, load, origin, require_no_fields, side
from . import schemas
from .filters import read_filter
from .schedule import SINGLE, read_options
from .words import BATCH, MESSAGE, entry, event_word, price_of, word_of

blueprint = Blueprint("messages", __name__, url_prefix="/messages")


@blueprint.post("/send")
def send_message() -> ResponseReturnValue:
    data = load(schemas.SEND, json_object())
    phone = phones.normalise(data["to"], None)
    if phone is None:
        raise InvalidRecipient("The phone cannot be parsed or is missing its country code", {"recipient": ["Not E.164"]})
    options = read_options(data, SINGLE)
    composer = Composer(account(), key_wallet(), data["text"], sender=data["sender_id"], route_code=data["route"] or None)
    to = [Addressee(data["to"], phone)]
    return answer_single(send.send(composer, to, actor=actor(), origin=origin(), options=options, raise_rejected=False))


def answer_single(sent: Sent) -> dict:
    message, batch = sent.messages[0], sent.batch
    route_cost, route_currency = price_of(message)
    return {
        "id": MESSAGE + message["uid"],
        "status": word_of(message),
        "segments": message["segments"],
        "cost": money.number(message["cost_micros"] - message["refunded_micros"]),
        "cost_currency": batch["currency"],
        "route_cost": route_cost,
        "route_currency": route_currency,
        "route": message["route"],
        "balance_after": money.number(sent.balance_micros),
        "scheduled_at": clock.iso(batch["scheduled_at"]),
    }


@blueprint.get("")
def list_messages() -> ResponseReturnValue:
    data = load(schemas.LISTING, query_arguments())
    wanted = read_filter(account(), side(), data, actor=actor())
    rows, total = (
        history.page(wanted, limit=data["limit"], offset=data["page"] * data["limit"], actor=actor()) if wanted else ([], 0)
    )
    return {"messages": [entry(row) for row in rows], "total": total, "page": data["page"], "limit": data["limit"]}


@blueprint.get("/<message_id>")
def show_message(message_id: str) -> ResponseReturnValue:
    message = _find(message_id)
    batch = get_batch_by_id(message["batch_id"])
    # What a gateway says of a delivery is told in the timeline: it is no error.
    trouble = None if message["status"] == DELIVERED else disclosure.sentence(message["error_message"])
    return {
        **entry(message),
        "error_message": trouble,
        "batch_id": BATCH + batch["uid"],
        "submitted_at": clock.iso(message["submitted_at"]),
        "failed_at": clock.iso(message["failed_at"]),
        "scheduled_at": clock.iso(batch["scheduled_at"]),
        "wallet_cost": money.number(message["cost_micros"] - message["refunded_micros"]),
        "wallet_currency": batch["currency"],
        "timeline": _timeline(message, batch),
    }


def _timeline(message: MessageRow, batch: BatchRow) -> list[dict]:
    by_api = batch["api"] not in ("portal", "cli")
    first = {"scheduled": "scheduled", "drip": "dripping"}.get(batch["mode"], "queued")
    events = [
        {
            "event": "accepted",
            "status": first,
            "detail": "API request received" if by_api else "Accepted",
            "at": clock.iso(message["created_at"]),
            "metadata": {"source": "api_key" if by_api else "portal"},
        }
    ]
    stored = history.timeline(message, actor=actor())
    left = message["status"] not in ("scheduled", "dripping", "cancelled")
    if first != "queued" and left:
        # Releasing writes no event, there may be a hundred thousand at once: what came next tells when it was.
        at = min([message["due_at"], *(row["at"] for row in stored)])
        events.append(
            {
                "event": "released",
                "status": "queued",
                "detail": "Its time has come",
                "at": clock.iso(at),
                "metadata": {"source": "scheduler"},
            }
        )
    for row in stored:
        shown: dict[str, Any] = {
            "event": row["event"],
            "status": event_word(row["status"]),
            "detail": disclosure.detail(row),
            "at": clock.iso(row["at"]),
        }
        told = disclosure.particulars(row, disclosure.API)
        if told:
            shown["metadata"] = told
        events.append(shown)
    return events


def _uid(message_id: str) -> str:
    if not message_id.startswith(MESSAGE):
        raise MessageNotFound
    return message_id.removeprefix(MESSAGE)


def _find(message_id: str) -> MessageRow:
    return history.find(account().id, _uid(message_id), side=side(), actor=actor())


@blueprint.post("/<message_id>/retry")
def retry_message(message_id: str) -> ResponseReturnValue:
    require_no_fields()
    message = actions.retry(account(), _uid(message_id), side=side(), origin=origin(), actor=actor())
    return {"id": MESSAGE + message["uid"], "status": "retrying", "retry_count": message["retry_count"]}


@blueprint.post("/<message_id>/cancel")
def cancel_message(message_id: str) -> ResponseReturnValue:
    require_no_fields()
    uid = _uid(message_id)
    done = actions.cancel_message(account(), uid, side=side(), actor=actor())
    return {"id": MESSAGE + uid, "status": "cancelled", "cancelled": done.count, "refunded": money.number(done.refunded_micros)}


@blueprint.get("/stats")
def show_stats() -> ResponseReturnValue:
    wallet = key_wallet()
    days = reports.volume(account(), reports.PERIOD_DAYS, wallet_ids=wallets_of_side(account().id, side()), actor=actor())
    today, yesterday = days[-1], days[-2]
    delta = round(100 * (today.total - yesterday.total) / yesterday.total, 1) if yesterday.total else 0
    return {
        "sent_today": today.total,
        "sent_delta_pct": delta,
        "delivery_rate": reports.delivery_rate(sum(day.delivered for day in days), sum(day.failed for day in days)),
        "failed_today": today.failed,
        "failed_delta": today.failed - yesterday.failed,
        "balance": money.number(read_balance(wallet, actor=actor())),
        "currency": wallet.currency,
        "period_total": sum(day.total for day in days),
        "period_days": reports.PERIOD_DAYS,
    }


@blueprint.get("/volume")
def show_volume() -> ResponseReturnValue:
    data = load(schemas.VOLUME, query_arguments())
    return [
        {
            "date": day.date,
            "day": date.fromisoformat(day.date).strftime("%a"),
            "delivered": day.delivered,
            "failed": day.failed,
            "pending": day.pending,
        }
        for day in reports.volume(account(), data["days"], wallet_ids=wallets_of_side(account().id, side()), actor=actor())
    ]


EXPORTED = (
    "message_id",
    "phone",
    "sender_id",
    "text",
    "status",
    "country",
    "currency",
    "cost",
    "segments",
    "created_at",
    "delivered_at",
)


@blueprint.get("/export")
def export_messages() -> ResponseReturnValue:
    wanted = read_filter(account(), side(), load(schemas.CHOSEN, query_arguments()), actor=actor())
    stream = exports.start(
        _csv(this_app(), wanted, actor()),
        actor=actor(),
        subject="messages.csv",
        account_id=account().id,
        detail=request.query_string.decode("ascii", "backslashreplace") or None,
    )
    return Response(stream, mimetype="text/csv", headers={"Content-Disposition": 'attachment; filename="messages.csv"'})


def _csv(app: Flask, wanted: history.Filter | None, reader: Actor) -> Iterator[str]:
    """A chunk at a time; no context is held open between them, since the client decides when it reads on."""
    yield _lines([list(EXPORTED)])
    last = None
    while wanted is not None:
        with app.app_context():
            rows = history.chunk_after(wanted, last, actor=reader)
        if not rows:
            return
        yield _lines([_cells(row) for row in rows])
        last = rows[-1]


def _cells(message: MessageRow) -> list[str]:
    shown = entry(message)
    return [safe_cell(shown["id" if name == "message_id" else name]) for name in EXPORTED]


def _lines(rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
