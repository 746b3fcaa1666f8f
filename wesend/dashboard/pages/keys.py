"""API keys: made for an API and a wallet and shown once, revoked in one click."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField

from ...accounts import allowed_countries, key_limits, keys, roles, sending_limits
from ...accounts.credentials import Credentials, new_credentials
from ...accounts.key_limits import KeyLimits
from ...accounts.roles import MANAGE
from ...binds import terms
from ...binds.terms import Terms
from ...core import clock, money
from ...core.client_addresses import may_use_sandbox
from ...core.languages import gettext as _
from ...core.languages import marked
from ...core.phones import example_number
from ...database.rows import ApiKeyRow
from ...dialects.dialect import CurlCommand, Dialect, registered, titles
from ...wallets.service import list_wallets, wallet_by_id, wallet_of_account
from ..current_account import account, may_manage, visit
from ..filters import wallet_name
from ..forms import REQUIRED, CheckList, Form, Text, choices
from ..sessions import actor

blueprint = Blueprint("keys", __name__, url_prefix="/keys")
OVERLAP_MS = clock.DAY
"""How long a rolled key goes on beside its successor."""
SCOPES = (
    ("send", marked("Send")),
    ("query", marked("Read messages and balances")),
    ("webhooks", marked("Set webhooks")),
    ("two_way", marked("Set up two-way SMS")),
)


class LimitsForm(Form):
    """What bounds a key; each empty field bounds nothing."""

    expires = Text(
        marked("Expires"),
        description=marked("A day, until its end; empty: it does not."),
        render_kw={"type": "date", "autocomplete": "off"},
    )
    allow_ip = Text(
        marked("Only from"),
        description=marked("Addresses and networks, separated by commas; empty: from anywhere."),
        render_kw={"placeholder": "203.0.113.7, 10.0.0.0/8", "autocomplete": "off"},
    )
    countries = Text(
        marked("Only to"),
        description=marked("Countries by their codes, as UG, KE; empty: wherever its account may send."),
        render_kw={"placeholder": "UG, KE", "autocomplete": "off"},
    )
    daily_limit = Text(
        marked("At most a day"),
        description=marked("In the currency of its wallet; empty: as much as its account."),
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )
    valid_for = Text(
        marked("Valid for"),
        description=marked("Seconds, 60 to 172,800: what has not left by then is not sent, and is refunded. Empty: for good."),
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )

    def limits(self) -> KeyLimits:
        """InvalidInput, which names the field."""
        return KeyLimits(
            key_limits.parse_expiry(self.expires.data or "", account().time_zone),
            key_limits.parse_networks(self.allow_ip.data or ""),
            allowed_countries.parse(self.countries.data or allowed_countries.ALL),
            sending_limits.parse_daily(self.daily_limit.data or ""),
            key_limits.parse_validity((self.valid_for.data or "").replace(",", "")),
        )


class KeyForm(LimitsForm):
    api = SelectField("API", description=marked("The vendor whose API your code was written for."))
    wallet = SelectField(marked("Wallet that pays"), [REQUIRED])
    name = Text(
        marked("Name"),
        render_kw={"placeholder": marked("Web shop"), "maxlength": 80},
        description=marked("What it is called in this list."),
    )
    scopes = CheckList(marked("It may"), choices=choices(SCOPES), default=list(keys.DEFAULT_SCOPES))


def _titles() -> dict[str, str]:
    """What people call each thing that a key may be for."""
    return {**titles(), terms.API: terms.TITLE}


def _form() -> KeyForm:
    form = KeyForm()
    form.api.choices = choices(_titles().items())
    form.wallet.choices = choices(
        [
            (
                row["uid"],
                wallet_name(row["uid"], row["name"], row["currency"], tells_currency=True)
                + (f" · {_('sandbox')}" if row["is_sandbox"] else ""),
            )
            for row in list_wallets(account().id, actor=actor())
        ]
    )
    return form


@blueprint.get("")
def index() -> ResponseReturnValue:
    return _show(_form())


@blueprint.post("")
def make() -> ResponseReturnValue:
    """The secret stands in the answer itself and nowhere else."""
    roles.require(actor(), MANAGE, account().id)
    form = _form()
    if form.sent():
        with form.refusals():
            paying = wallet_of_account(form.wallet.data, account().id, actor=actor())
            scopes = keys.parse_scopes(",".join(form.scopes.data or [""]))
            credentials = new_credentials(form.api.data, for_sandbox=paying.is_sandbox)
            terms.create_key(
                terms=Terms(),
                account_id=account().id,
                wallet_id=paying.id,
                api=form.api.data,
                scopes=scopes,
                name=form.name.data or _titles()[form.api.data],
                credentials=credentials,
                limits=form.limits(),
                actor=actor(),
            )
            return _show(None, _made(form.api.data, paying.uid, credentials))
    return _show(form)


def _made(api: str, wallet_uid: str, credentials: Credentials) -> dict:
    return {"api": _titles()[api], "wallet_uid": wallet_uid, "shown": credentials.shown()}


def _key(key_id: int) -> ApiKeyRow:
    """A key of this account; an operator sees another account's, whose days are the ones that count."""
    row = keys.find_key(key_id, actor=actor())
    visit(row["account_id"])
    return row


