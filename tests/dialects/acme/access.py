"""How Acme's clients show themselves, in the sandbox too, and send a first message."""

from __future__ import annotations

from ...accounts.credentials import Credentials, Shape, Token
from ...sandbox.published import Published
from ..first_message import Call, FirstMessage, Wanted

NAMES = ("token",)
CREDENTIALS = Shape(NAMES, secret=Token("acme_live_", 24, sandbox="acme_try_"))
SANDBOX = Published(
    Credentials(None, "acme_try_sandbox0000000000000000", NAMES),
    "wal_sandbox_acme",
    "UGX",
    "70000",
    more=lambda group_ids: {"groups": group_ids},
)


def _call(given: Credentials, wanted: Wanted) -> Call:
    return Call("/acme/v2/texts", {"X-Acme-Token": given.secret}, {"number": wanted.to, "words": wanted.text})


FIRST_MESSAGE = FirstMessage(_call)
