"""Operator: sender IDs that accounts asked for, to approve or reject."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for

from ...errors import InvalidInput
from ...routing import senders
from ..sessions import actor

blueprint = Blueprint("sender_queue", __name__, url_prefix="/operator/senders")


@blueprint.get("")
def index():
    return render_template("operator/senders.html", pending=senders.list_requests(actor=actor()),
                           decided=senders.list_requests(actor=actor(), decided=True, limit=20))


@blueprint.post("/<int:sender_id>/approve")
def approve(sender_id: int):
    row = senders.decide_sender(sender_id, approve=True, actor=actor())
    flash(f"{row['name']} is approved for {row['countries'].replace(',', ', ')}.", "success")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<int:sender_id>/reject")
def reject(sender_id: int):
    try:
        reason = request.form.get("reason", "").strip()[:200]
        row = senders.decide_sender(sender_id, approve=False, reason=reason, actor=actor())
        flash(f"{row['name']} is rejected; the account is told why.", "success")
    except InvalidInput as error:
        flash(str(error), "error")
    return redirect(url_for(".index"), 303)
