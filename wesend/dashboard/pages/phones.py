"""Sandbox: phones with their inboxes, live; the rules by which they behave; and what can be made to happen."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...adapters.sms import sandbox_numbers
from ...core.languages import gettext as _
from ...core.languages import told
from ...sandbox import caught_mail
from ...sandbox import phones as sandbox_phones
from ...wallets.service import list_wallets
from .. import query_args
from ..current_account import account
from ..filters import WORDS
from ..sessions import actor

blueprint = Blueprint("phones", __name__, url_prefix="/sandbox-phones")
QUICK = ("STOP", "START", "Hello")


@blueprint.get("")
def index() -> ResponseReturnValue:
    found = sandbox_phones.list_phones(account().id, actor=actor())
    number = query_args.text("phone", 20)
    number = number if number.startswith("+") else f"+{number}" if number else found[0].number if found else ""
    return render_template(
        "phones/index.html",
        phones=found,
        number=number,
        said=sandbox_phones.conversation(account().id, number, actor=actor()),
        rules=sandbox_numbers.RULES,
        quick=QUICK,
        deposits=sandbox_phones.waiting_deposits(account().id, actor=actor()),
        wallet=next((row["uid"] for row in list_wallets(account().id, actor=actor()) if row["is_sandbox"]), None),
        mails=caught_mail.handed_in_lately(20) if account().is_sandbox else [],
    )


def _back() -> ResponseReturnValue:
    return redirect(url_for(".index", phone=request.form.get("phone", "").lstrip("+")), 303)


@blueprint.post("/receipt")
def report_receipt() -> ResponseReturnValue:
    status = "delivered" if request.form.get("status") == "delivered" else "failed"
    sandbox_phones.report_receipt(account(), request.form.get("uid", ""), status, actor=actor())
    flash(_("A receipt was brought: %(status)s. What had ended already stays as it was.", status=told(WORDS[status])), "success")
    return _back()


@blueprint.post("/answer")
def answer() -> ResponseReturnValue:
    sandbox_phones.answer(account(), request.form.get("phone", ""), request.form.get("text", "")[:1000], actor=actor())
    return _back()


@blueprint.post("/payment")
def pay() -> ResponseReturnValue:
    sandbox_phones.pay(account(), request.form.get("deposit", ""), actor=actor())
    flash(_("The payment came in."), "success")
    return _back()
