"""A request that is sent again under its Idempotency-Key."""

from __future__ import annotations

from werkzeug.test import TestResponse

KEY = {"Idempotency-Key": "order-1"}


def replayed(first: TestResponse, second: TestResponse) -> bool:
    """The same answer, byte by byte, and said to be one."""
    shown = [(answer.status_code, answer.data, answer.content_type) for answer in (first, second)]
    return (
        shown[0] == shown[1]
        and second.headers.get("Idempotency-Replayed") == "true"
        and "Idempotency-Replayed" not in first.headers
    )
