"""Getting started: a checklist that ticks itself."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...accounts import preferences
from ...accounts.service import AccountInfo
from ...core.client_addresses import may_use_sandbox
from ...core.languages import gettext, marked
from ...core.number_words import in_words
from ...core.phones import example_number
from ...dialects.dialect import registered
from ...operations import onboarding
from ...routing import senders
from ...routing.published import SENDERS
from ...sandbox.published import all_published, first_wallet_uid
from ..api_examples import Example, examples
from ..current_account import account
from ..sessions import actor

blueprint = Blueprint("first_run", __name__, url_prefix="/start")
READERS = {
    preferences.BUSINESS: marked("For a business"),
    preferences.DEVELOPER: marked("For a developer"),
    preferences.OPERATING: marked("For the operator"),
}


@blueprint.get("")
def index() -> ResponseReturnValue:
    """``for=business``, ``developer`` or ``operator`` shows another list, and keeps it."""
    wanted = request.args.get("for", "")
    if wanted in preferences.readers(actor()):
        preferences.choose(actor(), wanted)
    return _show(_published(account()))


@blueprint.post("/hide")
def hide() -> ResponseReturnValue:
    """Put the list away, or take it out again."""
    hidden = request.form.get("hidden") == "1"
    preferences.hide(actor(), hidden=hidden)
    return redirect(url_for("dashboard.overview.index" if hidden else ".index"), 303)


@blueprint.post("")
def make_keys() -> ResponseReturnValue:
    """Shown in the answer itself: the secrets are kept nowhere."""
    wallet, made = onboarding.make_test_keys(account(), actor=actor())
    return _show(examples(made, wallet_uid=wallet.uid, to=example_number(account().country), sender=_sender(account())), fresh=True)


def _show(shown: list[Example], *, fresh: bool = False) -> str:
    chosen = preferences.first_steps(actor(), account())
    return render_template(
        "first_run/index.html",
        steps=onboarding.steps_of(account(), chosen.reader, actor=actor()),
        reader=chosen.reader,
        readers=[(name, gettext(READERS[name])) for name in preferences.readers(actor())],
        is_hidden=chosen.is_hidden,
        examples=shown,
        fresh=fresh,
        apis=in_words(len(registered())),
        base_url=current_app.config["WESEND"].base_url,
        views=current_app.view_functions,
    )


def _published(at: AccountInfo) -> list[Example]:
    """The sandbox account's keys are published, so they can be shown again."""
    if not at.is_sandbox or not may_use_sandbox():
        return []
    credentials = {api: access.credentials for api, access in all_published().items()}
    return examples(credentials, wallet_uid=first_wallet_uid(), to=example_number(at.country), sender=SENDERS[0])


def _sender(at: AccountInfo) -> str | None:
    return next(
        (
            row["name"]
            for row in senders.list_senders(at.id, actor=actor())
            if row["status"] == "approved" and at.country in row["countries"].split(",")
        ),
        None,
    )
