"""How Wasambazie's clients show themselves, in the sandbox too, and send a first message."""

from __future__ import annotations

from ...accounts.credentials import URL_SAFE, Credentials, Shape, Token
from ...core import money
from ...routing.published import SENDERS
from ...sandbox.published import Published
from ..first_message import Call, FirstMessage, Wanted

NAMES = ("public_key", "secret_key")
CREDENTIALS = Shape(NAMES, secret=Token("sk_", 43, alphabet=URL_SAFE), public=Token("pk_", 43, alphabet=URL_SAFE))
SANDBOX = Published(
    Credentials("pk_sandbox_public_key_000000000000000000000000", "sk_sandbox_secret_key_000000000000000000000000", NAMES),
    "wal_sandbox_wasambazie",
    money.CREDITS,
    "10000",
    more=lambda group_ids: {"sender_id": SENDERS[0]},
)


def _call(given: Credentials, wanted: Wanted) -> Call:
    return Call(
        "/v1/sms/send",
        {"X-API-PUBLIC-KEY": given.public or "", "X-API-SECRET-KEY": given.secret},
        {"to_number": wanted.to, "message": wanted.text, "sender_id": wanted.sender or "YOUR_SENDER"},
    )


FIRST_MESSAGE = FirstMessage(_call, needs_sender=True)
