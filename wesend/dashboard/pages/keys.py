"""API keys: minted for an API and a wallet and shown once, revoked in one click."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField

from ...accounts import keys, roles
from ...accounts.credentials import new_credentials
from ...accounts.roles import MANAGE
from ...core.client_addresses import may_use_sandbox
from ...core.phones import example_number
from ...dialects.dialect import CurlCommand, Dialect, registered, titles
from ...wallets.service import list_wallets, wallet_of_account
from ..current_account import account, may_manage
from ..forms import REQUIRED, CheckList, Form, Text, choices
from ..sessions import actor

blueprint = Blueprint("keys", __name__, url_prefix="/keys")
SCOPES = (
    ("send", "Send"),
    ("query", "Read messages and balances"),
    ("webhooks", "Set webhooks"),
    ("two_way", "Set up two-way SMS"),
)


class KeyForm(Form):
    api = SelectField("API", description="The vendor whose API your code was written for.")
    wallet = SelectField("Wallet that pays", [REQUIRED])
    name = Text("Name", render_kw={"placeholder": "Web shop", "maxlength": 80}, description="What it is called in this list.")
    scopes = CheckList("It may", choices=choices(SCOPES), default=list(keys.DEFAULT_SCOPES))


def _form() -> KeyForm:
    form = KeyForm()
    form.api.choices = choices(titles().items())
    form.wallet.choices = choices(
        [
            (row["uid"], f"{row['currency']} · {row['uid']}" + " · sandbox" * row["is_sandbox"])
            for row in list_wallets(account().id, actor=actor())
        ]
    )
    return form


@blueprint.get("")
def index() -> ResponseReturnValue:
    return _show(_form())


@blueprint.post("")
def mint() -> ResponseReturnValue:
    """The secret stands in the answer itself and nowhere else."""
    roles.require(actor(), MANAGE, account().id)
    form = _form()
    if form.sent():
        with form.refusals():
            paying = wallet_of_account(form.wallet.data, account().id, actor=actor())
            scopes = keys.parse_scopes(",".join(form.scopes.data or [""]))
            credentials = new_credentials(form.api.data, for_sandbox=paying.is_sandbox)
            keys.create_key(
                account_id=account().id,
                wallet_id=paying.id,
                api=form.api.data,
                scopes=scopes,
                name=form.name.data or titles()[form.api.data],
                credentials=credentials,
                actor=actor(),
            )
            return _show(None, {"api": titles()[form.api.data], "wallet": paying, "shown": credentials.shown()})
    return _show(form)


def _show(form: KeyForm | None, minted: dict | None = None) -> str:
    return render_template(
        "keys/index.html",
        form=form,
        minted=minted,
        rows=keys.list_keys(account().id, actor=actor()),
        titles=titles(),
        may_manage=may_manage(),
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
    flash(f"{row['name']} ({row['prefix']}…) is revoked: it is refused from now on.", "success")
    return redirect(url_for(".index"), 303)
