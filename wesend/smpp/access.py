"""How SMPP's clients show themselves: names and passwords as short as the protocol has them; and in the sandbox."""

from __future__ import annotations

import string
from typing import Any

from ..accounts.credentials import Credentials, Shape, Token
from ..core.current_app import this_app
from ..sandbox.published import Published

NAMES = ("system_id", "password")
SMALL = string.ascii_lowercase + string.digits
CREDENTIALS = Shape(NAMES, secret=Token("", 8), public=Token("w", 11, alphabet=SMALL), is_short=True)


def _where(_group_ids: list[int]) -> dict[str, Any]:
    """Where the server listens; no port while it is off."""
    settings = this_app().config["WESEND"]
    return {"host": settings.smpp_shown_host, "port": settings.smpp_port, "tls": settings.smpp_tls_cert is not None}


SANDBOX = Published(Credentials("wesend_sandbox", "sandbox0", NAMES), "wal_sandbox_smpp", "UGX", "1000000", more=_where)
