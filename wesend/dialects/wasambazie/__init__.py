"""The Wasambazie API: `/v1`; a key pair in two headers, `{"detail": …}` for what goes wrong."""

from flask import request

from ...accounts.keys import Key, authenticate
from ...core.errors import InvalidCredentials
from ..dialect import Dialect
from . import account, sms
from .access import CREDENTIALS, FIRST_MESSAGE, SANDBOX
from .documents import DOCUMENT
from .errors import show_error
from .webhook import WasambazieFormat

NAME = "wasambazie"


def _authenticate() -> Key:
    public, secret = request.headers.get("X-API-PUBLIC-KEY"), request.headers.get("X-API-SECRET-KEY")
    if not public or not secret:
        raise InvalidCredentials
    return authenticate(NAME, secret, public)


dialect = Dialect(
    NAME,
    "/v1",
    title="Wasambazie",
    credentials=CREDENTIALS,
    sandbox=SANDBOX,
    first_message=FIRST_MESSAGE,
    document=DOCUMENT,
    authenticate=_authenticate,
    show_error=show_error,
    answer_again=sms.answer_again,
    webhook_format=WasambazieFormat(),
)
for child in (sms.blueprint, account.blueprint):
    dialect.add(child)
