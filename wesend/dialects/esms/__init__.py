"""The eSMS Africa API: `/api/messages` and the parts around it; a bearer key, `{"detail": {"code", "message"}}`."""

from flask import request
from flask.typing import ResponseReturnValue

from ...accounts.keys import Key, authenticate
from ...core.errors import InvalidCredentials
from ..dialect import Dialect, SecondPrefix
from . import (
    balance,
    bulk,
    contact_lists,
    messages,
    opt_outs,
    questions,
    routes,
    sender_ids,
    two_way,
    verify,
    verify_apps,
    webhook_settings,
    workspace,
)
from .access import CREDENTIALS, FIRST_MESSAGE, SANDBOX
from .documents import DOCUMENT
from .errors import show_error
from .webhook import EsmsFormat

NAME = "esms"


def _authenticate() -> Key:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise InvalidCredentials
    return authenticate(NAME, key.strip())


def _answer_again(subject: str) -> ResponseReturnValue:
    kind, _, name = subject.partition(":")
    return balance.answer_deposit(int(name)) if kind == "deposit" else bulk.answer_batch(name)


BULK_BODY = 8 * 2**20
"""Bytes: 10,000 recipients with some hundred characters of fields each."""
READS = ("list_countries", "list_services", "show_service", "list_service_messages", "check_keyword")
WRITES = ("request_service", "update_service", "cancel_service", "test_webhook")
SCOPES = {
    **{f"{NAME}.webhooks.{view}": frozenset({"webhooks"}) for view in ("show_webhooks", "update_webhooks", "rotate_secret")},
    **{f"{NAME}.two_way.{view}": frozenset({"two_way", "query"}) for view in READS},
    **{f"{NAME}.two_way.{view}": frozenset({"two_way"}) for view in WRITES},
    f"{NAME}.two_way.send_reply": frozenset({"two_way", "send"}),
    **{f"{NAME}.questions.{view}": frozenset({"query", "send"}) for view in ("rate_message", "validate_phones")},
}
PARTS = (
    "messages",
    "two-way",
    "verify",
    "opt-outs",
    "contact-lists",
    "webhooks",
    "sender-ids",
    "routes",
    "pricing",
    "auth",
    "workspace",
)
"""All but the balance, of which another dialect has a path under the second prefix."""

dialect = Dialect(
    NAME,
    "/api",
    title="eSMS Africa",
    credentials=CREDENTIALS,
    sandbox=SANDBOX,
    first_message=FIRST_MESSAGE,
    document=DOCUMENT,
    authenticate=_authenticate,
    show_error=show_error,
    answer_again=_answer_again,
    webhook_format=EsmsFormat(),
    public_endpoints=frozenset({f"{NAME}.routes.show_pricing", f"{NAME}.two_way.show_two_way_pricing"}),
    scopes=SCOPES,
    body_limits={f"{NAME}.bulk.{view}": BULK_BODY for view in ("send_bulk", "check_bulk")},
    second=SecondPrefix("/v1", PARTS),
)
for child in (
    bulk.blueprint,
    questions.blueprint,
    messages.blueprint,
    two_way.blueprint,
    verify_apps.blueprint,
    verify.blueprint,
    opt_outs.blueprint,
    workspace.blueprint,
    contact_lists.blueprint,
    webhook_settings.blueprint,
    sender_ids.blueprint,
    routes.blueprint,
):
    dialect.add(child)
dialect.add(balance.blueprint, everywhere=False)
