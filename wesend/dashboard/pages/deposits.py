"""Operator: deposits to review."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import InputRequired

from ...accounts import roles
from ...accounts.roles import OPERATE
from ...core.languages import gettext as _
from ...core.languages import marked, told
from ...wallets import deposit_review
from ..filters import WORDS
from ..forms import REQUIRED, Amount, Form, Text
from ..paging import page
from ..sessions import actor

blueprint = Blueprint("deposits", __name__, url_prefix="/operator/deposits")
KINDS = (("waiting", marked("Waiting")), ("unpaid", marked("Failed or expired")), ("paid", marked("Paid")))


class SettleForm(Form):
    amount = Amount(marked("Amount that came"), [InputRequired(marked("Please fill this in"))])
    note = Text(
        marked("How it is known"), [REQUIRED], render_kw={"maxlength": 200, "placeholder": marked("Statement of 20 Nov, line 14")}
    )


@blueprint.get("")
def index() -> ResponseReturnValue:
    kind = request.args.get("show", "waiting")
    kind = kind if kind in deposit_review.REVIEWS else "waiting"
    found = page(lambda before, limit: deposit_review.review(kind, actor=actor(), before=before, limit=limit))
    return render_template("operator/deposits.html", page=found, kind=kind, kinds=KINDS)


@blueprint.route("/<int:deposit_id>", methods=["GET", "POST"])
def show(deposit_id: int) -> ResponseReturnValue:
    roles.require(actor(), OPERATE)
    form = SettleForm()
    if form.sent():
        with form.refusals():
            done = deposit_review.settle_by_hand(deposit_id, form.amount.micros or 0, note=form.note.data, actor=actor())
            flash(
                _("The wallet was credited.") if done else _("It had been credited before; nothing was done."),
                "success" if done else "error",
            )
            return redirect(url_for(".show", deposit_id=deposit_id), 303)
    return render_template(
        "operator/deposit.html", deposit=deposit_review.deposit_for_operator(deposit_id, actor=actor()), form=form
    )


@blueprint.post("/<int:deposit_id>/ask")
def ask(deposit_id: int) -> ResponseReturnValue:
    row = deposit_review.ask_now(deposit_id, actor=actor())
    reason = f" ({told(row['reason'])})" if row["reason"] else ""
    flash(
        _(
            "The gateway was asked: it is %(status)s%(reason)s.",
            status=told(WORDS.get(row["status"], row["status"])),
            reason=reason,
        ),
        "success",
    )
    return redirect(url_for(".show", deposit_id=deposit_id), 303)


@blueprint.post("/<int:deposit_id>/give-up")
def give_up(deposit_id: int) -> ResponseReturnValue:
    done = deposit_review.give_up(deposit_id, actor=actor())
    flash(_("It is not waited for any more.") if done else _("It is over already."), "success" if done else "error")
    return redirect(url_for(".show", deposit_id=deposit_id), 303)
