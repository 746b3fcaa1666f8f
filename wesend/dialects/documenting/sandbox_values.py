"""What the examples use: the sandbox's senders, its contact group, phones."""

from __future__ import annotations

from ...routing.published import SENDERS

SENDER, OTHER_SENDER = SENDERS
GROUP = 1
"""The sandbox's own contact group, the first of a fresh install."""

PHONE, NATIONAL, KENYAN = "+256712345678", "0712345678", "+254712345678"
REFUSED = "+256700000077"
"""The sandbox's gateway refuses it at submission."""
