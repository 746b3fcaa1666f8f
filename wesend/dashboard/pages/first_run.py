"""Getting started: a checklist that ticks itself."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

from ...accounts.service import AccountInfo
from ...core.client_addresses import may_use_sandbox
from ...core.number_words import in_words
from ...core.phones import example_number
from ...dialects.dialect import registered
from ...operations import onboarding
from ...routing import senders
from ...sandbox.account import SENDERS
from ...sandbox.published import all_published, first_wallet_uid
from ..api_examples import Example, examples
from ..current_account import account
from ..sessions import actor

blueprint = Blueprint("first_run", __name__, url_prefix="/start")


@blueprint.get("")
def index() -> ResponseReturnValue:
    return _show(_published(account()))


@blueprint.post("")
def make_keys() -> ResponseReturnValue:
    """Shown in the answer itself: the secrets are kept nowhere."""
    wallet, made = onboarding.make_test_keys(account(), actor=actor())
    return _show(examples(made, wallet_uid=wallet.uid, to=example_number(account().country), sender=_sender(account())), fresh=True)


def _show(shown: list[Example], *, fresh: bool = False) -> str:
    return render_template(
        "first_run/index.html",
        steps=onboarding.steps_of(account(), actor=actor()),
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
