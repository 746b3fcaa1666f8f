"""Everything here runs in an app context."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def in_context(context):
    return context
