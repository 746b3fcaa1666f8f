"""Operator: sender IDs that accounts asked for, to approve or reject."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...core.errors import InvalidInput, SenderDecided, SenderTaken
from ...core.languages import gettext as _
from ...core.languages import told
from ...routing import senders
from ..paging import page
from ..sessions import actor

blueprint = Blueprint("sender_queue", __name__, url_prefix="/operator/senders")


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Oldest first, so a page goes on beyond the last id of the one before."""
    pending = page(lambda after, limit: senders.list_requests(after, limit, actor=actor()), size=20)
    decided = senders.list_decided(20, actor=actor())
    return render_template(
        "operator/senders.html",
        pending=pending,
        decided=decided,
        holders=senders.holders_of([*pending.rows, *decided], actor=actor()),
    )


@blueprint.post("/<int:sender_id>/approve")
def approve(sender_id: int) -> ResponseReturnValue:
    try:
        row = senders.decide_sender(
            sender_id,
            approve=True,
            although_taken=request.form.get("although_taken") == "1",
            seen=request.form.get("seen"),
            actor=actor(),
        )
        flash(
            _("%(name)s is approved for %(countries)s.", name=row["name"], countries=row["countries"].replace(",", ", ")), "success"
        )
    except (SenderDecided, SenderTaken) as error:
        flash(f"{told(error)}.", "error")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<int:sender_id>/reject")
def reject(sender_id: int) -> ResponseReturnValue:
    try:
        reason = request.form.get("reason", "").strip()[:200]
        row = senders.decide_sender(sender_id, approve=False, reason=reason, seen=request.form.get("seen"), actor=actor())
        flash(_("%(name)s is rejected; the account is told why.", name=row["name"]), "success")
    except (InvalidInput, SenderDecided) as error:
        flash(f"{told(error)}.", "error")
    return redirect(url_for(".index"), 303)
