"""Operator: deposits to review."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import InputRequired

from ...accounts import roles
from ...accounts.roles import OPERATE
from ...wallets import deposit_review
from ..forms import REQUIRED, Amount, Form, Text
from ..paging import page
from ..sessions import actor

blueprint = Blueprint("deposits", __name__, url_prefix="/operator/deposits")
KINDS = (("waiting", "Waiting"), ("unpaid", "Failed or expired"), ("paid", "Paid"))


class SettleForm(Form):
    amount = Amount("Amount that came", [InputRequired("Please fill this in")])
    note = Text("How it is known", [REQUIRED], render_kw={"maxlength": 200, "placeholder": "Statement of 20 Nov, line 14"})


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
                "The wallet was credited." if done else "It had been credited before; nothing was done.",
                "success" if done else "error",
            )
            return redirect(url_for(".show", deposit_id=deposit_id), 303)
    return render_template(
        "operator/deposit.html", deposit=deposit_review.deposit_for_operator(deposit_id, actor=actor()), form=form
    )


@blueprint.post("/<int:deposit_id>/ask")
def ask(deposit_id: int) -> ResponseReturnValue:
    row = deposit_review.ask_now(deposit_id, actor=actor())
    reason = f" ({row['reason']})" if row["reason"] else ""
    flash(f"The gateway was asked: it is {row['status']}{reason}.", "success")
    return redirect(url_for(".show", deposit_id=deposit_id), 303)


@blueprint.post("/<int:deposit_id>/give-up")
def give_up(deposit_id: int) -> ResponseReturnValue:
    done = deposit_review.give_up(deposit_id, actor=actor())
    flash("It is not waited for any more." if done else "It is over already.", "success" if done else "error")
    return redirect(url_for(".show", deposit_id=deposit_id), 303)
