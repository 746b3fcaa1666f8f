"""The Wesendall API: `/api/v1/{sms,groups,account}`; HTTP Basic, camelCase in, snake_case out."""

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import Authorization

from ...accounts.keys import Key, authenticate
from ...core.errors import InvalidCredentials
from ..dialect import Dialect
from . import account, groups, sms
from .access import CREDENTIALS, FIRST_MESSAGE, SANDBOX
from .commands import SECTIONS
from .documents import DOCUMENT
from .errors import show_error
from .webhook import WesendallFormat

NAME = "wesendall"


def _authenticate() -> Key:
    given: Authorization | None = request.authorization
    if given is None or given.type != "basic" or given.username is None or given.password is None:
        raise InvalidCredentials
    return authenticate(NAME, given.password, given.username)


def _answer_again(subject: str) -> ResponseReturnValue:
    kind, _, name = subject.partition(":")
    return account.answer_deposit(int(name)) if kind == "deposit" else sms.answer_batch(name)


dialect = Dialect(
    NAME,
    "/api/v1",
    title="Wesendall",
    credentials=CREDENTIALS,
    sandbox=SANDBOX,
    first_message=FIRST_MESSAGE,
    document=DOCUMENT,
    authenticate=_authenticate,
    show_error=show_error,
    answer_again=_answer_again,
    webhook_format=WesendallFormat(),
    commands=SECTIONS,
)
for child in (sms.blueprint, groups.blueprint, account.blueprint):
    dialect.add(child)
