"""The World Ledgers Communication API: `/api/v1/communication`; one key in either of two headers."""

from flask import request
from flask.typing import ResponseReturnValue

from ...accounts.keys import Key, authenticate
from ...core.errors import InvalidCredentials
from ..dialect import Dialect
from . import blasts, credits
from .access import CREDENTIALS, FIRST_MESSAGE, SANDBOX
from .documents import DOCUMENT
from .errors import show_error
from .webhook import WorldLedgersFormat

NAME = "worldledgers"
REQUESTS_A_MINUTE = 120


def _authenticate() -> Key:
    key = request.headers.get("X-API-Key", "").strip()
    if not key:
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        key = bearer.strip() if scheme.lower() == "bearer" else ""
    if not key:
        raise InvalidCredentials
    return authenticate(NAME, key)


def _answer_again(subject: str) -> ResponseReturnValue:
    kind, _, name = subject.partition(":")
    return credits.answer_deposit(int(name)) if kind == "deposit" else blasts.answer_batch(name)


dialect = Dialect(
    NAME,
    "/api/v1/communication",
    title="World Ledgers",
    credentials=CREDENTIALS,
    sandbox=SANDBOX,
    first_message=FIRST_MESSAGE,
    document=DOCUMENT,
    authenticate=_authenticate,
    show_error=show_error,
    answer_again=_answer_again,
    rate_limit=REQUESTS_A_MINUTE,
    webhook_format=WorldLedgersFormat(),
)
for child in (blasts.blueprint, credits.blueprint):
    dialect.add(child)
