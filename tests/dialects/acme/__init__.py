"""The Acme API: `/acme/v2`; a token in a header, `{"fault": {"code", "text"}}`. Made up: see test_a_fifth_dialect.py."""

from flask import request
from flask.typing import ResponseReturnValue

from ...accounts.keys import Key, authenticate
from ...core.errors import InvalidCredentials
from ..dialect import Dialect
from . import texts
from .access import CREDENTIALS, FIRST_MESSAGE, SANDBOX
from .documents import DOCUMENT
from .errors import show_error
from .webhook import AcmeFormat

NAME = "acme"


def _authenticate() -> Key:
    token = request.headers.get("X-Acme-Token", "")
    if not token:
        raise InvalidCredentials
    return authenticate(NAME, token)


def _answer_again(subject: str) -> ResponseReturnValue:
    return texts.answer_batch(subject.removeprefix("batch:"))


dialect = Dialect(
    NAME,
    "/acme/v2",
    title="Acme Texts",
    credentials=CREDENTIALS,
    sandbox=SANDBOX,
    first_message=FIRST_MESSAGE,
    document=DOCUMENT,
    authenticate=_authenticate,
    show_error=show_error,
    answer_again=_answer_again,
    webhook_format=AcmeFormat(),
)
dialect.add(texts.blueprint)
