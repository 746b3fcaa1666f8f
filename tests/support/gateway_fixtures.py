"""Everything here runs in an app context, some of it beside other processes on the same instance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.slot_holder import SlotHolder


@pytest.fixture(autouse=True)
def in_context(context):
    return context


@pytest.fixture
def other(instance: Path) -> Iterator[Callable[..., SlotHolder]]:
    """Starts a process that takes slots or turns: ``other("hold", 2)``."""
    started: list[SlotHolder] = []

    def start(what: str, number: int) -> SlotHolder:
        started.append(SlotHolder(instance, what, number))
        return started[-1]

    yield start
    for process in started:
        process.kill()