@blueprint.route("/<int:key_id>/limits", methods=["GET", "POST"])
def limits(key_id: int) -> ResponseReturnValue:
    """Until when, from where, where to and for how much it may be used."""
    row = _key(key_id)
    roles.require(actor(), MANAGE, row["account_id"])
    before, form = key_limits.read(row), LimitsForm()
    if form.sent():
        with form.refusals():
            wanted = form.limits()
            if form.expires.data == _day(before):  # its very instant stays, where only its day is shown
                wanted = wanted._replace(expires_at=before.expires_at)
            keys.set_limits(key_id, wanted, actor=actor())
            flash(_("The limits of %(name)s are set.", name=row["name"]), "success")
            return redirect(url_for(".index"), 303)
    elif request.method == "GET":
        form.expires.data, form.allow_ip.data = _day(before), before.allow_ip or ""
        form.countries.data = allowed_countries.stored(before.countries) or ""
        form.daily_limit.data = "" if before.daily_micros is None else money.text(before.daily_micros)
        form.valid_for.data = "" if before.valid_for is None else str(before.valid_for)
    return render_template("keys/limits.html", row=row, form=form)


def _day(before: KeyLimits) -> str:
    """The last day of a key, as its account's clocks show it."""
    return "" if before.expires_at is None else clock.day_of(before.expires_at - 1, account().time_zone)


@blueprint.post("/<int:key_id>/roll")
def roll(key_id: int) -> ResponseReturnValue:
    """A new key in place of one that goes on for a day."""
    row = _key(key_id)
    wallet = wallet_by_id(row["wallet_id"])
    credentials = new_credentials(row["api"], for_sandbox=wallet.is_sandbox)
    terms.roll(key_id, credentials, overlap_ms=OVERLAP_MS, actor=actor())
    return _show(None, _made(row["api"], wallet.uid, credentials))


def _show(form: KeyForm | None, made: dict | None = None) -> str:
    return render_template(
        "keys/index.html",
        form=form,
        made=made,
        rows=keys.list_keys(account().id, actor=actor()),
        titles=_titles(),
        may_manage=may_manage(),
        now=clock.now_ms(),
        is_unused=keys.is_unused,
        base_url=current_app.config["WESEND"].base_url,
    )


@blueprint.get("/commands")
def commands() -> ResponseReturnValue:
    """Every call of an API as a command for a wallet of this account; the published key where it may be used.

    Of the APIs whose vendors' dashboards hand out such commands.
    """
    wallets = list_wallets(account().id, actor=actor())
    wallet = next((row for row in wallets if row["uid"] == request.args.get("wallet")), wallets[0] if wallets else None)
    described = [dialect for dialect in registered() if dialect.commands]
    is_published = account().is_sandbox and may_use_sandbox()
    return render_template(
        "keys/commands.html",
        wallets=wallets,
        wallet=wallet,
        titles=[dialect.title for dialect in described],
        shown={dialect.title: _filled(dialect, wallet["uid"], is_published) for dialect in described} if wallet else {},
        is_published=is_published,
    )


def _filled(dialect: Dialect, wallet_uid: str, is_published: bool) -> dict[str, list[tuple[CurlCommand, str]]]:
    """A dialect's commands, section by section, each with its text."""
    given = dialect.sandbox.credentials
    user = f"{given.public}:{given.secret}" if is_published else "YOUR_API_KEY:YOUR_API_SECRET"
    base_url, fill = current_app.config["WESEND"].base_url, {"PHONE": example_number(account().country)}
    return {
        title: [(command, command.curl(base_url, wallet_uid, user, fill)) for command in section]
        for title, section in dialect.commands.items()
    }


@blueprint.post("/<int:key_id>/revoke")
def revoke(key_id: int) -> ResponseReturnValue:
    row = keys.revoke_key(key_id, actor=actor())
    flash(_("%(name)s (%(prefix)s…) is revoked: it is refused from now on.", name=row["name"], prefix=row["prefix"]), "success")
    return redirect(url_for(".index"), 303)
