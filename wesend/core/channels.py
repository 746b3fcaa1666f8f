"""What a message goes by."""

from __future__ import annotations

SMS, EMAIL = "sms", "email"
