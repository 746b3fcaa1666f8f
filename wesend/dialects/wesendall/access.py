"""How Wesendall's clients show themselves, in the sandbox too, and send a first message."""

from __future__ import annotations

from ...accounts.credentials import Credentials, Shape, Token
from ...sandbox.published import Published
from ..first_message import Call, FirstMessage, Wanted, basic

NAMES = ("api_key", "api_secret")
CREDENTIALS = Shape(NAMES, secret=Token("", 40), public=Token("ws_live_"))
WALLET = "wal_sandbox_wesendall"
SANDBOX = Published(
    Credentials("ws_live_sandbox0000000000000000000000000", "sandbox_secret_000000000000000000000000", NAMES),
    WALLET,
    "UGX",
    "1000000",
    more=lambda group_ids: {"wallet_id": WALLET},
)


def _call(given: Credentials, wanted: Wanted) -> Call:
    body = {"walletId": wanted.wallet_uid, "recipient": wanted.to, "message": wanted.text}
    return Call("/api/v1/sms/send", basic(given), body | ({"senderId": wanted.sender} if wanted.sender else {}))


FIRST_MESSAGE = FirstMessage(_call)
