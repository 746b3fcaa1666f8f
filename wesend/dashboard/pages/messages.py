"""Messages: a live list with filters in its address, and everything that is known of one."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import NamedTuple

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...accounts import roles
from ...accounts.roles import OPERATE, Actor
from ...core import clock, money, segments
from ...core.languages import gettext as _
from ...core.languages import marked
from ...database import Row
from ...database.rows import BatchRow, MessageRow
from ...dialects.dialect import titles
from ...messages.campaigns import results
from ...messages.receipts import inbox as receipt_inbox
from ...messages.reporting import disclosure, history, reasons, search, timeline
from ...messages.sending import actions
from ...messages.sending.accept import get_batch_by_id
from ...messages.sending.actions import MOST_RETRIES
from ...wallets import statement
from ...wallets.service import list_wallets, wallet_by_id
from .. import current_account, query_args
from ..api_examples import curl_of
from ..csv_out import csv_file
from ..current_account import account
from ..filters import amount
from ..paging import SIZE, Page, address, before_key
from ..sessions import actor

blueprint = Blueprint("messages", __name__, url_prefix="/messages")
STATUSES = {
    "waiting": (marked("Waiting for its time"), ("scheduled", "dripping")),
    "queued": (marked("Queued"), ("queued", "claimed", "submitting")),
    "sent": (marked("Sent"), ("submitted", "sent")),
    "delivered": (marked("Delivered"), ("delivered",)),
    "failed": (marked("Failed"), ("failed",)),
    "unknown": (marked("Outcome unknown"), ("unknown",)),
    "cancelled": (marked("Cancelled"), ("cancelled",)),
}
EXPORTED = (
    "id",
    "batch_id",
    "recipient",
    "sender",
    "text",
    "status",
    "error",
    "country",
    "segments",
    "cost",
    "refunded",
    "currency",
    "created_at",
    "delivered_at",
)


@blueprint.get("")
def index() -> ResponseReturnValue:
    wanted = _search()
    before = before_key()
    last = None if before is None else search.place(account().id, before, actor=actor())
    found = search.find(wanted, last, SIZE, actor=actor())
    page = Page(found.rows, address(found.last["id"]) if found.last else None, address(None) if last else None)
    return render_template(
        "messages/index.html",
        page=page,
        statuses=STATUSES,
        wallets=list_wallets(account().id, actor=actor()),
        query_args=request.args,
        is_filtered=any(request.args.get(name) for name in FILTERS),
        looked_through=wanted.text and found.last,
        is_first=last is None,
        names=results.names_of(account().id, [row["recipient"] for row in found.rows], "sms", actor=actor()),
        reason=lambda row: reasons.of(row, actor=actor()),
    )


FILTERS = ("q", "status", "wallet", "from", "to")


def _search() -> search.Search:
    status, wallet_uid = query_args.choice("status", STATUSES), query_args.text("wallet")
    wallet = next(((row["id"],) for row in list_wallets(account().id, actor=actor()) if row["uid"] == wallet_uid), None)
    wanted = history.Filter(
        account().id,
        wallet,
        statuses=STATUSES[status][1] if status else None,
        since=query_args.first_instant("from"),
        until=query_args.last_instant("to"),
    )
    return search.read(account(), query_args.text("q", 500), wanted, actor=actor())


@blueprint.get("/export")
def export() -> ResponseReturnValue:
    wanted, reader = _search(), actor()
    currencies = {row["id"]: row["currency"] for row in list_wallets(account().id, actor=actor())}
    batches: dict[int, str] = {}

    def chunk_after(last: Row | None) -> tuple[list[list[object]], Row | None]:
        found = search.find(wanted, last, 500, actor=reader)
        return [_cells(row, currencies, batches, reader) for row in found.rows], found.last

    return csv_file("messages.csv", EXPORTED + (("gateway",) if current_account.may_operate() else ()), chunk_after)


def _cells(row: MessageRow, currencies: dict[int, str], batches: dict[int, str], reader: Actor) -> list[object]:
    """Operators are told the gateway, too."""
    batch = row["batch_id"]
    if batch not in batches:
        batches[batch] = get_batch_by_id(batch)["uid"]
    return [
        row["uid"],
        batches[batch],
        row["recipient"],
        row["sender"],
        row["text"],
        row["status"],
        disclosure.reason(row, actor=reader),
        row["country"],
        row["segments"],
        money.text(row["cost_micros"]),
        money.text(row["refunded_micros"]),
        currencies.get(row["wallet_id"]),
        clock.iso(row["created_at"]),
        clock.iso(row["delivered_at"]),
        *((row["gateway"],) if roles.may(reader, OPERATE) else ()),
    ]


class Special(NamedTuple):
    """A character that no GSM alphabet has."""

    shown: str
    code: str
    name: str
    times: int


def special_characters(text: str) -> list[Special]:
    """The characters that force Unicode, most of which look harmless: curly quotes, dashes, spaces of no width."""
    counts = Counter(text)
    return [
        Special(
            char if char.isprintable() else "␣", f"U+{ord(char):04X}", unicodedata.name(char, _("no name")).lower(), counts[char]
        )
        for char in segments.unicode_characters(text)
    ]


def runs_of(text: str) -> list[tuple[str, bool]]:
    """The text in runs: (piece, whether its characters force Unicode)."""
    runs: list[tuple[str, bool]] = []
    special = frozenset(segments.unicode_characters(text))
    for char in text:
        if runs and runs[-1][1] == (char in special):
            runs[-1] = (runs[-1][0] + char, runs[-1][1])
        else:
            runs.append((char, char in special))
    return runs


@blueprint.get("/<uid>")
def show(uid: str) -> ResponseReturnValue:
    message = history.find(account().id, uid, actor=actor())
    batch, wallet = get_batch_by_id(message["batch_id"]), wallet_by_id(message["wallet_id"])
    counted = segments.count(message["text"])
    room = segments.SINGLE if counted.count == 1 else segments.PART
    return render_template(
        "messages/show.html",
        message=message,
        batch=batch,
        wallet=wallet,
        counted=counted,
        room=room[counted.encoding] * counted.count,
        parts=segments.split(message["text"]),
        runs=runs_of(message["text"]),
        special=special_characters(message["text"]),
        lines=timeline.tell(message, batch, actor=actor()),
        entries=statement.of_message(message, actor=actor()),
        kinds=statement.KINDS,
        receipts=receipt_inbox.of_message(message["id"], actor=actor()) if current_account.may_operate() else [],
        most_retries=MOST_RETRIES,
        curl=_curl(message, batch, wallet.uid),
        titles=titles(),
        reason=reasons.of(message, actor=actor()),
        name=results.names_of(account().id, [message["recipient"]], "sms", actor=actor()).get(message["recipient"], ""),
    )


def _curl(message: MessageRow, batch: BatchRow, wallet_uid: str) -> str:
    return curl_of(
        batch["api"],
        current_app.config["WESEND"].base_url,
        wallet_uid=wallet_uid,
        to=message["recipient"],
        sender=message["sender"],
        text=message["text"],
    )


@blueprint.post("/<uid>/retry")
def retry(uid: str) -> ResponseReturnValue:
    message = actions.retry(account(), uid, actor=actor())
    flash(
        _("Queued again for %(amount)s.", amount=amount(message["cost_micros"], wallet_by_id(message["wallet_id"]).currency)),
        "success",
    )
    return redirect(url_for(".show", uid=uid), 303)


@blueprint.post("/<uid>/cancel")
def cancel(uid: str) -> ResponseReturnValue:
    done = actions.cancel_message(account(), uid, actor=actor())
    currency = wallet_by_id(history.find(account().id, uid, actor=actor())["wallet_id"]).currency
    flash(_("Cancelled; %(amount)s went back to the wallet.", amount=amount(done.refunded_micros, currency)), "success")
    return redirect(url_for(".show", uid=uid), 303)
