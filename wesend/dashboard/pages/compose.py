"""Compose: a message to numbers that are typed in, counted by the server while it is written."""

from __future__ import annotations

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, HiddenField, RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from ...accounts.service import AccountInfo
from ...core import clock, plain_letters
from ...core.errors import WalletNotFound
from ...core.languages import gettext as _
from ...core.languages import marked
from ...database.rows import BatchRow
from ...messages.campaigns import form_values, gaps, once
from ...messages.campaigns import sms as sms_campaigns
from ...messages.campaigns.sms import Audience, Draft
from ...routing import senders
from ...wallets.service import WalletInfo, list_wallets
from .. import compose_preview
from ..current_account import account
from ..filters import amount, wallet_name
from ..forms import Form, Text, choices
from ..sessions import actor

blueprint = Blueprint("compose", __name__, url_prefix="/compose")
WHEN = (("now", marked("Now")), ("scheduled", marked("At a time")))


class ComposeForm(Form):
    domain_names = {"recipient": "recipients", "group_ids": "recipients"}
    uid = HiddenField(render_kw={"data-comes-back": ""})
    wallet = SelectField(marked("Paid from"), validate_choice=False)
    sender = SelectField(marked("Sender"), validate_choice=False)
    recipients = TextAreaField(
        marked("Recipients"),
        [InputRequired(marked("Please fill this in"))],
        render_kw={"rows": 3, "spellcheck": "false"},
        description=marked("Numbers as people write them, one a line or with commas between."),
    )
    text = TextAreaField(marked("Message"), [InputRequired(marked("Please fill this in"))], render_kw={"rows": 6, "dir": "auto"})
    confirmed = BooleanField(marked("Send it with nothing in the places of its fields"))
    when = RadioField(marked("When"), choices=choices(WHEN), default="now")
    at = Text(marked("Day and time"), render_kw={"type": "datetime-local"})


def wallet_choices(at: AccountInfo) -> list[SelectChoice]:
    return choices(
        [
            (
                row["uid"],
                f"{amount(row['balance_micros'], row['currency'])} · {wallet_name(row['uid'], row['name'], row['currency'])}"
                + (f" ({_('sandbox')})" if row["is_sandbox"] else ""),
            )
            for row in list_wallets(at.id, actor=actor())
        ]
    )


def usual_wallet(at: AccountInfo) -> str:
    """The one that a form begins with: the first that holds anything."""
    rows = list_wallets(at.id, actor=actor())
    return next((row["uid"] for row in rows if row["balance_micros"]), rows[0]["uid"] if rows else "")


def sender_choices(at: AccountInfo) -> list[SelectChoice]:
    names = dict.fromkeys(row["name"] for row in senders.list_senders(at.id, actor=actor()) if row["status"] == "approved")
    return choices([("", _("The default sender")), *((name, name) for name in names)])


def soonest(at: AccountInfo) -> str:
    """What a form of a day and time begins with: in ten minutes, as clocks of the account's zone show it."""
    return clock.iso_in_zone(clock.now_ms() + 10 * clock.MINUTE, at.time_zone)[:16]


@blueprint.route("", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    form = ComposeForm()
    form.wallet.choices, form.sender.choices = wallet_choices(account()), sender_choices(account())
    if request.method == "GET":
        form.uid.data, form.recipients.data = once.new_uid(), request.args.get("to", "")
        asked = request.args.get("wallet")
        form.wallet.data = asked if any(asked == choice.value for choice in form.wallet.choices) else usual_wallet(account())
        form.at.data = soonest(account())
    if request.form.get("go") == "plain":
        form.text.data = plain_letters.plain(form.text.data or "")
    elif request.form.get("go") != "check" and form.sent() and _is_confirmed(form):
        with form.refusals():
            return _sent(sms_campaigns.send_message(account(), _draft(form), actor=actor()))
    return render_template("compose/index.html", form=form, told=_told(form))


def _is_confirmed(form: ComposeForm) -> bool:
    """Whether the text names no field, since numbers that are typed have none, or somebody has ticked that it may."""
    missing = gaps.without_fallback(form.text.data or "")
    if not missing or form.confirmed.data:
        return True
    names = ", ".join(f"{{{{{name}}}}}" for name in missing)
    form.confirmed.errors = [
        _("%(fields)s would be empty: numbers that are typed have no fields. Put the text right, or tick this", fields=names)
    ]
    return False


def _draft(form: ComposeForm) -> Draft:
    options = form_values.read_options(account(), form.when.data, form.at.data or "", "")
    typed = (form.wallet.data, form.sender.data, form.recipients.data, form.text.data, str(options.scheduled_at))
    return Draft(
        once.uid_of(form.uid.data or "", *(text or "" for text in typed)),
        form_values.find_wallet(account(), form.wallet.data or "", actor=actor()),
        Audience(numbers=form.recipients.data),
        form.text.data.replace("\r\n", "\n"),
        form.sender.data,
        options,
    )


def _sent(batch: BatchRow) -> ResponseReturnValue:
    if batch["total"] == 1:
        return redirect(url_for("dashboard.messages.index", q=batch["uid"]), 303)
    flash(compose_preview.accepted(batch), "success")
    return redirect(url_for("dashboard.messages.index", q=batch["uid"]), 303)


def _told(form: ComposeForm) -> dict[str, str]:
    return compose_preview.of_message(
        account(),
        wallet_or_none(form.wallet.data),
        (form.text.data or "").replace("\r\n", "\n"),
        form.sender.data,
        form.recipients.data or "",
    )


def wallet_or_none(uid: str | None) -> WalletInfo | None:
    try:
        return form_values.find_wallet(account(), uid or "", actor=actor())
    except WalletNotFound:
        return None


@blueprint.post("/count")
def count() -> ResponseReturnValue:
    """What the form comes to as it stands; asked while somebody types."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    wallet = wallet_or_none(request.form.get("wallet"))
    if "recipients" in request.form:
        return jsonify(compose_preview.of_message(account(), wallet, text, request.form.get("sender"), request.form["recipients"]))
    return jsonify(compose_preview.of_each(account(), wallet, text))
