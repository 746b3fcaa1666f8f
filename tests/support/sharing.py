"""How pytest-xdist shares the suite out: whole files, between two processes, what takes long first."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
LONG = ("browser", "server", "hosts", "bench", "docs", "two_way", "security", "database", "gateways", "testing", "upgrade")
"""Folders of files that take longest: begun last, one of them would keep one process busy while the other is done."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two, on any machine; none for files and single tests, which one process runs before two have started."""
    return 0 if any(".py" in argument for argument in config.args) else 2


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = item.path.relative_to(TESTS).parts[0]
    return LONG.index(folder) if folder in LONG else len(LONG)
