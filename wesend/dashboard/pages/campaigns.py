"""Campaigns: one message to many, with its progress; to be paused, put off, cancelled, and its failures to be sent again."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NamedTuple

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from ...core import clock, markup
from ...core.channels import EMAIL
from ...core.errors import WesendError
from ...core.languages import gettext as _
from ...core.languages import ngettext, told
from ...database.rows import BatchRow
from ...messages.campaigns import again, drafts, results
from ...messages.email import compose as mail
from ...messages.reporting import history, reasons
from ...messages.sending import actions, no_route, rescheduling
from ...messages.sending.accept import get_batch
from ...messages.sending.compose import NO_ROUTE
from ...wallets.service import wallet_by_id
from .. import compose_preview
from ..csv_out import Figure, csv_file
from ..current_account import account
from ..filters import amount, number
from ..paging import page
from ..sessions import actor
from ..xlsx_out import xlsx_file

blueprint = Blueprint("campaigns", __name__, url_prefix="/campaigns")


@blueprint.get("")
def index() -> ResponseReturnValue:
    return render_template(
        "campaigns/index.html",
        page=page(lambda before, limit: results.campaigns(account().id, before, limit, actor=actor())),
        progress=progress,
        is_first="before" not in request.args,
        drafts=drafts.list_drafts(account().id, actor=actor()) if "before" not in request.args else [],
    )


@blueprint.get("/<uid>")
def show(uid: str) -> ResponseReturnValue:
    batch = get_batch(uid, account().id, actor=actor())
    skipped = json.loads(batch["skipped"] or "[]")
    mine = history.Filter(account().id, batch_id=batch["id"], channel=batch["channel"])
    latest = history.chunk_after(mine, None, 8, actor=actor())
    return render_template(
        "campaigns/show.html",
        batch=batch,
        progress=progress(batch),
        wallet=wallet_by_id(batch["wallet_id"]),
        latest=latest,
        names=results.names_of(account().id, [row["recipient"] for row in latest], batch["channel"], actor=actor()),
        why=reasons.counts(batch, actor=actor()) if batch["failed"] else [],
        reason=lambda row: reasons.of(row, actor=actor()),
        may_be_sent_again=again.can_be(batch),
        rounds=again.rounds(batch),
        may_be_rescheduled=rescheduling.may_be_rescheduled(batch),
        time=clock.iso_in_zone(batch["scheduled_at"], account().time_zone)[:16] if batch["scheduled_at"] else "",
        skipped=skipped[:50],
        is_mail=batch["channel"] == EMAIL,
        text=markup.text_of(batch["text"]) if latest and latest[0]["encoding"] == mail.HTML else batch["text"],
        skipped_count=len(skipped),
        reasons=Counter(reason for _, reason, _ in skipped),
        words=compose_preview.reasons_for(batch),
        why_no_route=no_route.told(
            (recipient for recipient, reason, _ in skipped if reason == NO_ROUTE),
            account(),
            wallet_by_id(batch["wallet_id"]),
            actor=actor(),
        ),
        ends_at=_ends_at(batch, mine),
    )


def _ends_at(batch: BatchRow, mine: history.Filter) -> int | None:
    """When the last message is due, of what has not left yet."""
    rows = history.chunk_after(mine, None, 1, actor=actor())
    waits = rows and rows[0]["status"] in ("scheduled", "dripping") and batch["state"] == "open"
    return rows[0]["due_at"] if waits else None


class Progress(NamedTuple):
    """``word`` for the state of a campaign; ``done`` percent of it have ended or left."""

    word: str
    done: int
    can_pause: bool
    can_resume: bool
    can_cancel: bool


def progress(batch: BatchRow) -> Progress:
    left = batch["total"] - batch["queued"]
    state = batch["state"]
    word = {"open": "sending", "cancelling": "cancelling", "refused": "failed"}.get(state, state)
    if state == "open" and batch["queued"] and _is_to_begin(batch):
        word = "scheduled"
    if state == "open" and not batch["queued"]:
        word = "sent"
    going = state in ("open", "paused") and batch["queued"] > 0
    return Progress(
        word, 100 * left // batch["total"] if batch["total"] else 100, going and state == "open", state == "paused", going
    )


def _is_to_begin(batch: BatchRow) -> bool:
    """None of it has left, whoever was taken out meanwhile, by opting out say."""
    at = batch["scheduled_at"]
    return at is not None and (batch["queued"] == batch["total"] or at > clock.now_ms())


@blueprint.post("/<uid>/pause")
def pause(uid: str) -> ResponseReturnValue:
    actions.pause(account(), uid, actor=actor())
    flash(_("Paused: nothing more of it leaves until it is resumed."), "success")
    return redirect(url_for(".show", uid=uid), 303)


@blueprint.post("/<uid>/resume")
def resume(uid: str) -> ResponseReturnValue:
    actions.resume(account(), uid, actor=actor())
    flash(_("It goes on."), "success")
    return redirect(url_for(".show", uid=uid), 303)


@blueprint.post("/<uid>/cancel")
def cancel(uid: str) -> ResponseReturnValue:
    done = actions.cancel_batch(account(), uid, actor=actor())
    currency = get_batch(uid, account().id, actor=actor())["currency"]
    flash(
        ngettext(
            "%(count)s message cancelled; %(amount)s went back to the wallet.",
            "%(count)s messages cancelled; %(amount)s went back to the wallet.",
            done.count,
            count=number(done.count),
            amount=amount(done.refunded_micros, currency),
        ),
        "success",
    )
    return redirect(url_for(".show", uid=uid), 303)


@blueprint.post("/<uid>/reschedule")
def reschedule(uid: str) -> ResponseReturnValue:
    at = rescheduling.read_time(account(), request.form.get("at", ""))
    rescheduling.reschedule(account(), uid, at, actor=actor())
    shown = clock.iso_in_zone(at, account().time_zone)[:16].replace("T", " ")
    flash(_("It leaves at %(time)s now.", time=shown), "success")
    return redirect(url_for(".show", uid=uid), 303)


@blueprint.route("/<uid>/again", methods=["GET", "POST"])
def send_again(uid: str) -> ResponseReturnValue:
    """What failed, once more: first what it costs."""
    batch, error = get_batch(uid, account().id, actor=actor()), ""
    if request.method == "POST":
        cost = request.form.get("cost", "")
        try:
            made = again.send_again(
                account(),
                batch,
                request.form.get("round", ""),
                int(cost) if cost.isascii() and cost.isdigit() and len(cost) < 19 else -1,
                actor=actor(),
            )
        except WesendError as refused:
            error = told(refused)
        else:
            flash(_sent_again(made), "success")
            return redirect(url_for(".show", uid=made["uid"]), 303)
    return render_template(
        "campaigns/again.html",
        batch=batch,
        is_mail=batch["channel"] == EMAIL,
        found=again.check(account(), batch, actor=actor()),
        wallet=wallet_by_id(batch["wallet_id"]),
        error=error,
    )


def _sent_again(made: BatchRow) -> str:
    if made["channel"] == EMAIL:
        return ngettext("%(num)s mail sent again.", "%(num)s mails sent again.", made["total"])
    cost = amount(made["cost_micros"], made["currency"])
    return ngettext(
        "%(num)s message sent again for %(cost)s.", "%(num)s messages sent again for %(cost)s.", made["total"], cost=cost
    )


@blueprint.get("/<uid>/results.<kind>")
def export(uid: str, kind: str) -> ResponseReturnValue:
    """Recipient by recipient, as CSV or as an Excel workbook."""
    files = {"csv": csv_file, "xlsx": xlsx_file}
    if kind not in files:
        abort(404)
    batch, at, reader = get_batch(uid, account().id, actor=actor()), account(), actor()
    words = {name: str(word) for name, word in compose_preview.reasons_for(batch).items()}

    def chunk_after(place: results.Place | None) -> tuple[list[list[Any]], results.Place | None]:
        rows, following = results.rows_after(at, batch, place, words, actor=reader)
        return [_cells(row) for row in rows], following

    answer: Response = files[kind](f"campaign-{batch['uid'][:8]}.{kind}", results.HEADER, chunk_after)
    return answer


def _cells(row: list[Any]) -> list[Any]:
    """With amounts that a spreadsheet adds up."""
    return [
        Figure(cell) if title in results.FIGURES and isinstance(cell, str) else cell
        for title, cell in zip(results.HEADER, row, strict=True)
    ]
