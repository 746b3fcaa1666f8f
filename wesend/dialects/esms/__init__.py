"""The eSMS Africa API: `/api/messages` and the parts around it; a bearer key, `{"detail": {"code", "message"}}`."""

from flask import request
from flask.typing import ResponseReturnValue

from ...accounts.keys import Key, authenticate
from ...core.errors import InvalidCredentials
from ..dialect import Dialect, SecondPrefix
from . import balance, bulk, contact_lists, messages, routes, sender_ids, webhook_settings
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
    public_endpoints=frozenset({f"{NAME}.routes.show_pricing"}),
    scopes={f"{NAME}.webhooks.{view}": frozenset({"webhooks"}) for view in ("show_webhooks", "update_webhooks", "rotate_secret")},
    second=SecondPrefix("/v1", ("messages", "contact-lists", "webhooks", "sender-ids", "routes", "pricing")),
)
for child in (
    bulk.blueprint,
    messages.blueprint,
    contact_lists.blueprint,
    webhook_settings.blueprint,
    sender_ids.blueprint,
    routes.blueprint,
):
    dialect.add(child)
dialect.add(balance.blueprint, everywhere=False)  # under the second prefix another dialect has a path of that name
