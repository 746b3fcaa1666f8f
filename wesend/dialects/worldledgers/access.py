"""How World Ledgers' clients show themselves, in the sandbox too, and send a first message."""

from __future__ import annotations

from ...accounts.credentials import Credentials, Shape, Token
from ...core import money
from ...sandbox.published import Published
from ..first_message import Call, FirstMessage, Wanted

NAMES = ("api_key",)
CREDENTIALS = Shape(NAMES, secret=Token("wl_comm_", sandbox="wl_test_"))
SANDBOX = Published(
    Credentials(None, "wl_test_communication_sms_sandbox", NAMES), "wal_sandbox_worldledgers", money.CREDITS, "10000"
)


def _call(given: Credentials, wanted: Wanted) -> Call:
    body = {"message": wanted.text, "recipients": [wanted.to]}
    return Call(
        "/api/v1/communication/sms", {"X-API-Key": given.secret}, body | ({"sender_id": wanted.sender} if wanted.sender else {})
    )


FIRST_MESSAGE = FirstMessage(_call, country="KE")
