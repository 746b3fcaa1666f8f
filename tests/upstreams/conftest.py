"""Everything here runs in an app context, some of it beside other processes on the same instance."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.server import PROJECT


@pytest.fixture(autouse=True)
def in_context(context):
    return context


@pytest.fixture
def other(instance: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts a process that takes slots or turns: ``other("hold", 2)``."""
    started: list[subprocess.Popen] = []

    def start(what: str, number: int) -> subprocess.Popen:
        started.append(subprocess.Popen(
            [sys.executable, "-m", "tests.support.slot_holder", str(instance), what, str(number)],
            cwd=PROJECT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
