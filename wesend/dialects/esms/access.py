"""How eSMS's clients show themselves, in the sandbox too, and send a first message."""

from __future__ import annotations

from ...accounts.credentials import Credentials, Shape, Token
from ...routing.published import SENDERS
from ...sandbox.published import Published
from ..first_message import Call, FirstMessage, Wanted

NAMES = ("api_key",)
CREDENTIALS = Shape(NAMES, secret=Token("esms_live_", sandbox="esms_test_"))
SANDBOX = Published(
    Credentials(None, "esms_test_sandbox0000000000000000000000000", NAMES),
    "wal_sandbox_esms",
    "KES",
    "50000",
    more=lambda group_ids: {"sender_id": SENDERS[1], "contact_list_ids": group_ids},
    has_services=True,
)


def _call(given: Credentials, wanted: Wanted) -> Call:
    body = {"to": wanted.to, "text": wanted.text}
    return Call(
        "/api/messages/send",
        {"Authorization": f"Bearer {given.secret}"},
        body | ({"sender_id": wanted.sender} if wanted.sender else {}),
    )


FIRST_MESSAGE = FirstMessage(_call)
