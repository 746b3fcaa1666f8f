"""A vendor to talk to, and the words that every adapter's tests need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from wesend.adapters.sms.base import Submission

from ..support.fakes import FakeVendor


@pytest.fixture
def vendor() -> Iterator[FakeVendor]:
    fake = FakeVendor()
    yield fake
    fake.stop()


def submission(number: int = 1, *, to: str | None = None, text: str = "Hello", sender: str | None = None) -> Submission:
    """A message on its way out; ``number`` makes its id, reference and number its own."""
    return Submission(
        number, f"01890a5d-ac96-774b-bcce-b302099a{number:04d}", to or f"+25677200{number:04d}", text, sender, 1, "GSM-7", 1
    )
